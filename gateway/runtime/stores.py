"""The stores of a configuration."""

from collections.abc import Callable

from gateway.config.settings import Settings
from gateway.stores.base import Store
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.influx_config import Bucket, InfluxConfig
from gateway.stores.records import RecordsConfig, RecordsStore

__all__ = ["RECORDS", "make_records", "make_stores"]

RECORDS = "records"
_DAY_SECS = 86_400
_FINE, _COARSE = (10, 60), (900, 3600, 86400)


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
        fine = Bucket(influx.fine_bucket, influx.fine_retention_days * _DAY_SECS)
        coarse = Bucket(influx.coarse_bucket, influx.coarse_retention_days * _DAY_SECS)
        config = InfluxConfig(
            url=influx.url, org=influx.org, token=influx.token.get_secret_value() if influx.token is not None else "",
            raw=Bucket(influx.raw_bucket, influx.retention_days * _DAY_SECS),
            aggregates=dict.fromkeys(_FINE, fine) | dict.fromkeys(_COARSE, coarse), timeout_secs=influx.timeout_secs,
            ca_file=None if influx.ca_file is None else str(influx.ca_file), max_batch_lines=influx.max_batch_lines,
        )  # fmt: skip
        # its client and Arrow's functions are 20 MB that nobody needs who doesn't use it
        from gateway.stores.influxdb import InfluxStore  # noqa: PLC0415

        out.append(InfluxStore(config))
    return out
