"""Lines of InfluxDB's protocol for names and numbers of any kind, read back by a parser of their own.

names | readings | rewrites | aggregates; what is read must be what was given: no name can begin a field, a tag, a line
"""

import math
import struct
from collections.abc import Sequence

from hypothesis import strategies as st

from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from gateway.stores.line_figures import figure_lines
from gateway.stores.line_names import LineNames
from gateway.stores.line_protocol import Lines, aggregate_lines, reading_lines, severity
from gateway.stores.line_rows import line_rows
from processors.columns import STATS
from tests.fuzz.line_reference import parse_line
from tests.fuzz.source import Source
from tests.support.blocks import aggregates, readings, rewrites

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [b" ", b",", b"=", b"\\", b"\\ ", b'"', b"#", b"\n", b"\r", b"%", b"%0A", b"%25", b"\x7f", b"\xc3\xa9",
    b"\x00", b"\xe2\x80\xa8",
          b"x value=1 1\n", b",device=d", struct.pack("<d", 1e-323), struct.pack("<d", 0.07), struct.pack("<d",
          -0.0)]  # fmt: skip
_FLAGS = (1, 1, 2, 3, 4, 9)
_RANK = {9: 0, 2: 1, 1: 2, 3: 3, 4: 4}
_TIMES = (0, 1, -1, 1_700_000_000_000_000_000, (1 << 63) - 1, -(1 << 63))
_QUANTITIES = ("speed", "speed_x", "flow", "q%0A")
_Fields = dict[tuple[str, str, int], dict[str, float | int]]
"""(measurement, device, time) -> field -> value."""


def target(data: bytes) -> None:
    """Write lines and read them."""
    source = Source(data)
    profile = _text(source, "loop")
    devices = list(dict.fromkeys(_text(source, f"D{k}") for k in range(1 + source.below(3))))
    names = LineNames()
    names.add([
        SeriesName(d * len(_QUANTITIES) + q, device, quantity, profile, "1")
        for d, device in enumerate(devices) for q, quantity in enumerate(_QUANTITIES)
    ])  # fmt: skip
    width = len(devices) * len(_QUANTITIES)
    rows = [
        (source.below(width), source.one(_TIMES), _number(source), source.one(_FLAGS), source.below(1 << 32))
        for _ in range(source.below(12))
    ]
    verdicts = [
        (source.below(width), source.one(_TIMES), source.one(_FLAGS), source.byte()) for _ in range(source.below(4))
    ]
    _judge_readings(rows, verdicts, names, profile, devices)
    windows = [
        (source.below(width), 60, source.one(_TIMES[:4]), source.below(3), source.byte(), _number(source))
        for _ in range(source.below(5))
    ]
    _judge_aggregates(windows, names, profile, devices)
    _judge_figures(source)


def _text(source: Source, otherwise: str) -> str:
    return source.run().decode("utf-8", "replace") or otherwise


def _number(source: Source) -> float:
    how = source.below(4)
    if how == 0:
        return float(source.below(1 << 16)) / 100
    (value,) = struct.unpack("<d", source.take(8).ljust(8, b"\0"))
    return float(value)


def _judge_readings(
    rows: Sequence[tuple[int, int, float, int, int]], verdicts: Sequence[tuple[int, int, int, int]], names: LineNames,
    profile: str, devices: Sequence[str],
) -> None:  # fmt: skip
    settled: dict[tuple[int, int], tuple[float, int, int, bool]] = {}
    for series, ts, value, flag, why in rows:
        settled[series, ts] = (value, flag, why, False)
    for series, ts, flag, why in verdicts:
        settled[series, ts] = (settled.get((series, ts), (math.nan, 0, 0, True))[0], flag, why, True)
    wanted: _Fields = {}
    worst: dict[tuple[str, str, int], int] = {}
    for (series, ts), (value, flag, why, spoken) in settled.items():
        key = (profile, devices[series // len(_QUANTITIES)], ts)
        fields, quantity = wanted.setdefault(key, {}), _QUANTITIES[series % len(_QUANTITIES)]
        if math.isfinite(value):
            fields[quantity] = value
        if flag != 1 or why or spoken or not math.isfinite(value):
            fields |= {f"{quantity}_flag": flag, f"{quantity}_why": why}
        worst[key] = max(worst.get(key, flag), flag, key=lambda one: _RANK[one])
    for key, flag in worst.items():
        wanted[key]["flag"] = flag
    laid = line_rows(readings(*rows), rewrites(*verdicts), names)
    _same(_read(reading_lines(laid, severity(laid), names), "device"), wanted)


def _judge_aggregates(
    windows: Sequence[tuple[int, int, int, int, int, float]], names: LineNames, profile: str, devices: Sequence[str]
) -> None:
    newest: dict[tuple[int, int], tuple[int, int, float]] = {}
    for series, _, start, revision, count, base in windows:
        if revision >= newest.get((series, start), (-1, 0, 0.0))[0]:
            newest[series, start] = (revision, count, base)
    wanted: _Fields = {}
    for (series, start), (revision, count, base) in newest.items():
        fields = wanted.setdefault((f"{profile}_1m", devices[series // len(_QUANTITIES)], start), {})
        quantity = _QUANTITIES[series % len(_QUANTITIES)]
        fields |= {f"{quantity}_count": count, f"{quantity}_revision": revision}
        stats = {f"{quantity}_{stat}": base + place for place, stat in enumerate(STATS[1:])}
        fields |= {name: value for name, value in stats.items() if math.isfinite(value)}
    if windows:
        _same(_read(aggregate_lines(aggregates(*windows), names), "device"), wanted)


def _judge_figures(source: Source) -> None:
    figures: dict[tuple[str, str, int, str], float] = {}
    for _ in range(source.below(4)):
        value = _number(source)
        key = (_text(source, "c"), _text(source, "a"), source.one(_TIMES), _text(source, "tpi"))
        if math.isfinite(value):
            figures[key] = value
    wanted: _Fields = {}
    for (condition, asset, ts, name), value in figures.items():
        wanted.setdefault((condition, asset, ts), {})[name] = value
    lines, _ = figure_lines([Figure(c, a, "z", name, "1", ts, value) for (c, a, ts, name), value in figures.items()])
    _same(_read(lines, "asset"), wanted)


def _read(lines: Lines, tag: str) -> _Fields:
    body = bytes(lines.body()).decode()
    found: _Fields = {}
    every = body.split("\n")
    assert every.pop() == "", "the last line has no end"
    assert len(every) == len(lines), f"{len(lines)} lines are {len(every)}"
    for line in every:
        measurement, tags, fields, ts = parse_line(line)
        assert tags.keys() == {tag}, f"tags {tags}"
        key = (measurement, tags[tag], ts)
        assert key not in found, f"two lines of {key}"
        found[key] = fields
    return found


def _same(found: _Fields, wanted: _Fields) -> None:
    assert found.keys() == wanted.keys(), f"{found.keys() ^ wanted.keys()}"
    for key, fields in wanted.items():
        told = found[key]
        assert told.keys() == fields.keys(), f"{key}: {told.keys() ^ fields.keys()}"
        for name, value in fields.items():
            other = told[name]
            assert other == value, f"{key} {name}: {other} is not {value}"
            assert math.copysign(1, other) == math.copysign(1, value), f"{key} {name}: the sign of {value}"


def inputs() -> st.SearchStrategy[bytes]:
    """Names that mean something in line protocol, then bytes."""
    name = (
        st.lists(st.sampled_from(TOKENS) | st.binary(max_size=3), max_size=4)
        .map(b"".join)
        .filter(lambda n: len(n) < 256)
    )
    named = name.map(lambda text: bytes([len(text)]) + text)
    return st.builds(
        lambda profile, count, devices, rest: profile + bytes([count]) + b"".join(devices) + rest, named,
        st.integers(0, 2),
        st.lists(named, min_size=1, max_size=3), st.binary(max_size=120),
    )  # fmt: skip


def seeds() -> Sequence[bytes]:
    """A line, a rewrite, a window."""
    return [
        b"\x04loop\x00\x02D1"
        + bytes([2, 0, 3, 0, 0, 20, 0, 0, 0, 0, 0, 1, 3, 0, 1, 9, 4, 0, 0, 0, 1, 1, 0, 3, 3, 1])
        + bytes(30),
        b"\x06a b,c=\x01\x02\\,\x02 \\" + bytes([1, 5, 3, 1, *struct.pack("<d", 0.1), 2, 0, 0, 0, 0]) + bytes(30),
    ]
