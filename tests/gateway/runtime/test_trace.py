"""Where in the inbox a trace begins to look: found by halves, whatever was trimmed before."""

from pathlib import Path

import numpy as np

from gateway.rows import Row, RowKind
from gateway.runtime.trace import first_since
from tests.gateway.journal.support import journal


def _row(received_at: int) -> Row:
    return Row(received_at, RowKind.MESSAGE, 0, 0, "t", b"p")


def test_the_first_row_since_a_time_is_found(tmp_path: Path, rng: np.random.Generator) -> None:
    times = np.cumsum(rng.integers(1, 1000, 500)).tolist()
    with journal(tmp_path) as (inbox, _, _):
        assert first_since(inbox, 5) == inbox.end_offset
        for first in range(0, len(times), 50):
            inbox.append([_row(at) for at in times[first : first + 50]], {}, {})
        inbox.trim(120)
        kept = inbox.begin_offset
        assert 0 < kept <= 120
        for at in [0, times[-1] + 1, *times, *rng.integers(0, times[-1], 100).tolist()]:
            assert first_since(inbox, at) == max(int(np.searchsorted(times, at)), kept)
