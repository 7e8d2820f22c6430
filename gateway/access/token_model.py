"""What a token is, apart from its secret: a row of the table, and when it counts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.access.principal import Principal
from gateway.access.roles import PERMISSIONS, Permission, Role

__all__ = ["COLUMNS", "DAY", "MINUTE", "Issued", "Token", "token_of"]

MINUTE = 60_000_000_000
DAY = 1440 * MINUTE
COLUMNS = (
    "id, name, role, permissions, zones, created, created_by, lifetime, expires, revoked, used, generation, old_until"
)
"""What `token_of` takes."""


@dataclass(frozen=True, slots=True)
class Token:
    """One of the table, without anything that could stand for it."""

    id: str
    name: str
    role: str
    narrowed: tuple[str, ...]
    """Permissions of its role that it was narrowed to; empty: all of them."""
    zones: tuple[str, ...]
    created: int
    created_by: str
    lifetime: int | None
    expires: int | None
    revoked: int | None
    used: int | None
    """When it was last shown, to the minute."""
    generation: int
    """Of its secret; one more with each rotation."""
    old_until: int
    """Until when the secret before counts; 0: there is none."""

    @property
    def permissions(self) -> frozenset[Permission]:
        """What it may. Of a role that this version doesn't know: nothing."""
        if self.role not in set(Role):
            return frozenset()
        whole = PERMISSIONS[Role(self.role)]
        return frozenset(each for each in whole if each in self.narrowed) if self.narrowed else whole

    def state(self, now: int) -> str:
        """`valid`, `expired` or `revoked`."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and now >= self.expires else "valid"

    def takes(self, generation: int, now: int) -> bool:
        """Whether a secret of that generation counts, or a session that was begun with it."""
        if self.state(now) != "valid":
            return False
        return generation == self.generation or (generation == self.generation - 1 and now < self.old_until)

    def principal(self, address: str = "", session: str = "") -> Principal:
        """Whoever holds it."""
        return Principal(self.name, self.role, self.permissions, self.id, self.zones, address, self.expires, session)


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that has just been made or given a new secret: the only time that its text is there to be shown."""

    token: Token
    text: str = field(repr=False)


def token_of(row: Sequence[Any]) -> Token:
    """A row of COLUMNS."""
    first, name, role, permissions, zones, *rest = row
    return Token(first, name, role, tuple(permissions.split()), tuple(zones.split()), *rest)
