"""Start where the last run stopped: newest good snapshot, then the recorded calls after it.

Outputs of repeated calls are discarded: they are in the outbox already, in the transaction that recorded the call.
Their checksums are compared; a difference is an error, for the engine would go on from a state that never was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from gateway.config.content import EngineContent
from gateway.engine.engines import Engines
from gateway.errors import RecoveryError
from gateway.journal.blocks import checksum
from gateway.journal.inbox import Inbox
from gateway.journal.outbox import Outbox
from gateway.journal.snapshots import Snapshots
from gateway.rows import Row, RowKind
from gateway.runtime.units_kept import refuse_other_units

__all__ = ["Recovered", "configure", "recover"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """How a start went."""

    engines: Engines
    from_step: int
    """Step of the snapshot; 0: none, everything was repeated."""
    repeated_steps: int
    repeated_rows: int
    damaged: tuple[str, ...]
    """Snapshots that could not be used."""
    secs: float


def recover(
    inbox: Inbox, outbox: Outbox, snapshots: Snapshots, progress: Callable[[int], None] | None = None
) -> Recovered:
    """Rebuild the engines.

    Raises:
        RecoveryError: a repeated call gave something else, or rows that it needs are gone.
    """
    started = monotonic()
    good, damaged = snapshots.newest_good(inbox.journal_id)
    engines, step = (Engines.restore(good.state), good.step) if good is not None else (Engines(), 0)
    steps = rows_read = 0
    for record in outbox.steps_after(step):
        if engines.offset != record.first_offset:
            raise RecoveryError(
                f"call {record.step} starts at row {record.first_offset} but the engine stands at row {engines.offset}:"
                " calls or snapshots are missing.",
                "Restore the whole data folder from a backup, or move it away to start anew.",
            )
        wanted = record.end_offset - record.first_offset
        rows = inbox.read(record.first_offset, wanted) if wanted else []
        if len(rows) != wanted:
            raise RecoveryError(
                f"rows {record.first_offset} to {record.end_offset} of the inbox are gone.",
                "Restore the whole data folder from a backup, or move it away to start anew.",
            )
        result = engines.step(rows, record.now, record.live)
        if checksum(result) != record.checksum:
            raise RecoveryError(
                f"repeating call {record.step} gave other outputs than those recorded.",
                "Start the version of CityLoom that wrote this folder once and stop it cleanly, then upgrade.",
            )
        steps += 1
        rows_read += len(rows)
        if progress is not None:
            progress(rows_read)
    return Recovered(engines, step, steps, rows_read, tuple(damaged), monotonic() - started)


def configure(engines: Engines, inbox: Inbox, content: EngineContent, now: int) -> bool:
    """Append the configuration as a row where the engine has another (or none, or waiting rows bring another).

    Raises:
        ConfigError: a quantity would change its unit under series that are stored.
    """
    refuse_other_units(engines, content)
    digest = engines.config_digest
    for row in _waiting(engines, inbox):
        if row.kind == RowKind.CONFIG:
            digest = row.topic
    if digest == content.digest:
        return False
    received_at = max(now, inbox.last_received_at + 1)
    inbox.append([Row(received_at, RowKind.CONFIG, 0, 0, content.digest, content.encode())], {}, {})
    return True


def _waiting(engines: Engines, inbox: Inbox) -> list[Row]:
    return [row for row in inbox.others(engines.offset) if row.kind == RowKind.CONFIG]
