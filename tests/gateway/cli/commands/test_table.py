"""The tables of commands are whole: each names a function that is there, and shows how it is called."""

import inspect
from importlib import import_module

import pytest

from gateway.cli.commands import access, devices, gateway, measures, people, upkeep
from gateway.cli.commands.table import Command, command

GROUPS = (*gateway.GROUPS, *people.GROUPS, *access.GROUPS, *upkeep.GROUPS, *devices.GROUPS, *measures.GROUPS)
COMMANDS = [
    pytest.param(group.name, each, id=f"{group.name} {each.name}".strip())
    for group in GROUPS
    for each in group.commands
]


def test_a_command_keeps_its_examples_in_order() -> None:
    assert command("run", "m:run", "Run.", "a", "b") == Command("run", "m:run", "Run.", ("a", "b"))


def test_no_two_commands_have_one_name() -> None:
    top = [group.name for group in GROUPS if group.name]
    top += [each.name for group in GROUPS if not group.name for each in group.commands]
    assert sorted(top) == sorted(set(top))
    for group in GROUPS:
        names = [each.name for each in group.commands]
        assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(("group", "listed"), COMMANDS)
def test_each_command_leads_to_a_function(group: str, listed: Command) -> None:
    module, _, function = listed.function.partition(":")

    assert inspect.isfunction(getattr(import_module(module), function)), group


@pytest.mark.parametrize(("group", "listed"), COMMANDS)
def test_each_example_calls_its_command(group: str, listed: Command) -> None:
    called = " ".join(filter(None, ("cityloom", group, listed.name)))

    assert listed.examples
    assert [example for example in listed.examples if called not in example] == []
