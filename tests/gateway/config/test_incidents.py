"""incidents.toml: what it says, what is wrong with it, and that its description names every key."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import seeds
from gateway.config.conditions.kinds import read_conditions
from gateway.config.incidents import (
    IncidentRules,
    LinkingRules,
    LinkRule,
    ReportKind,
    ServiceRules,
    parse_incidents,
)
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.errors import ConfigErrors

KIND = 'name = "{}"\ntitle = "T"\ndomain = "water"\npriority = 2\n'
SMALL = f"schema = 1\n[[reports]]\n{KIND.format('no-water')}"


def problems(text: str) -> dict[str, str]:
    with pytest.raises(ConfigErrors) as caught:
        parse_incidents(text, "own.toml")
    assert all(p.file == "own.toml" and p.what and p.remedy for p in caught.value.problems)
    return {p.key: p.what for p in caught.value.problems}


def test_the_built_in_rules_can_be_read_and_come_back_from_the_journal() -> None:
    rules = parse_incidents(seeds.incidents_text(), "built-in")
    assert IncidentRules.model_validate(rules.plain()) == rules
    assert {kind.name for kind in rules.reports} >= {
        "no-water", "low-water-pressure", "water-leak", "gas-smell", "power-out", "voltage-trouble", "road-flooded",
        "congestion", "signal-broken", "manhole", "other",
    }  # fmt: skip
    assert all(0 < kind.accept_secs < kind.resolve_secs for kind in rules.reports)


NOTICED = {"water.burst", "water.pressure-low", "gas.lel", "grid.voltage-low", "traffic.congestion"}
"""Conditions whose troubles people notice."""


def test_what_people_notice_is_linked_to_what_they_report() -> None:
    rules = parse_incidents(seeds.incidents_text(), "built-in")
    reports = {kind.name for kind in rules.reports}
    linked = {link.cause for link in rules.links if reports & set(link.effects)}
    built_in = {c.name for domain, text in seeds.condition_texts().items() for c in read_conditions(text, domain)}
    assert built_in >= NOTICED
    assert {name for name in NOTICED if not {name, f"{name.partition('.')[0]}.*"} & linked} == set()


def test_it_is_part_of_what_the_engines_are_configured_with() -> None:
    settings = load_settings(None)
    files = load_seed_files(settings)
    content = files.content(settings)
    assert content.incidents == files.incidents.plain()
    assert {"tianhe", "dma-tianhe-1", "tx-tianhe-11"} <= {place.id for place in content.places}


def test_a_file_of_ones_own_counts_instead(tmp_path: Path) -> None:
    own = tmp_path / "incidents.toml"
    own.write_text(SMALL, encoding="utf-8")
    found = load_seed_files(load_settings(None, {"incidents_file": own})).incidents
    assert [kind.name for kind in found.reports] == ["no-water"]
    assert found.linking == LinkingRules()
    with pytest.raises(ConfigErrors) as caught:
        load_seed_files(load_settings(None, {"incidents_file": tmp_path / "none.toml"}))
    assert [p.key for p in caught.value.problems] == ["incidents_file"]


LINK = '[[links]]\ncause = "water.burst"\neffects = ["no-water"]\nwithin_secs = 60\n'
WRONG: list[tuple[str, str, str]] = [
    ("schema = ", "", "is not TOML"), ("[linking]\n", "schema", "is missing"),
    ("schema = 2\n", "schema", "must be 1, not 2"), ("schema = 1\n", "reports", "is empty"),
    (SMALL + "[linking]\nresolution = 15\n", "linking.resolution", "must be less than or equal to 11, not 15"),
    (SMALL + "[linking]\nring = 1\n", "linking.ring", "is not known here"),
    (SMALL + "[service]\nwarn_share = 0\n", "service.warn_share", "must be greater than 0, not 0"),
    (SMALL + f"[[reports]]\n{KIND.format('no-water')}", "reports[0].name", "'no-water' is there 2 times"),
    (SMALL + "accept_secs = 20\nresolve_secs = 10\n", "reports[0].resolve_secs", "is shorter than accept_secs"),
    (SMALL.replace("no-water", "No Water"), "reports[0].name", "match pattern"),
    (SMALL.replace('"water"', '"sea"'), "reports[0].domain", "must be 'traffic'"),
    (SMALL + LINK.replace("no-water", "no-gas"), "links[0].effects[0]", "'no-gas' is no kind of report"),
    (SMALL + LINK.replace("water.burst", "wasser.burst"), "links[0].cause", "'wasser' is no domain of conditions"),
    (SMALL + LINK.replace("water.burst", "water."), "links[0].cause", "match pattern"),
    (SMALL + LINK.replace("60", "-1"), "links[0].within_secs", "must be greater than or equal to 0, not -1"),
    (SMALL + LINK.replace('["no-water"]', "[]"), "links[0].effects", "at least 1 item"),
    (SMALL + LINK + LINK, "links[1].effects[0]", "'no-water' is an effect of 'water.burst' in links[0] already"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "problem"), WRONG)
def test_what_is_wrong_is_said_by_key(text: str, key: str, problem: str) -> None:
    found = problems(text)
    assert problem in found[key], found


def test_the_description_names_every_key() -> None:
    readme = (Path(__file__).resolve().parents[3] / "seeds" / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## incidents.toml")[2].partition("\n## ")[0]
    described = set(re.findall(r"`([a-z_]+)`", section))
    models: tuple[Any, ...] = (LinkingRules, ServiceRules, ReportKind, LinkRule)
    assert {name for model in models for name in model.model_fields} <= described


def test_the_built_in_file_says_each_figure_of_linking_and_service() -> None:
    table = tomllib.loads(seeds.incidents_text())
    assert table["linking"].keys() == LinkingRules.model_fields.keys()
    assert table["service"].keys() == ServiceRules.model_fields.keys()
    assert LinkingRules.model_validate(table["linking"]) == LinkingRules()
    assert ServiceRules.model_validate(table["service"]) == ServiceRules()
