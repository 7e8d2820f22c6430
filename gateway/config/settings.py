"""The whole configuration as one frozen model. `load.py` is the way to make one from files and environment.

settings = load_settings(Path("cityloom.toml"))
for source in settings.sources: ...        # each has everything of [mqtt], with its own differences
"""

from pathlib import Path
from typing import Any

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.config.live_sections import LiveSettings
from gateway.config.notify_sections import NotifySettings
from gateway.config.section import OptionalPath, secrets_in
from gateway.config.sections import (
    BoundsSettings,
    ClockSettings,
    EngineSettings,
    HttpSettings,
    InboxSettings,
    LedgerSettings,
    LogSettings,
    MqttSettings,
    OutboxSettings,
    RecordsSettings,
    ReviserSettings,
    SnapshotSettings,
    SourceSettings,
)  # fmt: skip
from gateway.config.store_sections import DuckDbSettings, InfluxDbSettings, StoresSettings
from gateway.config.web_section import WebSettings

__all__ = ["ENV_PREFIX", "Settings"]

ENV_PREFIX = "CITYLOOM_"
_DAY = 86_400_000_000_000


class Settings(BaseSettings):
    """Everything that an operator can choose. Paths are relative to the working directory."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True,
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", env_ignore_empty=True,
    )  # fmt: skip

    data_dir: Path = Path("data")
    """Folder of journal, snapshots, records and the embedded store; one gateway a folder."""
    city_file: OptionalPath = None
    """The city's zones and assets (TOML); the built-in city where empty. seeds/README.md describes the format."""
    devices_file: OptionalPath = None
    """The devices that are known from the start (CSV); the built-in ones where empty."""
    profiles_dir: OptionalPath = None
    """Folder with a TOML file a kind of device; the built-in kinds where empty."""
    conditions_file: OptionalPath = None
    """What is judged, and when it is an alarm (TOML); the built-in conditions where empty."""
    incidents_file: OptionalPath = None
    """What citizens report, and which troubles may share a cause (TOML); the built-in ones where empty."""
    secrets_dir: OptionalPath = None
    """Folder with a file a secret, named like mqtt__password or stores__influxdb__token."""

    mqtt: MqttSettings = MqttSettings()
    sources: tuple[SourceSettings, ...] = ()
    bounds: BoundsSettings = BoundsSettings()
    inbox: InboxSettings = InboxSettings()
    outbox: OutboxSettings = OutboxSettings()
    snapshots: SnapshotSettings = SnapshotSettings()
    engine: EngineSettings = EngineSettings()
    clock: ClockSettings = ClockSettings()
    stores: StoresSettings = StoresSettings()
    records: RecordsSettings = RecordsSettings()
    ledger: LedgerSettings = LedgerSettings()
    reviser: ReviserSettings = ReviserSettings()
    live: LiveSettings = LiveSettings()
    notify: NotifySettings = NotifySettings()
    http: HttpSettings = HttpSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="before")
    @classmethod
    def prepared(cls, data: Any) -> Any:
        """Every source starts from [mqtt]; without [[sources]] there is one, `main`."""
        if not isinstance(data, dict):
            return data
        base, tables = data.get("mqtt", {}), data.get("sources", ())
        if isinstance(base, MqttSettings):
            base = base.model_dump(exclude_unset=True)
        if not isinstance(base, dict) or not isinstance(tables, list | tuple):
            return data
        tables = tables or ({"name": "main"},)
        return data | {"sources": [_source(base, table, alone=len(tables) == 1) for table in tables]}

    @property
    def enabled_stores(self) -> dict[str, DuckDbSettings | InfluxDbSettings]:
        """The time-series stores in use, by name."""
        every: dict[str, DuckDbSettings | InfluxDbSettings] = {
            "duckdb": self.stores.duckdb,
            "influxdb": self.stores.influxdb,
        }
        return {name: store for name, store in every.items() if store.enabled}

    @property
    def duckdb_path(self) -> Path:
        """Where the embedded store is."""
        return self.stores.duckdb.path or self.data_dir / "readings.duckdb"

    @property
    def late_horizon_ns(self) -> int:
        """How late a reading may be and still revise its window: the shortest raw retention, less a day."""
        return min(store.retention_ns for store in self.enabled_stores.values()) - _DAY

    def secrets(self) -> frozenset[str]:
        """Texts that must never be seen in a log."""
        return frozenset(secrets_in(self))


def _source(base: dict[str, Any], table: Any, *, alone: bool) -> Any:
    if not isinstance(table, dict):
        return table
    own = dict(base)
    for secret in MqttSettings.SECRETS:
        if table.keys() & {secret, f"{secret}_file"}:
            own.pop(secret, None)
            own.pop(f"{secret}_file", None)
    own |= table
    if not alone and "client_id" not in table and isinstance(table.get("name"), str):
        # two connections under one client id would throw each other out
        own["client_id"] = f"{base.get('client_id', MqttSettings().client_id)}-{table['name']}"
    return own
