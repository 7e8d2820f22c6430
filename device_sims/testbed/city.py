"""A running city for a test: what the fixture `cityloom_city` gives."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from device_sims.testbed.door import ask
from device_sims.testbed.errors import CityError, tail
from device_sims.testbed.options import CityOptions
from device_sims.testbed.parts import Parts, bring_up
from device_sims.testbed.processes import HOST, Child, Guard
from device_sims.testbed.truth import CityTruth

__all__ = ["Broker", "City", "Reading"]

_POLL_SECS = 0.05
_DRAIN_SECS = 45.0
_SCORE_SECS = 600.0
_MOST_ALARMS = 10_000
_EVER = 2**62
_BEHIND_SECS = 0.5
"""More than a machine that keeps up shows."""
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Broker:
    """Where devices publish, and a dashboard subscribes: no password, no TLS, loopback only."""

    host: str
    port: int
    """MQTT 5."""
    v311_port: int
    """MQTT 3.1.1."""


class Reading(NamedTuple):
    """A stored reading; `ts` UTC ns, `value` in the canonical unit (None: missing), `flag` QARTOD."""

    ts: int
    value: float | None
    flag: int


class City:
    """Broker, gateway, devices and truth, as processes. Not thread-safe.

    The devices send by the city's clock, which runs `speed` times as fast as the machine's. While the gateway runs, it
    alone may open its database: ask here, or read `duckdb` after `stop()`.
    """

    def __init__(self, options: CityOptions, folder: Path) -> None:
        """Start it in `folder`, which must be empty.

        Raises:
            CityError: it can't be started, and why.
        """
        self.options = options
        self.folder = folder
        self._guard = Guard()
        try:
            self._parts: Parts = bring_up(options, folder, self._guard)
        except BaseException:
            self._guard.close()
            raise
        self._stopped = False
        self._report: dict[str, Any] | None = None
        self._slow = ""
        self.broker = Broker(HOST, self._parts.port, self._parts.v311_port)
        self.truth = CityTruth(self._parts.run_dir)

    # -- where things are ---------------------------------------------------------------------------------------------

    @property
    def data_dir(self) -> Path:
        """The gateway's data folder."""
        return self._parts.data_dir

    @property
    def config(self) -> Path:
        """The gateway's configuration, for `cityloom COMMAND -c`."""
        return self._parts.config

    @property
    def duckdb(self) -> Path:
        """The database; to be opened after `stop()`."""
        return self.data_dir / "readings.duckdb"

    @property
    def url(self) -> str:
        """Of health and metrics: /health/live, /health/ready, /metrics."""
        return f"http://{HOST}:{self._parts.http_port}"

    @property
    def metrics_url(self) -> str:
        """For Prometheus."""
        return f"{self.url}/metrics"

    @property
    def logs(self) -> list[Path]:
        """What gateway, devices and broker said."""
        return self._parts.logs

    @property
    def now(self) -> int:
        """What the city's clock reads, UTC ns."""
        return self._parts.times.origin + int((time.time_ns() - self._parts.start) * self.options.speed)

    @property
    def devices(self) -> list[str]:
        """Ids of the devices that send."""
        found: list[str] = self.truth.devices()["device"].to_pylist()
        return found

    # -- what is stored -----------------------------------------------------------------------------------------------

    def readings(self, device: str, quantity: str) -> list[Reading]:
        """Stored readings by time; none where nothing came yet.

        Raises:
            CityError: there is no such device, or it has other quantities.
        """
        if device not in self.devices:
            raise CityError(f"There is no device {device!r} in this city; there are {', '.join(self.devices)}.")
        if not any(each["device"] == device for each in self._ask("series", pattern=device)):
            return []
        out: list[Reading] = []
        start: int | None = 1
        while start is not None:
            page = self._ask("read", device=device, quantity=quantity, start=start, end=_EVER)
            place = [page["columns"].index(name) for name in ("time", "value", "flag")]
            out += [Reading(*(row[k] for k in place)) for row in page["rows"]]
            start = page["next"]
        return out

    def alarms(self, *, closed: bool = False) -> list[dict[str, Any]]:
        """Alarms that are not normal, the most urgent first; with `closed` also those that are over.

        Keys such as condition, asset, zone, state, priority, level, value, raised; see `cityloom alarms list --json`.
        """
        found: list[dict[str, Any]] = self._ask("alarms", everything=closed, limit=_MOST_ALARMS)
        return found

    def status(self) -> dict[str, Any]:
        """What `cityloom status --json` prints: ledger, rates, queues, stores."""
        found: dict[str, Any] = self._ask("status")
        return found

    def _ask(self, method: str, **arguments: Any) -> Any:
        if self._stopped:
            raise CityError(f"This city is stopped: ask before stop(), or read {self.duckdb}.")
        self._check()
        try:
            return ask(self.data_dir, method, **arguments)
        except OSError as error:
            self._check()
            raise CityError(f"The gateway does not answer: {error}.\n{tail(self.logs)}") from error

    def _check(self) -> None:
        """Nobody has ended who should run."""
        for name, child in (("gateway", self._parts.gateway), ("broker", self._parts.broker)):
            if child is None or child.code is not None:
                code = None if child is None else child.code
                raise CityError(f"The {name} has ended by itself with code {code}.\n{tail(self.logs)}")

    # -- waiting ------------------------------------------------------------------------------------------------------

    def wait_until(self, condition: Callable[[], _Found], within_secs: float = 30.0, what: str = "") -> _Found:
        """Ask until `condition` gives something true, and give that.

        Raises:
            CityError: it did not within the time, or the city has ended.
        """
        deadline = time.monotonic() + within_secs
        while not (found := condition()):
            self._check()
            if time.monotonic() > deadline:
                name = what or getattr(condition, "__name__", "what was waited for")
                raise CityError(f"Not within {within_secs:g} s: {name}.\n{tail(self.logs)}")
            time.sleep(_POLL_SECS)
        return found

    def wait_until_stored(self, within_secs: float = 60.0) -> dict[str, Any]:
        """Until the devices have ended and all that they sent is in the database; gives the devices' report.

        Devices without an end (neither `for_secs` nor a scenario) are asked to end now. `within_secs` count from then.

        Raises:
            CityError: not everything was acknowledged or stored, with the last lines of the logs.
        """
        report = self._devices_end()
        last: dict[str, Any] = {}

        def stored() -> bool:
            last.update(self.status())
            ledger = last["ledger"]
            waiting = ledger["messages"]["waiting"] + sum(store["waiting"] for store in ledger["stores"].values())
            return ledger["messages"]["received"] >= report["sent"] and not waiting and not last["records"]["behind"]

        try:
            self.wait_until(stored, within_secs, "all that was sent is stored")
        except CityError as error:
            if not last:
                raise
            messages, stores = last["ledger"]["messages"], last["ledger"]["stores"]
            figures = f"{report['sent']} messages were sent; of messages {messages}; of stores {stores}"
            raise CityError(f"{error}\n{figures}") from error
        if not last["ledger"]["balanced"]:
            raise CityError(f"The gateway's ledger does not balance: {last['ledger']}")
        return report

    def _devices_end(self) -> dict[str, Any]:
        if self._report is None:
            child = self._parts.devices
            assert child is not None
            end = self._parts.times.end
            if end is None:
                child.ask_to_end()
            ends_in = max(0.0, (end - self.now) / 1e9 / self.options.speed) if end is not None else 0.0
            self.wait_until(lambda: child.code is not None, ends_in + _DRAIN_SECS, "the devices have ended")
            self._report = self._reported(child)
        return self._report

    def _reported(self, child: Child) -> dict[str, Any]:
        said = child.out.read_text(encoding="utf-8").splitlines()
        if not said:
            raise CityError(f"The devices ended with code {child.code} and no report.\n{tail(self.logs)}")
        report: dict[str, Any] = json.loads(said[-1])
        if report["sent"] < report["messages"]:
            raise CityError(
                f"The broker acknowledged {report['sent']} of {report['messages']} messages.\n{tail(self.logs)}"
            )
        behind = report["lag_ms"]["p99"] / 1e3 if report["lag_ms"] else 0.0
        if behind > _BEHIND_SECS:
            self._slow = (
                f"The devices were up to {behind:.1f} s behind their schedule, {behind * self.options.speed:.0f} s of"
                " city time: this machine is too slow for so many at this speed. Alarms come as much later."
            )
            with child.log.open("a", encoding="utf-8") as log:
                log.write(f"testbed: {self._slow}\n")
        return report

    # -- the end ------------------------------------------------------------------------------------------------------

    def score(self) -> dict[str, Any]:
        """End the city once all is stored; gives what `cityloom score truth` finds of it.

        Keys: `right`, `wrong` (how many of what), readings, windows, ledger, alarms, notes. The city must have ended,
        for while its clock goes on, windows close between two looks at them.

        Raises:
            CityError: the run could not be compared.
        """
        if not self._stopped:
            self.wait_until_stored()
            self.stop()
        command = [
            sys.executable, "-m", "gateway.cli", "score", "truth", str(self.truth.folder), "-c", str(self.config),
            "--picture", "none", "--json",
        ]  # fmt: skip
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CITYLOOM_")}
        done = subprocess.run(  # noqa: S603
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=_SCORE_SECS, check=False
        )
        if done.returncode not in (0, 1) or not done.stdout.strip():
            raise CityError(f"The run can't be scored ({done.returncode}): {done.stderr.strip()}\n{tail(self.logs)}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        found["notes"] += [self._slow] if self._slow else []
        return found

    def stop(self) -> None:
        """End devices, gateway and broker in order; idempotent.

        Raises:
            CityError: the gateway or the broker had ended by itself.
        """
        if self._stopped:
            return
        self._stopped = True
        try:
            self._check()
        finally:
            try:
                self._parts.end()
            finally:
                self._guard.close()
