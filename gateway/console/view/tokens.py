"""What somebody asks for in the forms of tokens: read strictly, whatever a browser sends."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gateway.access.roles import Role
from gateway.access.token_model import DAY

__all__ = ["GRACES", "LIFETIMES", "SAME", "NewToken", "grace_of", "lifetime_of", "new_token_of"]

LIFETIMES: Mapping[str, int | None] = {
    "7": 7 * DAY, "30": 30 * DAY, "90": 90 * DAY, "365": 365 * DAY, "never": None,
}  # fmt: skip
"""By days: for how long a token counts, in ns; None: until it is revoked."""
SAME = "same"
"""The choice of a rotation that leaves the lifetime as it was."""
_HOUR = DAY // 24
GRACES: Mapping[str, int] = {"0": 0, "1": _HOUR, "24": DAY, "168": 7 * DAY}
"""By hours: for how long an old secret counts on, in ns."""
_USUAL_LIFETIME = "90"


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be made. `lifetime` in ns; None: it never expires."""

    name: str
    role: Role
    zones: tuple[str, ...]
    lifetime: int | None


def new_token_of(values: Mapping[str, str], zones: Collection[str]) -> NewToken | None:
    """What a form says; None where it can't be meant: a role, zone or lifetime that there isn't."""
    role, lifetime = values.get("role", ""), values.get("lifetime", _USUAL_LIFETIME)
    chosen = tuple(each for each in values.get("zones", "").split("\n") if each)
    if role not in set(Role) or lifetime not in LIFETIMES or not set(chosen) <= set(zones):
        return None
    return NewToken(values.get("name", "").strip(), Role(role), chosen, LIFETIMES[lifetime])


def lifetime_of(values: Mapping[str, str]) -> int | None:
    """Of a rotation, ns: 0 as it was made for, None for good. KeyError: there is no such choice."""
    said = values.get("lifetime", SAME)
    return 0 if said == SAME else LIFETIMES[said]


def grace_of(values: Mapping[str, str]) -> int:
    """Of a rotation, ns. KeyError: there is no such choice."""
    return GRACES[values.get("grace", "24")]
