"""What is measured, and the configuration that the gateway gets for it."""

import time
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from seeds import city_text, profile_texts

__all__ = ["Plan", "write_config", "zones_of"]

_PROFILE = "loop-detector"
_INTERVAL = "interval_secs = 60"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `host` "": the embedded broker; `rate` 0: as fast as it goes; `folder` None: the system's."""

    messages: int
    devices: int
    rate: float = 0.0
    store: str = "duckdb"
    """`duckdb`, `influx-sink` or a URL of InfluxDB."""
    host: str = ""
    port: int = 0
    speed: float = 1.0
    """City seconds a real second."""
    folder: Path | None = None
    connections: int = 1
    """To the broker, each with districts of its own."""
    start: int = 0
    """Unix ns at which the city clock, which shows the same then, begins to run at `speed`."""
    token: str = ""
    """Of an InfluxDB of the run's own; "": the environment's, or nobody asks for it."""

    def clock_arguments(self) -> list[object]:
        """The clock, as the load wants it."""
        return ["--origin", self.start, "--start", self.start, "--speed", self.speed]


def zones_of() -> list[str]:
    """Districts of the built-in city."""
    return [zone["id"] for zone in tomllib.loads(city_text())["zones"] if zone["kind"] == "district"]


def write_config(plan: Plan, folder: Path, url: str) -> Path:
    """Write profiles and configuration into `folder`; gives the configuration's file."""
    profiles = folder / "profiles"
    profiles.mkdir()
    for name, text in profile_texts().items():
        if name == _PROFILE:
            # a reading a second, so that windows of 10 s fill and close while it is measured
            assert _INTERVAL in text
            text = text.replace(_INTERVAL, "interval_secs = 1")  # noqa: PLW2901
        (profiles / f"{name}.toml").write_text(text, encoding="utf-8")
    moment = datetime.fromtimestamp(plan.start / 1e9, UTC).isoformat()
    clock = f'kind = "scaled"\norigin = "{moment}"\nstart = "{moment}"\nspeed = {plan.speed}' if plan.speed != 1 else ""
    name = f"cityloom_bench_{time.time_ns()}"  # of nobody else at broker or database
    if plan.token or plan.store == "influx-sink":
        where = f'token = "{plan.token or "nobody asks for it"}"'
    else:
        where = "\n".join(f'{kind}_bucket = "{name}_{kind}"' for kind in ("raw", "fine", "coarse"))
    zones = zones_of()
    sources = "".join(
        f'[[sources]]\nname = "main-{k}"\n'
        f"filters = {[f'city/{zone}/traffic/loop/+/reading' for zone in zones[k :: plan.connections]]}\n"
        for k in range(plan.connections)
    )
    text = f"""\
data_dir = "{folder / "data"}"
profiles_dir = "{profiles}"
[mqtt]
host = "{plan.host}"
watch_sys = "off"
port = {plan.port}
client_id = "{name}"
session_expiry_secs = 60
[http]
port = 0
[web]
enabled = false
[log]
level = "warning"
[clock]
{clock}
[engine]
# a connection that waits its turn at the broker waits in real time: the default's, in the city's seconds
idle_timeout_secs = {30 * plan.speed:g}
# few devices may stand for many, and nobody listed any
device_messages_per_sec = 1_000_000
max_met_devices = 0
new_devices_per_min = 0
[stores.duckdb]
enabled = {"true" if plan.store == "duckdb" else "false"}
[stores.influxdb]
enabled = {"false" if plan.store == "duckdb" else "true"}
url = "{url if plan.store != "duckdb" else "http://127.0.0.1:8086"}"
{where}
{sources if plan.connections > 1 else ""}
"""
    path = folder / "cityloom.toml"
    path.write_text(text, encoding="utf-8")
    return path
