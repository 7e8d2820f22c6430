"""Each method of the desk has a rule, and each act a name."""

import inspect

import pytest

from gateway.access.desk_rules import DESK_RULES, Act, act_of, rule_of
from gateway.access.roles import PERMISSIONS, Permission, Role
from gateway.runtime.desk import METHODS, Desk


def test_every_method_of_the_desk_has_a_rule_and_no_rule_is_of_none() -> None:
    assert set(DESK_RULES) == METHODS


@pytest.mark.parametrize("method", sorted(METHODS))
def test_what_is_told_of_an_act_are_arguments_of_the_method(method: str) -> None:
    rule = DESK_RULES[method]
    known = set(inspect.signature(getattr(Desk, method)).parameters)
    assert set(rule.words) <= known
    assert not set(rule.words) & {"contact"}
    assert set(rule.object) <= known or not rule.act


def test_who_only_looks_may_ask_for_no_act() -> None:
    assert not {name for name, rule in DESK_RULES.items() if rule.act and rule.permission in PERMISSIONS[Role.VIEWER]}


def test_acts_are_told_with_what_they_are_done_to() -> None:
    assert act_of("alarms", {"limit": 5}) is None
    assert act_of("alarm_act", {"act": "shelve", "alarms": ["a1", "b2"], "who": "wang", "text": "road works"}) == Act(
        "alarms.shelve", "a1 b2", "who: wang; text: road works"
    )
    many = act_of("retry_notifications", {"ids": [str(k) for k in range(30)]})
    assert many == Act("notifications.retry", "0 1 2 3 4 5 6 7 8 9 and 20 more", "")
    added = act_of("report_add", {"kind": "no-water", "text": "I am ill", "contact": "13800138000", "who": "li"})
    assert added == Act("reports.add", "no-water", "who: li")


def test_looking_at_a_contact_is_an_act_and_trying_a_configuration_is_none() -> None:
    assert rule_of("report", {"id": "r-1"}).permission == Permission.REPORTS_READ
    assert act_of("report", {"id": "r-1", "contact": False}) is None
    assert rule_of("report", {"id": "r-1", "contact": True}).permission == Permission.REPORTS_CONTACT
    assert act_of("report", {"id": "r-1", "contact": True}) == Act("reports.contact", "r-1", "")
    assert act_of("reload", {"check": True}) is None
    assert act_of("reload", {"check": False}) == Act("configuration.reload", "", "")
    with pytest.raises(KeyError):
        rule_of("drop_everything", {})
