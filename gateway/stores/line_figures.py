"""Lines of conditions' figures: a line a (condition, asset, time), the condition as measurement, `asset` the only tag.

    traffic.congestion,asset=tianhe-road-1 tpi=3.2,delay=0.41 1700000000000000000

There are few of them beside readings, so these lines are put together one by one.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from gateway.engine.figures import Figure
from gateway.stores.line_protocol import Lines
from gateway.stores.line_text import field_key, float_text, measurement, tag_value

__all__ = ["figure_lines"]


def figure_lines(figures: Sequence[Figure]) -> tuple[Lines, list[str]]:
    """The lines of a block's figures, finite and each of another key; and the assets that `owner` numbers."""
    values = float_text(np.array([each.value for each in figures], np.float64)).to_pylist()
    fields: dict[tuple[str, str, int], list[bytes]] = {}
    for each, value in zip(figures, values, strict=True):
        fields.setdefault((each.condition, each.asset, each.ts), []).append(field_key(each.name) + b"=" + value)
    assets = {asset: number for number, asset in enumerate(dict.fromkeys(asset for _, asset, _ in fields))}
    text = [
        b"%s,asset=%s %s %d\n" % (measurement(condition), tag_value(asset), b",".join(parts), ts)
        for (condition, asset, ts), parts in fields.items()
    ]
    owner = np.array([assets[asset] for _, asset, _ in fields], np.int32)
    ts = np.array([ts for _, _, ts in fields], np.int64)
    return Lines(pa.array(text, pa.binary()), owner, ts, np.zeros(len(ts), np.int64)), list(assets)
