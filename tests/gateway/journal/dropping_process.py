"""A process that fills an outbox, packs and drops, until it kills itself. Arguments: folder, place, how many times."""

import os
import signal
import sys
from pathlib import Path

from gateway.engine.results import StepResult
from gateway.journal.opening import open_journal
from gateway.journal.outbox import StepRecord
from tests.gateway.journal.support import DECODED, MB, readings

if __name__ == "__main__":
    place, left = sys.argv[2], int(sys.argv[3])

    def fault(point: str) -> None:
        """Die at the named place."""
        global left  # noqa: PLW0603
        if point == place:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    outbox = open_journal(Path(sys.argv[1]), inbox_quota=MB, outbox_quota=8 * MB, fault=fault)[1]
    for name in ("duckdb", "influxdb"):
        outbox.register_store(name)
    while True:
        for _ in range(8):
            first = outbox.ledger().get(DECODED, 0)
            record = StepRecord(outbox.last_step + 1, "tick", 0, 0, 1, True)
            outbox.append_step(record, StepResult(readings=readings(first, 500), counts={DECODED: 500}))
        state = outbox.cursor("duckdb")
        assert state is not None
        blocks = outbox.blocks_after(state.position, 2_000)
        outbox.advance("duckdb", blocks[-1][0], sum(len(result.readings) for _, result in blocks), 0)
        outbox.pack_blocks(outbox.bytes_used - MB // 8, 1_000)
        outbox.drop_readings(outbox.bytes_used - MB // 8, 1_000)
