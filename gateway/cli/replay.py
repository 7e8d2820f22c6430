"""`cityloom replay FILES`: recorded messages through the same engine, into a data folder of their own.

A recording is JSON lines, gzip'd or not, one message a line, in order of receipt:

    {"received_at": "2026-03-01T12:00:00.5Z", "topic": "city/tianhe/traffic/loop/loop-1/reading", "payload": {...}}

`received_at` is RFC 3339 or UTC ns; `payload` is a JSON value, or `payload_base64` the bytes.
"""

import asyncio
import base64
import gzip
import json as jsonlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.cli.door import Config, Json, city_zone
from gateway.cli.output import console, print_json
from gateway.cli.run import make_telemetry, run_loop
from gateway.cli.view import status_view
from gateway.clock import ManualClock
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.errors import CommandError
from gateway.rows import QOS1, Row, RowKind
from gateway.runtime.app import Gateway, open_gateway

__all__ = ["read_recording", "replay"]

_CHUNK = 2_000
_LOOK_SECS = 0.005
_DAY = 86_400_000_000_000


def replay(
    files: Annotated[tuple[Path, ...], Parameter(show_default=False)] = (), /, *, config: Config = None,
    data_dir: Path = Path("replayed"), close_windows: bool = True, json: Json = False,
) -> int:  # fmt: skip
    """Send recorded messages through the same engine, into a data folder of their own.

    Parameters
    ----------
    files
        Recordings, in order of time: JSON lines with received_at, topic and payload; gzip'd ones end in .gz.
    data_dir
        Where results go; must not hold data of a later time already.
    close_windows
        Let a day pass at the end, so that every window closes.
    """
    if not files:
        raise CommandError("Which files?", "Name recordings: JSON lines with received_at, topic and payload.", 2)
    rows = [row for file in files for row in read_recording(file)]
    if not rows:
        raise CommandError("The recordings hold no message.", "See `cityloom replay --help` for the format.")
    settings = load_settings(config, {"data_dir": data_dir, "http": {"port": 0}, "log": {"level": "warning"}})
    content = load_seed_files(settings).content(settings)
    out: dict[str, Any] = {}

    async def work() -> None:
        clock = ManualClock(rows[0].received_at - 1_000_000)
        async with open_gateway(settings, content, clock, make_telemetry(settings), new_session=True) as gateway:
            if gateway.inbox.last_received_at >= rows[0].received_at and gateway.outbox.last_position:
                raise CommandError(
                    f"{data_dir} holds messages of a later time than the recording's first.",
                    "Name an empty folder by --data-dir.", 2,
                )  # fmt: skip
            gateway.sources.clear()
            out.update(await _feed(gateway, clock, rows, close_windows=close_windows, quiet=json))

    run_loop(work)
    if json:
        print_json(out)
    else:
        console().print(status_view(out, city_zone(settings)))
    return 0 if out["ledger"]["balanced"] else 1


async def _feed(
    gateway: Gateway, clock: ManualClock, rows: Sequence[Row], *, close_windows: bool, quiet: bool
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
            task = bar.add_task("replay", total=len(rows))
            for start in range(0, len(rows), _CHUNK):
                chunk = rows[start : start + _CHUNK]
                await gateway.feed(chunk)
                clock.advance(max(chunk[-1].received_at - clock.now(), 0))
                await _until(running, lambda: not gateway.runner.behind)
                bar.update(task, completed=start + len(chunk))
            if close_windows:
                await _let_pass(running, gateway, clock, 2 * _DAY)
        await _until(running, lambda: _settled(gateway))
        status = await gateway.desk.status()
    finally:
        stop.set()
        await running
    status["ledger"] = (await gateway.office.take()).as_dict()
    return status


async def _let_pass(running: "asyncio.Task[None]", gateway: Gateway, clock: ManualClock, span: int) -> None:
    """Two looks at the clock: the first makes the source live again, the second finds every lane idle."""
    for _ in range(3):
        wanted = gateway.runner.steps + 2
        clock.advance(span // 3)
        await _until(running, lambda wanted=wanted: gateway.runner.steps >= wanted)  # type: ignore[misc]


def _settled(gateway: Gateway) -> bool:
    """The first store has everything and no window waits to be computed again; or it is down, and won't."""
    writer = gateway.writers[0]
    if writer.state not in ("starting", "writing"):
        return True
    return writer.position >= gateway.outbox.last_position and not gateway.outbox.mark_count


async def _until(running: "asyncio.Task[None]", reached: Callable[[], bool]) -> None:
    """Wait, but not for a gateway that has failed."""
    while not reached():
        if running.done():
            await running
        await asyncio.sleep(_LOOK_SECS)


def read_recording(file: Path) -> Iterator[Row]:
    """The messages of a recording, with strictly increasing receipts.

    Raises:
        CommandError: the file can't be read, or a line is no message; names the line.
    """
    last = 0
    try:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    row = _row(line, file, number, last)
                    last = row.received_at
                    yield row
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror or error}.", "Name a recording.", 2) from error


def _row(line: bytes, file: Path, number: int, last: int) -> Row:
    try:
        message = jsonlib.loads(line)
        received = message["received_at"]
        if isinstance(received, str):
            received = round(datetime.fromisoformat(received).timestamp() * 1_000_000) * 1000
        if "payload_base64" in message:
            payload = base64.b64decode(message["payload_base64"], validate=True)
        else:
            payload = jsonlib.dumps(message["payload"], separators=(",", ":"), ensure_ascii=False).encode()
        topic = message["topic"]
        if not isinstance(topic, str) or not isinstance(received, int):
            raise TypeError("topic must be a text and received_at a time")
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(
            f"{file}, line {number} is no recorded message: {error}.",
            'Each line is {"received_at": ..., "topic": ..., "payload": ...}.', 2,
        ) from error  # fmt: skip
    return Row(max(received, last + 1), RowKind.MESSAGE, 0, QOS1, topic, payload)
