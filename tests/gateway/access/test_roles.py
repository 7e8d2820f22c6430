"""The table of roles."""

from itertools import pairwise

import pytest

from gateway.access.roles import PERMISSIONS, Permission, Role


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(Role)))
def test_a_higher_role_may_all_that_the_lower_one_may_and_more(lower: Role, higher: Role) -> None:
    assert PERMISSIONS[lower] < PERMISSIONS[higher]


def test_an_administrator_may_everything_and_every_permission_belongs_to_a_role() -> None:
    assert PERMISSIONS[Role.ADMINISTRATOR] == set(Permission)


def test_who_only_looks_changes_nothing_and_sees_nothing_personal() -> None:
    assert {each.partition(".")[2] for each in PERMISSIONS[Role.VIEWER]} == {"read"}
    assert not PERMISSIONS[Role.VIEWER] & {Permission.PAYLOAD_READ, Permission.REPORTS_CONTACT, Permission.AUDIT_READ}


@pytest.mark.parametrize(
    ("permission", "lowest"),
    [
        (Permission.READINGS_READ, Role.VIEWER),
        (Permission.ALARMS_ACT, Role.OPERATOR),
        (Permission.REPORTS_CONTACT, Role.OPERATOR),
        (Permission.PAYLOAD_READ, Role.ENGINEER),
        (Permission.CONFIGURATION_RELOAD, Role.ENGINEER),
        (Permission.DEAD_LETTERS_PURGE, Role.ADMINISTRATOR),
        (Permission.ACCESS_MANAGE, Role.ADMINISTRATOR),
        (Permission.AUDIT_READ, Role.ADMINISTRATOR),
    ],
)
def test_what_a_role_is_needed_for(permission: Permission, lowest: Role) -> None:
    assert next(role for role in Role if permission in PERMISSIONS[role]) == lowest
