"""Take a snapshot while the gateway runs: copied between two calls, written beside them, then named in the outbox."""

import asyncio
from pathlib import Path

from gateway.engine.engines import Engines
from gateway.journal.outbox import Outbox
from gateway.journal.recorded import SnapshotRow
from gateway.journal.snapshots import Snapshot, Snapshots
from gateway.runtime.runner import Runner

__all__ = ["take_snapshot"]


async def take_snapshot(
    runner: Runner, engines: Engines, outbox: Outbox, snapshots: Snapshots, folder: Path
) -> int | None:
    """Step of the snapshot written; None: nothing has happened since the last one, or a call waits for room."""
    newest = outbox.snapshots()
    if outbox.last_step == (newest[0].step if newest else 0):
        return None

    def copied() -> Snapshot | None:
        if not runner.whole:
            return None
        return Snapshot(
            outbox.journal_id, outbox.last_step, engines.offset, engines.now, engines.config_digest,
            engines.zone.content, engines.snapshot(),
        )  # fmt: skip

    taken = await runner.quiesced(copied)
    if taken is None:
        return None

    def keep() -> None:
        name = snapshots.write(taken)
        size = (folder / "snapshots" / name).stat().st_size
        outbox.add_snapshot(SnapshotRow(name, taken.step, taken.end_offset, taken.now, taken.config_digest, size))
        snapshots.prune({row.name for row in outbox.snapshots()})

    await asyncio.to_thread(keep)
    return taken.step
