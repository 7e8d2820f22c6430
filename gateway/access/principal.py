"""Who asks, from where, and what they may: what a token or a session comes down to, and the console and nobody as well.

may(who, permission, zone)   the one question that every route, page and stream asks
within(who, zones)           and what a list is narrowed to, where it has zones
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.access.roles import PERMISSIONS, Permission, Role

__all__ = ["WHOLE_CITY", "Principal", "console", "gateway_itself", "may", "nobody", "within"]

WHOLE_CITY = ""
"""The zone of what belongs to no zone: only those who are not narrowed to zones have a say in it."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks. Holds no secret."""

    name: str
    """Of a person or an application; for people and for the audit log, nothing is decided by it."""
    role: str
    """Of a token its role; else `console`, `gateway` or `none`."""
    permissions: frozenset[Permission] = field(repr=False)
    token: str = ""
    """Public id of the token; empty where there is none."""
    zones: tuple[str, ...] = ()
    """Empty: the whole city."""
    address: str = ""
    """Where the question came from."""
    expires: int | None = None
    """UTC ns at which the token ends; None: never."""
    session: str = ""
    """Public id of the browser session; empty for a bearer."""

    def covers(self, permissions: Iterable[Permission], zones: Sequence[str]) -> bool:
        """Whether these are no more than what this one has, so that it may give them away."""
        inside = not self.zones or (bool(zones) and set(zones) <= set(self.zones))
        return inside and set(permissions) <= self.permissions


def may(who: Principal, permission: Permission, zone: str | None = None) -> bool:
    """Whether `who` may do that, there. `zone`: of what it is about; None where it is about none (a list is narrowed
    by `within`), WHOLE_CITY where it is about all.
    """
    if permission not in who.permissions:
        return False
    return zone is None or not who.zones or zone in who.zones


def within(who: Principal, zones: Sequence[str] = ()) -> tuple[str, ...] | None:
    """To which zones a list that was asked for `zones` (empty: all) is narrowed. None: not at all; (): none is left."""
    if not who.zones:
        return tuple(zones) or None
    return tuple(zone for zone in zones if zone in who.zones) if zones else who.zones


def console(user: str) -> Principal:
    """Who has a shell on the machine and may read the files: no token could keep them from anything."""
    return Principal(user, "console", PERMISSIONS[Role.ADMINISTRATOR], address="console")


def gateway_itself() -> Principal:
    """What the gateway does of itself, such as the first administrator's token."""
    return Principal("gateway", "gateway", PERMISSIONS[Role.ADMINISTRATOR], address="gateway")


def nobody(address: str) -> Principal:
    """Whoever has shown nothing that counts."""
    return Principal("", "none", frozenset(), address=address)
