"""Brings a city up: broker, gateway and devices as processes that share the city's clock.

    device_sims --QoS 1--> rumqttd --> gateway --> DuckDB           all in one folder, on free ports of the loopback

The clock's start lies a few seconds ahead, for the gateway has to be subscribed before the first message. Where the
machine is too slow for that, everything is started again with more time: so a run's times never depend on the machine.
"""

import http.client
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from device_sims.testbed.errors import CityError, tail
from device_sims.testbed.options import CityOptions, Times
from device_sims.testbed.processes import HOST, Child, Guard, answers, free_ports

__all__ = ["Parts", "bring_up"]

_HEAD_STARTS = (4.0, 10.0, 30.0, 60.0)
"""Seconds until the city's clock begins; each try has more."""
_MARGIN_SECS = 0.3
_MS = 1_000_000
_LISTENS_SECS = 15.0
_POLL_SECS = 0.05
_DEVICES_SECS, _GATEWAY_SECS, _BROKER_SECS = 45.0, 60.0, 10.0
"""Until each has ended in order: devices wait for acknowledgements, the gateway for its database."""
_CONFIG = """\
# written by device_sims/testbed
data_dir = {data_dir}
{files}
[mqtt]
host = "{host}"
port = {port}
watch_sys = "off"

[http]
port = {http_port}

# several cities run at once, and none is looked at by people
[web]
enabled = false

[clock]
kind = "scaled"
origin = "{origin}"
start = "{start}"
speed = {speed}

[live.mqtt]
enabled = true
"""


class _TooSlowError(Exception):
    """Not everything was up when the city's clock began."""


@dataclass(slots=True)
class Parts:
    """A city's processes, and where to find them."""

    folder: Path
    times: Times
    port: int = 0
    v311_port: int = 0
    http_port: int = 0
    start: int = 0
    """System time, UTC ns, at which the city's clock reads the origin."""
    broker: Child | None = None
    gateway: Child | None = None
    devices: Child | None = None

    @property
    def data_dir(self) -> Path:
        """The gateway's."""
        return self.folder / "data"

    @property
    def run_dir(self) -> Path:
        """The devices' truth."""
        return self.folder / "run"

    @property
    def config(self) -> Path:
        """The gateway's."""
        return self.folder / "cityloom.toml"

    @property
    def logs(self) -> list[Path]:
        """What each said."""
        return [self.folder / f"{name}.log" for name in ("gateway", "devices", "broker")]

    def end(self, *, at_once: bool = False) -> None:
        """End the devices, then the gateway, then the broker: each has drained before what it stands on goes."""
        try:
            for child, secs in (
                (self.devices, _DEVICES_SECS), (self.gateway, _GATEWAY_SECS), (self.broker, _BROKER_SECS),
            ):  # fmt: skip
                if child is not None:
                    child.end(0.0 if at_once else secs)
        except BaseException:
            for child in (self.devices, self.gateway, self.broker):
                if child is not None:
                    child.end(0.0)
            raise


def bring_up(options: CityOptions, folder: Path, guard: Guard) -> Parts:
    """Start everything; the devices begin to send a moment later.

    Raises:
        CityError: something can't be started, and why.
    """
    times = options.times()
    for head_start in _HEAD_STARTS:
        parts = Parts(folder, times)
        try:
            with _ended_on_error(parts):
                _start(parts, options, head_start, guard)
        except _TooSlowError:
            for left in (parts.data_dir, parts.run_dir):
                shutil.rmtree(left, ignore_errors=True)
            continue
        return parts
    raise CityError(f"The city was not up within {_HEAD_STARTS[-1]:g} s.\n{tail(parts.logs)}")


@contextmanager
def _ended_on_error(parts: Parts) -> Iterator[None]:
    try:
        yield
    except BaseException:
        parts.end(at_once=True)
        raise


def _start(parts: Parts, options: CityOptions, head_start: float, guard: Guard) -> None:
    parts.port, parts.v311_port, parts.http_port = free_ports(3)
    ports = ["--port", str(parts.port), "--v4-port", str(parts.v311_port)]
    parts.broker = Child(["gateway.runtime.broker", "--child", *ports], parts.folder, "broker", guard)
    until = time.monotonic() + _LISTENS_SECS
    _wait(parts, lambda: answers(parts.port) and answers(parts.v311_port), until)
    parts.start = (time.time_ns() // _MS + round(head_start * 1e3)) * _MS
    _write_config(parts, options)
    run = ["gateway.cli", "run", "-c", str(parts.config), "--allow-scaled-clock"]
    parts.gateway = Child(run, parts.folder, "gateway", guard)
    parts.devices = Child(_devices(parts, options), parts.folder, "devices", guard)
    until = time.monotonic() + (parts.start - time.time_ns()) / 1e9 - _MARGIN_SECS
    # the folder of truth is there once the devices are; they connect while they wait for the clock
    _wait(parts, lambda: (parts.run_dir / "run.json").exists() and _ready(parts.http_port), until)


def _wait(parts: Parts, up: Callable[[], bool], until: float) -> None:
    while not up():
        for name, child in (("broker", parts.broker), ("gateway", parts.gateway), ("devices", parts.devices)):
            if child is not None and child.code is not None:
                raise CityError(f"The {name} ended with code {child.code} before the city was up.\n{tail([child.log])}")
        if time.monotonic() > until:
            raise _TooSlowError
        time.sleep(_POLL_SECS)


def _ready(port: int) -> bool:
    door = http.client.HTTPConnection(HOST, port, timeout=1.0)
    try:
        door.request("GET", "/health/ready")
        return door.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        door.close()


def _write_config(parts: Parts, options: CityOptions) -> None:
    files = ""
    if options.count is not None:
        # a test session that has no city imports none of this
        from device_sims.city.devices import seeds  # noqa: PLC0415
        from device_sims.city.files import write_city  # noqa: PLC0415

        if options.count > len(seeds().lines):
            city, listed, _ = write_city(parts.folder / "city", options.count)
            files = f"city_file = {json.dumps(str(city))}\ndevices_file = {json.dumps(str(listed))}\n"
    text = _CONFIG.format(
        data_dir=json.dumps(str(parts.data_dir), ensure_ascii=False), files=files, host=HOST, port=parts.port,
        http_port=parts.http_port, origin=_text(parts.times.origin), start=_text(parts.start),
        speed=float(options.speed),
    )  # fmt: skip
    parts.config.write_text(text, encoding="utf-8")


def _text(moment: int) -> str:
    """RFC 3339 of UTC ns; to the microsecond."""
    secs, ns = divmod(moment, 1_000_000_000)
    return datetime.fromtimestamp(secs, UTC).replace(microsecond=ns // 1000).isoformat()


def _devices(parts: Parts, options: CityOptions) -> list[str]:
    words: dict[str, object] = {
        "--broker": f"{HOST}:{parts.port}", "--origin": parts.times.origin, "--start": parts.start,
        "--speed": float(options.speed), "--seed": options.seed, "--truth": parts.run_dir,
        "--devices": options.count, "--faults": options.faults or None, "--scenario": options.script or None,
        # by the city's clock: the same messages whatever the machine does
        "--until": parts.times.end,
    }  # fmt: skip
    given = [str(each) for word, value in words.items() if value is not None for each in (word, value)]
    return ["device_sims", *given, "--json", *([] if options.recordings else ["--no-recordings"])]
