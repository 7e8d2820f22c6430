"""`cityloom replay FILES`: recorded messages through the same engine, into a data folder of their own.

A recording is JSON lines, gzip'd or not, one message a line, in order of receipt:

    {"received_at": "2026-03-01T12:00:00.5Z", "topic": "city/tianhe/traffic/loop/loop-1/reading", "payload": {...}}

`received_at` is RFC 3339 with its offset, or UTC ns; `payload` is a JSON value, or `payload_base64` the bytes.
All lines are read and checked before the first one is sent.
"""

import asyncio
import base64
import gzip
import json as jsonlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.cli.door import Config, Json, city_zone
from gateway.cli.output import console, print_json
from gateway.cli.run import run_loop, telemetry_of
from gateway.cli.view import status_view
from gateway.clock import ManualClock
from gateway.codecs.rfc3339 import parse_datetimes
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.errors import CommandError
from gateway.rows import QOS1, Row, RowKind
from gateway.runtime.app import Gateway, open_gateway

__all__ = ["parse_recorded", "read_recordings", "replay"]

_CHUNK = 2_000
_LOOK_SECS = 0.005
_TICK_SECS = 0.05
"""The engine's timers follow the recording's clock, which nobody has to wait for."""
_DAY = 86_400_000_000_000
_YEAR_2100 = 4_102_444_800_000_000_000
_YEAR_2000 = 946_684_800_000_000_000
_SHAPE = 'Each line is {"received_at": "2026-03-01T12:00:00Z", "topic": "...", "payload": {...}}.'


def replay(
    files: Annotated[tuple[Path, ...], Parameter(show_default=False)] = (), /, *, config: Config = None,
    data_dir: Path = Path("replayed"), resume: bool = False, close_windows: bool = True, step: float = 30.0,
    json: Json = False,
) -> int:  # fmt: skip
    """Send recorded messages through the same engine, into a data folder with a DuckDB store of its own.

    Parameters
    ----------
    files
        Recordings, in order of time: JSON lines with received_at, topic and payload; gzip'd ones end in .gz.
    data_dir
        Where results go; must not hold data of a later time already.
    resume
        Go on behind what the folder has already: of a replay of the same files that was cut off.
    close_windows
        Close every window at the end, as if two days passed in which nothing comes.
    step
        Seconds of the recording that are taken at a time. Alarms are told at their ends, so fewer are nearer to a live
        run; more are faster where few devices speak for weeks.
    """
    if not files:
        raise CommandError("Which files?", "Name recordings: JSON lines with received_at, topic and payload.", 2)
    if not step > 0:
        raise CommandError(f"--step must be above 0, not {step:g}.", "30 is usual; 900 for weeks of a few devices.", 2)
    total, first = 0, 0
    for row in read_recordings(files):
        first = first or row.received_at
        total += 1
    if not total:
        raise CommandError("The recordings hold no message.", _SHAPE, 2)
    settings = load_settings(config, {
        "data_dir": data_dir, "http": {"port": 0}, "log": {"level": "warning"},
        "engine": {"tick_secs": _TICK_SECS, "gather_ms": 0},  # a chunk is all that comes until it is done
        # what is configured for real is none of its business
        "stores": {"duckdb": {"enabled": True, "path": data_dir / "readings.duckdb"}, "influxdb": {"enabled": False}},
    })  # fmt: skip
    content = load_seed_files(settings).content(settings)
    out: dict[str, Any] = {}

    async def work() -> None:
        clock = ManualClock(first - 1_000_000)
        async with open_gateway(settings, content, clock, telemetry, new_session=True) as gateway:
            done = gateway.inbox.last_received_at
            if done >= first and gateway.outbox.last_position and not resume:
                raise CommandError(
                    f"{data_dir} holds messages of a later time than the recording's first.",
                    "Name an empty folder by --data-dir, or go on with the same recording by --resume.", 2,
                )  # fmt: skip
            gateway.sources.clear()
            clock.advance(max(done - clock.now(), 0))
            rows = (row for row in read_recordings(files) if row.received_at > done)
            chunks = _chunks(rows, round(step * 1e9))
            out.update(await _feed(gateway, clock, chunks, total, close_windows=close_windows, quiet=json))

    with telemetry_of(settings) as telemetry:
        run_loop(work)
    out["outbox"]["hours_left"] = None  # it has ended
    if json:
        print_json(out)
    else:
        console().print(status_view(out, city_zone(settings)))
    stored = not any(store["waiting"] for store in out["ledger"]["stores"].values())
    return 0 if out["ledger"]["balanced"] and stored else 1


async def _feed(
    gateway: Gateway, clock: ManualClock, chunks: Iterable[list[Row]], total: int, *, close_windows: bool, quiet: bool
) -> dict[str, Any]:
    stop = asyncio.Event()
    running = asyncio.get_running_loop().create_task(gateway.run(stop))
    columns = (
        TextColumn("replaying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("messages"),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=console(), disable=quiet or not console().is_terminal) as bar:
            task = bar.add_task("replay", total=total)
            for chunk in chunks:
                await gateway.feed(chunk)
                clock.advance(max(chunk[-1].received_at - clock.now(), 0))
                await _until(running, lambda: not gateway.runner.behind)
                bar.advance(task, len(chunk))
            if close_windows:
                # by event time and not by the clock, by which every device would have fallen silent
                await gateway.close_windows(gateway.inbox.last_received_at + 2 * _DAY)
                await _until(running, lambda: not gateway.runner.behind)
        await _until(running, lambda: _settled(gateway))
        # the recording's clock stands still now, so that no mark would grow old enough by itself
        await gateway.reviser.finish()
        status = await gateway.desk.status()
    finally:
        stop.set()
        await running
    status["ledger"] = (await gateway.office.take()).as_dict()
    return status


def _chunks(rows: Iterable[Row], span: int) -> Iterator[list[Row]]:
    """A call each: few enough for memory, and short enough in time (ns) for what timers judge."""
    chunk: list[Row] = []
    for row in rows:
        if chunk and (len(chunk) == _CHUNK or row.received_at - chunk[0].received_at > span):
            yield chunk
            chunk = []
        chunk.append(row)
    if chunk:
        yield chunk


def _settled(gateway: Gateway) -> bool:
    """The first store has everything; or it is down, and won't."""
    writer = gateway.writers[0]
    return writer.state not in ("starting", "writing") or writer.position >= gateway.outbox.last_position


async def _until(running: "asyncio.Task[None]", reached: Callable[[], bool]) -> None:
    """Wait, but not for a gateway that has failed."""
    while not reached():
        if running.done():
            await running
        await asyncio.sleep(_LOOK_SECS)


def read_recordings(files: Sequence[Path]) -> Iterator[Row]:
    """The messages of recordings in order of time, with strictly increasing receipts.

    Raises:
        CommandError: a file can't be read, a line is no message, or it is older than the one before; names the line.
    """
    received, last = 0, 0
    for file in files:
        number = 0
        try:
            with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if not line.strip():
                        continue
                    at, topic, payload = parse_recorded(line, file, number)
                    if at < received:
                        raise CommandError(
                            f"{file}, line {number}: received before the message in front of it.",
                            "Sort a recording by received_at, and name several in order of time.", 2,
                        )  # fmt: skip
                    received, last = at, max(at, last + 1)
                    yield Row(last, RowKind.MESSAGE, 0, QOS1, topic, payload)
        except (OSError, EOFError, zlib.error) as error:
            said = (error.strerror if isinstance(error, OSError) else None) or str(error)
            place = f"{file}, after line {number}," if number else str(file)
            raise CommandError(f"{place} can't be read: {said.rstrip('.')}.", "Name a whole recording.", 2) from error


def parse_recorded(line: bytes, file: Path, number: int) -> tuple[int, str, bytes]:
    """Receipt (UTC ns), topic and payload of a recording's line. Raises CommandError with what is wrong in it."""
    try:
        message = jsonlib.loads(line)
        if not isinstance(message, dict):
            raise TypeError("it is no JSON object")
        for name in ("received_at", "topic"):
            if name not in message:
                raise KeyError(name)
        topic = message["topic"]
        if not isinstance(topic, str) or not topic:
            raise TypeError("topic must be a text")
        if "payload_base64" in message:
            payload = base64.b64decode(message["payload_base64"], validate=True)
        else:
            payload = jsonlib.dumps(message["payload"], separators=(",", ":"), ensure_ascii=False).encode()
        return _received_at(message["received_at"]), topic, payload
    except KeyError as error:
        problem = f"{error.args[0]} is missing"
    except (ValueError, TypeError, RecursionError) as error:
        problem = str(error)
    raise CommandError(f"{file}, line {number} is no recorded message: {problem}.", _SHAPE, 2)


def _received_at(value: object) -> int:
    if isinstance(value, str):
        times, good = parse_datetimes([value])
        value = int(times[0]) if good[0] else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("received_at must be RFC 3339 with its offset, or UTC nanoseconds")
    if not _YEAR_2000 <= value <= _YEAR_2100:
        raise ValueError("received_at must lie between 2000 and 2100; as a number it is UTC nanoseconds")
    return value
