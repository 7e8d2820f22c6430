"""The stores of a configuration."""

from collections.abc import Callable

from gateway.config.settings import Settings
from gateway.config.store_sections import InfluxDbSettings
from gateway.stores.base import Store
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.records import RecordsConfig, RecordsStore

__all__ = ["RECORDS", "make_records", "make_stores"]

RECORDS = "records"


def make_records(settings: Settings, purged: Callable[[int, int, int], None] | None = None) -> RecordsStore:
    """records.db, which is never left out. `purged`: see RecordsStore."""
    most = settings.records
    config = RecordsConfig(
        settings.data_dir / "records.db", most.dead_letters_max_count, most.dead_letters_max_bytes,
        settings.stores.longest_retention_ns,
    )  # fmt: skip
    return RecordsStore(config, RECORDS, purged=purged)


def make_stores(settings: Settings) -> list[Store]:
    """The enabled time-series stores, the one to read from first. Opens nothing."""
    out: list[Store] = []
    duck, influx = settings.stores.duckdb, settings.stores.influxdb
    if duck.enabled:
        embedded = DuckDbConfig(
            settings.duckdb_path, duck.retention_ns, duck.aggregate_retention_ns, duck.memory_mb, duck.threads
        )
        out.append(DuckDbStore(embedded))
    if influx.enabled:
        out.append(_influx(influx))
    return out


def _influx(influx: InfluxDbSettings) -> Store:
    # its client takes a fifth of a start's time, and is mostly not wanted
    from gateway.stores.influx_config import InfluxConfig  # noqa: PLC0415
    from gateway.stores.influxdb import InfluxStore  # noqa: PLC0415

    return InfluxStore(InfluxConfig.of(influx, influx.token))
