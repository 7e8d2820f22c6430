"""Gauges and histograms as Prometheus reads them."""

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry.logs import make_logger
from gateway.telemetry.metrics import SECONDS, Durations, Metrics
from gateway.telemetry.telemetry import Telemetry


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_durations_are_counted_like_a_histogram_counts_them(
    registry: CollectorRegistry, rng: np.random.Generator
) -> None:
    durations = Durations("cityloom_d", "Durations.", registry)
    secs = rng.exponential(0.1, 200)
    times = rng.integers(1, 50, 200)

    for one, many in zip(secs.tolist(), times.tolist(), strict=True):
        durations.observe(one, many)

    for bound in SECONDS:
        value = registry.get_sample_value("cityloom_d_bucket", {"le": str(bound)})
        assert value == times[secs <= bound].sum()
    assert registry.get_sample_value("cityloom_d_count") == times.sum()
    assert registry.get_sample_value("cityloom_d_sum") == pytest.approx(float((secs * times).sum()))


def test_a_duration_on_a_bound_belongs_to_it(registry: CollectorRegistry) -> None:
    durations = Durations("cityloom_d", "Durations.", registry, (1.0, 2.0))

    durations.observe(1.0)
    durations.observe(5.0)

    assert registry.get_sample_value("cityloom_d_bucket", {"le": "1.0"}) == 1
    assert registry.get_sample_value("cityloom_d_bucket", {"le": "+Inf"}) == 2


def test_the_ledger_is_replaced_whole(registry: CollectorRegistry) -> None:
    metrics = Metrics(registry)

    metrics.ledger.set({("message", "rejected", "not_utf8"): 3}, {("duckdb", "stored"): 9})
    metrics.ledger.set({("message", "decoded", ""): 5}, {("duckdb", "stored"): 10})

    def term(term: str, reason: str) -> float | None:
        return registry.get_sample_value("cityloom_ledger", {"book": "message", "term": term, "reason": reason})

    assert (term("decoded", ""), term("rejected", "not_utf8")) == (5, None)
    assert registry.get_sample_value("cityloom_ledger_store_readings", {"store": "duckdb", "term": "stored"}) == 10


def test_everything_on_one_registry_is_readable_and_ours(registry: CollectorRegistry, capsys: object) -> None:
    import io

    Telemetry(registry, make_logger("info", "json", io.StringIO()))
    metrics = Metrics(registry)
    metrics.live.set(1)
    metrics.store_up.labels("duckdb").set(1)
    metrics.ack.observe(0.002, 5)

    families = list(text_string_to_metric_families(generate_latest(registry).decode()))

    assert len(families) > 40
    assert all(family.name.startswith("cityloom_") and family.documentation for family in families)
    assert registry.get_sample_value("cityloom_ack_seconds_count") == 5
