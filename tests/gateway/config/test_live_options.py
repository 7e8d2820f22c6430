"""Which options a reload takes, and which it leaves and names."""

from typing import Any

import pytest

from gateway.config.live_options import in_force, leaves
from gateway.config.load import load_settings
from gateway.config.settings import Settings


def _settings(**given: Any) -> Settings:
    return load_settings(None, given)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"engine": {"max_devices": 7}}, "engine.max_devices"), ({"log": {"level": "debug"}}, "log.level"),
        ({"notify": {"group_secs": 9}}, "notify.group_secs"), ({"reviser": {"quiet_secs": 1}}, "reviser.quiet_secs"),
        ({"snapshots": {"interval_secs": 9}}, "snapshots.interval_secs"),
        ({"live": {"interval_ms": 99}}, "live.interval_ms"),
        ({"inbox": {"quota_bytes": 1 << 29}}, "inbox.quota_bytes"), ({"devices_file": "d.csv"}, "devices_file"),
        ({"bounds": {"max_depth": 9}}, "bounds.max_depth"), ({"mqtt": {"filters": ["a"]}}, "mqtt.filters"),
    ],
)  # fmt: skip
def test_live_options_come_into_force_whole(given: dict[str, Any], key: str) -> None:
    loaded = _settings(**given)
    after, kept = in_force(_settings(), loaded)
    assert kept == []
    assert dict(leaves(after))[key] == dict(leaves(loaded))[key] != dict(leaves(_settings()))[key]
    assert dict(leaves(after)) == dict(leaves(loaded))


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"data_dir": "other"}, "data_dir"), ({"http": {"port": 1}}, "http.port"),
        ({"mqtt": {"client_id": "x"}}, "mqtt.client_id"), ({"mqtt": {"host": "h"}}, "mqtt.host"),
        ({"stores": {"duckdb": {"retention_days": 30}}}, "stores.duckdb.retention_days"),
        ({"records": {"dead_letters_max_count": 1}}, "records.dead_letters_max_count"),
        ({"bounds": {"max_payload_bytes": 9}}, "bounds.max_payload_bytes"), ({"live": {"queue": 50}}, "live.queue"),
    ],
)  # fmt: skip
def test_everything_else_stays_as_it_runs_and_is_named_once(given: dict[str, Any], key: str) -> None:
    running = _settings()
    after, kept = in_force(running, _settings(**given))
    assert kept == [key]
    assert dict(leaves(after)) == dict(leaves(running))


def test_late_horizons_and_whatever_follows_from_options_that_wait_follow_those_that_run() -> None:
    running = _settings()
    after, _ = in_force(running, _settings(stores={"duckdb": {"retention_days": 30}}, engine={"gather_ms": 1}))
    assert after.late_horizon_ns == running.late_horizon_ns
    assert after.engine.gather_ms == 1


def _sources(*tables: dict[str, Any]) -> Settings:
    return _settings(sources=[{"filters": [f"{table['name']}/#"], **table} for table in tables])


def test_sources_come_and_go_at_the_end_and_change_filters_in_their_places() -> None:
    running = _sources({"name": "one"}, {"name": "two"})
    after, kept = in_force(running, _sources({"name": "one", "filters": ["x"]}, {"name": "two"}, {"name": "three"}))
    assert kept == []
    assert [(each.name, each.filters) for each in after.sources] == [
        ("one", ("x",)), ("two", ("two/#",)), ("three", ("three/#",)),
    ]  # fmt: skip
    shorter, kept = in_force(running, _sources({"name": "one"}))
    # a source alone has a client id without its name
    assert ([each.name for each in shorter.sources], kept) == (["one"], ["sources[one].client_id"])


def test_another_order_of_sources_waits_for_a_restart() -> None:
    running = _sources({"name": "one"}, {"name": "two"})
    after, kept = in_force(running, _sources({"name": "two"}, {"name": "one"}))
    assert (after.sources, kept) == (running.sources, ["sources"])


def test_a_source_of_its_own_is_named_by_its_name() -> None:
    running = _sources({"name": "one"}, {"name": "two"})
    after, kept = in_force(running, _sources({"name": "one"}, {"name": "two", "port": 99}))
    assert (after.sources, kept) == (running.sources, ["sources[two].port"])
