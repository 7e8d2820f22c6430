"""kill -9 while an outbox packs and drops: nothing of a slice happened, or all of it, and the books balance."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.journal.outbox import Outbox
from tests.gateway.journal.support import DECODED, journal


def _balance(outbox: Outbox, name: str) -> None:
    state = outbox.cursor(name)
    assert state is not None
    waiting = outbox.readings_between(state.position, outbox.last_position)
    told = outbox.ledger()[DECODED]
    assert state.stored + state.dropped + waiting == told == outbox.readings_upto(outbox.last_position)
    left = outbox.blocks_after(state.position, 1 << 60)
    while left and left[-1][0] < outbox.last_position:
        left += outbox.blocks_after(left[-1][0], 1 << 60)
    assert sum(len(result.readings) for _, result in left) == waiting
    assert sum(hour.readings for hour in outbox.lost_hours(name).values()) == state.dropped


@pytest.mark.parametrize(
    "place", ["pack-before-commit", "pack-after-commit", "drop-before-commit", "drop-after-commit"]
)
def test_killed_amid_a_slice_the_books_balance_and_it_goes_on(tmp_path: Path, place: str) -> None:
    for times in (1, 3):
        command = [sys.executable, "-m", "tests.gateway.journal.dropping_process", str(tmp_path), place, str(times)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        with journal(tmp_path) as (_, outbox, _):
            for name in ("duckdb", "influxdb"):
                _balance(outbox, name)
