"""A gateway's configuration as files that a test rewrites while it runs: a kind of device, conditions, devices."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import seeds
from gateway.config.load import load_settings
from gateway.config.reading import Source
from gateway.config.settings import Settings
from gateway.config.toml_text import toml_value
from gateway.runtime.reload import Origin

__all__ = ["CONDITION", "PROFILE", "Files", "body"]

PROFILE = """\
name = "{name}"
topic = "{topic}"
codec = "json"
interval_secs = {interval}
[identity]
topic = "{{device}}"
[provisioning]
policy = "{policy}"
zone = "tianhe"
[time]
path = "ts"
format = "unix_ms"
[fields.level]
path = "level"
unit = "{unit}"
range = [0, {most}]
"""
CONDITION = """\
[[conditions]]
name = "{name}"
title = "Too high"
kind = "steps"
profile = "{profile}"
quantity = "level"
high = [{high}]
deadband = 1
priorities = [2]
"""


class Files:
    """A folder with cityloom.toml and what it names."""

    def __init__(self, folder: Path, port: int, **sections: dict[str, Any]) -> None:
        self.folder = folder
        self.config = folder / "cityloom.toml"
        self._sections: dict[str, dict[str, Any]] = {
            "mqtt": {"port": port, "watch_sys": "off"}, "http": {"port": 0},
            "engine": {"gather_ms": 5.0, "tick_secs": 0.1}, "snapshots": {"interval_secs": 1.0},
            "ledger": {"check_secs": 0.2}, "stores.duckdb": {"threads": 1},
        }  # fmt: skip
        (folder / "profiles").mkdir(exist_ok=True)
        self.profile("tank")
        self.conditions({"water.high": ("tank", 100)})
        self.devices()
        self.settings(**sections)

    def settings(self, **sections: dict[str, Any]) -> None:
        """Merge over what the file says, and write it."""
        for name, options in sections.items():
            self._sections[name] = self._sections.get(name, {}) | options
        paths = {
            "data_dir": self.folder / "d", "profiles_dir": self.folder / "profiles",
            "conditions_file": self.folder / "conditions.toml", "devices_file": self.folder / "devices.csv",
        }  # fmt: skip
        if (self.folder / "city.toml").exists():
            paths["city_file"] = self.folder / "city.toml"
        lines = [f"{key} = {toml_value(str(path))}" for key, path in paths.items()]
        for name, options in self._sections.items():
            tables = options.get("tables")
            for table in tables if tables is not None else [options]:
                lines.append(f"[[{name}]]" if tables is not None else f"[{name}]")
                lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def profile(self, name: str, *, topic: str = "", interval: float = 1, unit: str = "m", most: float = 1000,
                policy: str = "open", more: str = "") -> None:  # fmt: skip
        """Write a kind of device."""
        text = PROFILE.format(
            name=name, topic=topic or f"plant/{name}/{{device}}", interval=interval, unit=unit, most=most,
            policy=policy,
        )  # fmt: skip
        (self.folder / "profiles" / f"{name}.toml").write_text(text + more, encoding="utf-8")

    def remove_profile(self, name: str) -> None:
        """A kind of device that there is no more."""
        (self.folder / "profiles" / f"{name}.toml").unlink()

    def conditions(self, steps: dict[str, tuple[str, float]]) -> None:
        """Name -> profile and step of each."""
        parts = [CONDITION.format(name=name, profile=p, high=high) for name, (p, high) in steps.items()]
        (self.folder / "conditions.toml").write_text("schema = 1\n" + "".join(parts), encoding="utf-8")

    def devices(self, *lines: str) -> None:
        """Rows of devices.csv: `t-1,tank,t-1,tianhe,113.31,23.13,,,`."""
        head = "id,profile,keys,zone,lon,lat,asset,installed,extra"
        (self.folder / "devices.csv").write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")

    def city(self, changed: Callable[[str], str], name: str = "city.toml") -> None:
        """The built-in city with something changed, in a file of its own."""
        (self.folder / name).write_text(changed(seeds.city_text()), encoding="utf-8")
        self.settings()

    def load(self) -> Settings:
        """As they are now."""
        return load_settings(self.config)

    @property
    def origin(self) -> Origin:
        """Where a reload reads them."""
        return Origin(Source(self.config, {}))


def body(ts: int, level: float) -> bytes:
    """A message; `ts` is UTC ns."""
    return f'{{"ts":{ts // 1_000_000},"level":{level}}}'.encode()
