"""The gate as API and console use it."""

import pytest

from gateway.access.audit import AuditFilter
from gateway.access.database import AccessDatabase
from gateway.access.gate import Gate
from gateway.access.principal import WHOLE_CITY, console
from gateway.access.roles import Permission, Role
from gateway.access.throttle import ThrottleConfig
from gateway.access.token_model import Issued
from gateway.access.token_text import make_token
from gateway.errors import NotAllowed, NotSignedIn, Throttled

T0 = 1_772_000_000_000_000_000
SECOND = 1_000_000_000
ROOT = console("root")
HERE, THERE = "10.0.0.7", "203.0.113.5"


@pytest.fixture
def gate(database: AccessDatabase) -> Gate:
    return Gate(database, throttle=ThrottleConfig(free=3), parents={"feeder-1": "tianhe", "cabinet-1": "feeder-1"})


@pytest.fixture
def wang(gate: Gate) -> Issued:
    return gate.tokens.create(T0, ROOT, "wang", Role.OPERATOR)


def denied(gate: Gate) -> list[tuple[str, str, str, str, str]]:
    found = gate.audit.read(AuditFilter(outcome="denied")).entries
    return [(entry.name, entry.address, entry.act, entry.what, entry.detail) for entry in reversed(found)]


def test_a_bearer_is_known_by_the_token(gate: Gate, wang: Issued) -> None:
    who = gate.bearer(f"{wang.text} ", T0, HERE)
    assert (who.name, who.address) == ("wang", HERE)
    gate.require(who, Permission.ALARMS_ACT, T0, "tianhe")
    assert denied(gate) == []


def test_a_wrong_token_is_refused_without_saying_why_and_noted_once(gate: Gate, wang: Issued) -> None:
    expired = gate.tokens.create(T0, ROOT, "old", Role.VIEWER, lifetime=60 * SECOND)
    said = set()
    for k, text in enumerate(("", "nonsense", make_token().text, make_token(wang.token.id).text, expired.text)):
        with pytest.raises(NotSignedIn) as refused:
            gate.bearer(text, T0 + 60 * SECOND, f"10.0.1.{k}")
        said.add(refused.value.problem)
    assert len(said) == 1
    assert wang.token.id in [what for _, _, _, what, _ in denied(gate)]
    assert all(name == "" for name, *_ in denied(gate))  # nobody knows that it was them


def test_many_wrong_tokens_wait_and_a_right_one_that_was_there_before_does_not(gate: Gate, wang: Issued) -> None:
    li = gate.tokens.create(T0, ROOT, "li", Role.OPERATOR)
    gate.bearer(wang.text, T0, HERE)
    for _ in range(5):
        with pytest.raises((NotSignedIn, Throttled)):
            gate.bearer(make_token().text, T0, HERE)
    with pytest.raises(Throttled, match="Too many") as throttled:
        gate.sign_in(li.text, T0, HERE)
    assert throttled.value.after == 1.0
    assert gate.bearer(wang.text, T0, HERE).name == "wang"
    assert gate.sign_in(li.text, T0 + SECOND, HERE).who.name == "li"


def test_a_browser_signs_in_goes_on_and_out(gate: Gate, wang: Issued) -> None:
    session = gate.sign_in(wang.text, T0, HERE)
    again = gate.resume(session.secret, T0 + 1, HERE)
    assert again.who.session == session.who.session
    gate.same_site(again, session.csrf, T0 + 1, "alarms.ack")
    for wrong in ("", "x", gate.sign_in(wang.text, T0, HERE).csrf, "\ud800"):
        with pytest.raises(NotAllowed):
            gate.same_site(again, wrong, T0 + 1, "alarms.ack")
    assert denied(gate) == [("wang", HERE, "alarms.ack", "", "the CSRF token was missing or wrong")]
    gate.sessions.end(T0 + 2, again.who, again.who.session)
    with pytest.raises(NotSignedIn):
        gate.resume(session.secret, T0 + 3, HERE)


def test_what_is_not_permitted_is_refused_and_noted(gate: Gate, wang: Issued) -> None:
    who = gate.bearer(wang.text, T0, HERE)
    with pytest.raises(NotAllowed, match=r"configuration\.reload"):
        gate.require(who, Permission.CONFIGURATION_RELOAD, T0, act="configuration.reload", what="cityloom.toml")
    assert denied(gate) == [("wang", HERE, "configuration.reload", "cityloom.toml", "needs configuration.reload")]


def test_a_token_for_a_district_is_for_what_lies_in_it_and_for_nothing_else(gate: Gate) -> None:
    made = gate.tokens.create(T0, ROOT, "map", Role.OPERATOR, zones=["tianhe"])
    for who in (gate.bearer(made.text, T0, HERE), gate.sign_in(made.text, T0, HERE).who):
        for zone in ("tianhe", "feeder-1", "cabinet-1", None):
            gate.require(who, Permission.ALARMS_ACT, T0, zone)
    for zone, text in (("haizhu", "not for haizhu"), (WHOLE_CITY, "not for the whole city")):
        with pytest.raises(NotAllowed, match=text):
            gate.require(who, Permission.ALARMS_ACT, T0, zone, act=f"in {zone}")
    assert [entry[-1] for entry in denied(gate)] == ["needs alarms.act in haizhu", "needs alarms.act in the whole city"]


def test_acts_are_noted_and_what_was_counted_is_told_at_the_end(gate: Gate, wang: Issued) -> None:
    who = gate.bearer(wang.text, T0, HERE)
    gate.done(who, "alarms.ack", T0 + 1, "alarm 1", "crew is on its way")
    [entry] = gate.audit.read(AuditFilter(act="alarms.ack")).entries
    assert (entry.name, entry.address, entry.what, entry.outcome) == ("wang", HERE, "alarm 1", "done")
    for _ in range(3):
        with pytest.raises(NotAllowed):
            gate.require(who, Permission.AUDIT_READ, T0)
    gate.close(T0 + 2)
    assert [entry[-1] for entry in denied(gate)] == ["needs audit.read", "2 more like it"]
    assert gate.audit.verify().intact
