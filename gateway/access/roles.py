"""What can be permitted, and which role has which of it. Both lists are closed: a route or a page names one of these.

viewer         looks
operator       works a shift: alarms, citizens' reports, with how to reach who reported
engineer       puts right: raw payloads, dead letters, profiles and configuration
administrator  says who may what, reads the audit log, takes what can't be undone

Each role may all that the one before it may (`PERMISSIONS`), so a higher one never needs a second token.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

__all__ = ["PERMISSIONS", "Permission", "Role"]


class Role(StrEnum):
    """Lowest first."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What a token can be narrowed to; the part before the dot is what it is about."""

    READINGS_READ = "readings.read"
    """Series, readings, aggregates, latest values, figures of conditions, roll-ups; live streams of these."""
    DEVICES_READ = "devices.read"
    """Records of devices and assets, places, profiles by name."""
    STATUS_READ = "status.read"
    """Health, rates, queues, stores, ledger, metrics."""
    ALARMS_READ = "alarms.read"
    INCIDENTS_READ = "incidents.read"
    REPORTS_READ = "reports.read"
    """Citizens' reports without contacts."""
    DOCUMENTS_READ = "documents.read"
    """Daily and weekly reports on a domain."""

    ALARMS_ACT = "alarms.act"
    REPORTS_ACT = "reports.act"
    """Take citizens' reports down and bring them on."""
    REPORTS_CONTACT = "reports.contact"
    """How to reach who reported: personal data; each look is an act, and audited."""
    NOTIFICATIONS_READ = "notifications.read"
    NOTIFICATIONS_RETRY = "notifications.retry"
    DOCUMENTS_MAKE = "documents.make"
    TRACE_READ = "trace.read"
    """The way of one reading, without its message."""

    PAYLOAD_READ = "payload.read"
    """Messages as devices sent them."""
    DEAD_LETTERS_READ = "dead_letters.read"
    DEAD_LETTERS_REPLAY = "dead_letters.replay"
    CONFIGURATION_READ = "configuration.read"
    CONFIGURATION_CHECK = "configuration.check"
    """Try a changed file or profile without applying it."""
    CONFIGURATION_RELOAD = "configuration.reload"

    DEAD_LETTERS_PURGE = "dead_letters.purge"
    STORES_ADOPT = "stores.adopt"
    ACCESS_MANAGE = "access.manage"
    """Tokens and sessions of others."""
    AUDIT_READ = "audit.read"


_ADDED: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({
        Permission.READINGS_READ, Permission.DEVICES_READ, Permission.STATUS_READ, Permission.ALARMS_READ,
        Permission.INCIDENTS_READ, Permission.REPORTS_READ, Permission.DOCUMENTS_READ,
    }),
    Role.OPERATOR: frozenset({
        Permission.ALARMS_ACT, Permission.REPORTS_ACT, Permission.REPORTS_CONTACT, Permission.NOTIFICATIONS_READ,
        Permission.NOTIFICATIONS_RETRY, Permission.DOCUMENTS_MAKE, Permission.TRACE_READ,
    }),
    Role.ENGINEER: frozenset({
        Permission.PAYLOAD_READ, Permission.DEAD_LETTERS_READ, Permission.DEAD_LETTERS_REPLAY,
        Permission.CONFIGURATION_READ, Permission.CONFIGURATION_CHECK, Permission.CONFIGURATION_RELOAD,
    }),
    Role.ADMINISTRATOR: frozenset({
        Permission.DEAD_LETTERS_PURGE, Permission.STORES_ADOPT, Permission.ACCESS_MANAGE, Permission.AUDIT_READ,
    }),
}  # fmt: skip


def _summed() -> Mapping[Role, frozenset[Permission]]:
    out, so_far = dict[Role, frozenset[Permission]](), frozenset[Permission]()
    for role in Role:
        so_far |= _ADDED[role]
        out[role] = so_far
    return MappingProxyType(out)


PERMISSIONS = _summed()
"""All that a role may."""
