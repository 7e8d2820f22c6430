"""Which format a file has, by its content and not by its name."""

import gzip
from pathlib import Path

from device_sims.replay.battledim import open_battledim
from device_sims.replay.delimited import head_of, open_delimited
from device_sims.replay.ett import open_ett
from device_sims.replay.nab import open_nab
from device_sims.replay.parquet import MAGIC, open_parquet
from device_sims.replay.table import Table
from device_sims.replay.uci import open_uci

__all__ = ["open_table"]

_MESSAGES = '"topic"'


def open_table(path: Path, time_column: str = "") -> Table:
    """Recognise a recording.

    Raises:
        ValueError: it is none that is known; says what it looks like.
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start == MAGIC:
        return open_parquet(path, time_column)
    try:
        head = head_of(path)
    except (EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is no whole gzip file: {error}") from error
    for known in (open_battledim, open_ett, open_uci, open_nab):
        if not time_column and (table := known(path, head)) is not None:
            return table
    table = open_delimited(path, head, time_column)
    if table is not None:
        return table
    if not head:
        what = "it is empty" if not path.stat().st_size else "it is neither text nor Parquet"
    elif head[0] and head[0][0].lstrip().startswith("{") and any(_MESSAGES in cell for cell in head[0]):
        what = "its lines are recorded messages, which are for `cityloom replay`"
    else:
        what = "there is no header with a column of times; its first line is " + repr(",".join(head[0])[:60])
    raise ValueError(
        f"{path} is no recording that is known: {what}. There are CSV with a header and a column of times, Parquet, "
        "NAB, BattLeDIM, ETT and UCI household"
    )
