"""What a form of tokens says, and what it can't be meant to say."""

import pytest

from gateway.access.roles import Role
from gateway.access.token_model import DAY
from gateway.console.view.tokens import NewToken, grace_of, lifetime_of, new_token_of

ZONES = ("tianhe", "panyu")


def test_a_new_token_has_name_role_zones_and_an_end() -> None:
    said = {"name": " heat map ", "role": "viewer", "zones": "tianhe\npanyu", "lifetime": "30"}

    assert new_token_of(said, ZONES) == NewToken("heat map", Role.VIEWER, ("tianhe", "panyu"), 30 * DAY)
    assert new_token_of({**said, "lifetime": "never", "zones": ""}, ZONES) == NewToken(
        "heat map", Role.VIEWER, (), None
    )


@pytest.mark.parametrize("wrong", [{"role": "root"}, {"zones": "elsewhere"}, {"lifetime": "99999"}, {"role": ""}])
def test_what_no_form_offers_is_not_taken(wrong: dict[str, str]) -> None:
    assert new_token_of({"name": "x", "role": "viewer", "zones": "", "lifetime": "7", **wrong}, ZONES) is None


def test_a_rotation_says_how_long_both_secrets_count() -> None:
    assert (lifetime_of({}), grace_of({})) == (0, DAY)
    assert (lifetime_of({"lifetime": "never"}), grace_of({"grace": "0"})) == (None, 0)
    with pytest.raises(KeyError):
        grace_of({"grace": "1000000"})
    with pytest.raises(KeyError):
        lifetime_of({"lifetime": ""})
