"""The one question of every door, and what lists are narrowed to."""

import pytest

from gateway.access.principal import WHOLE_CITY, Principal, console, may, nobody, within
from gateway.access.roles import PERMISSIONS, Permission, Role

READ, ACT = Permission.READINGS_READ, Permission.ALARMS_ACT


def somebody(*zones: str, role: Role = Role.OPERATOR) -> Principal:
    return Principal("wang", role, PERMISSIONS[role], "aaaaaaaa", zones)


def test_who_has_the_permission_may_everywhere_unless_narrowed_to_zones() -> None:
    assert may(somebody(), ACT, "tianhe")
    assert may(somebody(), ACT, WHOLE_CITY)
    assert may(somebody("tianhe"), ACT, "tianhe")
    assert not may(somebody("tianhe"), ACT, "haizhu")
    assert not may(somebody("tianhe"), ACT, WHOLE_CITY)
    assert may(somebody("tianhe"), ACT)  # of a list, which `within` narrows


def test_who_lacks_the_permission_may_nowhere() -> None:
    assert not may(somebody(role=Role.VIEWER), ACT, "tianhe")
    assert not may(nobody("10.0.0.1"), READ)
    assert may(console("root"), Permission.ACCESS_MANAGE, WHOLE_CITY)


@pytest.mark.parametrize(
    ("own", "asked", "narrowed"),
    [
        ((), (), None),
        ((), ("tianhe",), ("tianhe",)),
        (("tianhe", "haizhu"), (), ("tianhe", "haizhu")),
        (("tianhe", "haizhu"), ("haizhu", "panyu"), ("haizhu",)),
        (("tianhe",), ("panyu",), ()),
    ],
)
def test_a_list_is_narrowed_to_what_is_asked_for_and_allowed(
    own: tuple[str, ...], asked: tuple[str, ...], narrowed: tuple[str, ...] | None
) -> None:
    assert within(somebody(*own), asked) == narrowed


def test_nobody_covers_more_than_they_have() -> None:
    assert somebody().covers({READ, ACT}, ())
    assert somebody("a", "b").covers({READ}, ("a",))
    assert not somebody("a").covers({READ}, ())
    assert not somebody("a").covers({READ}, ("a", "b"))
    assert not somebody(role=Role.VIEWER).covers({ACT}, ())
