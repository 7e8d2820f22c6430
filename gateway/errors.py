"""Every error of the gateway, named by what the caller should do.

GatewayError
+-- ConfigError        our files: exit 2 before anything starts; says file, key, problem, remedy
|   +-- ConfigErrors       several of them at once
+-- CommandError       a command can't do what was asked: one sentence and a remedy, exit code with it
|   +-- Missing            what was named is not there
+-- JournalError       the journal can't be used as it is: stop, nothing more is acknowledged
|   +-- JournalCorrupt     bytes on disk are not what was written
|   +-- JournalMixedUp     files of different journals, or one of them deleted
|   +-- JournalFull        no room: wait for it
|       +-- QuotaFull          of our own bound; the disk may have room
+-- VersionError       files of a newer CityLoom: exit 2, nothing was touched
+-- RecoveryError      repeating the recorded calls gave something else
+-- StoreError
|   +-- Retry          try again after `after` seconds (None: by backoff)
|   +-- Halt           this store stops until an operator acts; intake goes on
+-- AccessError        somebody may not do what they asked for
    +-- NotSignedIn        nobody knows who it is: no token or session, or one that is over
    +-- NotAllowed         it is known who it is, and that one may not
    +-- Throttled          too many wrong tokens from there: wait `after` seconds
"""

from collections.abc import Sequence

__all__ = [
    "AccessError", "CommandError", "ConfigError", "ConfigErrors", "GatewayError", "Halt", "JournalCorrupt",
    "JournalError", "JournalFull", "JournalMixedUp", "NotAllowed", "NotSignedIn", "QuotaFull", "RecoveryError", "Retry",
    "StoreError", "Throttled", "VersionError",
]  # fmt: skip


class GatewayError(Exception):
    """Root of the tree. `remedy` is what the reader should do next."""

    exit_code = 1
    """Of a command that it ends; 2: a person has to act first, starting again helps nothing."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem} {remedy}".strip())
        self.problem = problem
        self.remedy = remedy


class ConfigError(GatewayError):
    """Something in a configuration, profile or seed file is wrong."""

    exit_code = 2

    def __init__(self, file: str, key: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{file}: {key}: {problem}" if key else f"{file}: {problem}", remedy)
        self.file = file
        self.key = key
        self.what = problem
        """The problem without file and key."""


class ConfigErrors(ConfigError):
    """Everything that is wrong, in `problems`; says the first one where only one can be said."""

    def __init__(self, problems: Sequence[ConfigError]) -> None:
        first = problems[0]
        super().__init__(first.file, first.key, first.what, first.remedy)
        self.problems = tuple(problems)


class CommandError(GatewayError):
    """A command can't do what was asked."""

    def __init__(self, problem: str, remedy: str = "", exit_code: int = 1) -> None:
        super().__init__(problem, remedy)
        self.exit_code = exit_code


class Missing(CommandError):
    """What was named is not there: a device, an alarm, a report."""


class JournalError(GatewayError):
    """The journal can't be used as it is."""


class JournalCorrupt(JournalError):
    """Bytes on disk are not what was written."""

    exit_code = 2


class JournalMixedUp(JournalError):
    """Files of different journals lie together, or one of them was deleted."""

    exit_code = 2


class JournalFull(JournalError):
    """There is no room, on the disk or in the quota."""


class QuotaFull(JournalFull):
    """The quota is used up; `wanted` bytes did not fit any more."""

    def __init__(self, problem: str, remedy: str, wanted: int) -> None:
        super().__init__(problem, remedy)
        self.wanted = wanted


class VersionError(GatewayError):
    """A file was written by a newer version; nothing was touched."""

    exit_code = 2


class RecoveryError(GatewayError):
    """Repeating the recorded calls gave something else than what was recorded."""

    exit_code = 2


class StoreError(GatewayError):
    """A store did not take a block."""


class Retry(StoreError):
    """Passing trouble: try the same block again, after `after` seconds where the store named a time.

    `remedy`: what somebody may have to do before it passes.
    """

    def __init__(self, problem: str, after: float | None = None, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.after = after


class Halt(StoreError):
    """An operator must act (`remedy`); this store stops, everything else goes on."""


class AccessError(GatewayError):
    """Somebody may not do what they asked for."""


class NotSignedIn(AccessError):
    """No token and no session, or one that is wrong, expired or revoked; which of these is not told to whoever asks."""


class NotAllowed(AccessError):
    """It is known who asks, and that one may not."""


class Throttled(AccessError):
    """Too many wrong tokens came from there; `after` seconds from now one is looked at again."""

    def __init__(self, problem: str, after: float, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.after = after
