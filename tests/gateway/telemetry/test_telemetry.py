"""An event is counted always and logged within limits."""

import io
import json
import threading
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gateway.reasons import Rejected
from gateway.telemetry.broker_events import BrokerDroppedMessagesError
from gateway.telemetry.events import EVENTS
from gateway.telemetry.logs import make_logger
from gateway.telemetry.process_events import ShutdownStarted
from gateway.telemetry.reading_events import MessageRejected
from gateway.telemetry.store_events import PointsRefused, StoreHaltedError, StoreRetrying
from gateway.telemetry.telemetry import OTHER, Telemetry


class Bench:
    """A Telemetry with a clock to turn and lines to read."""

    def __init__(self, level: str = "debug") -> None:
        self.now = 100.0
        self.registry = CollectorRegistry()
        self._out = io.StringIO()
        self.telemetry = Telemetry(self.registry, make_logger(level, "json", self._out), lambda: self.now)
        self.emit = self.telemetry.emit

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._out.getvalue().splitlines()]

    def counted(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"cityloom_{name}_total", labels)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_event_is_one_line_and_one_count(bench: Bench) -> None:
    bench.emit(StoreHaltedError(store="duckdb", problem="disk full", remedy="Make room."))

    (line,) = bench.lines
    assert (line["event"], line["level"], line["store"], line["remedy"]) == (
        "store halted",
        "error",
        "duckdb",
        "Make room.",
    )
    assert bench.counted("store_halts", store="duckdb") == 1


def test_every_counter_is_there_from_the_start(bench: Bench) -> None:
    unlabelled = [kind.COUNTER for kind in EVENTS if not kind.LABELS]

    assert unlabelled
    assert all(bench.counted(name) == 0 for name in unlabelled)


def test_lines_are_limited_and_counters_are_not(bench: Bench) -> None:
    def reject() -> None:
        bench.emit(MessageRejected(reason=Rejected.NOT_UTF8, profile="p", detail="d"))

    for _ in range(1000):
        reject()
    assert len(bench.lines) == 1
    bench.now += 9.9
    reject()
    assert len(bench.lines) == 1
    bench.now += 0.2
    reject()
    assert [line.get("not_logged") for line in bench.lines] == [None, 1000]
    assert bench.counted("dead_letters", reason="not_utf8") == 1002


def test_the_limit_is_for_each_set_of_labels(bench: Bench) -> None:
    for store in ("duckdb", "influxdb", "duckdb"):
        bench.emit(StoreRetrying(store=store, problem="busy", retry_in=1.0))

    assert [line["store"] for line in bench.lines] == ["duckdb", "influxdb"]


def test_events_without_a_limit_are_all_logged(bench: Bench) -> None:
    for _ in range(3):
        bench.emit(ShutdownStarted())

    assert [line["event"] for line in bench.lines] == ["shutdown started"] * 3


def test_a_counter_grows_by_the_amount_of_the_event(bench: Bench) -> None:
    bench.emit(PointsRefused(store="influxdb", points=7, detail="type conflict"))
    bench.emit(BrokerDroppedMessagesError(source="main", n=40))

    assert bench.counted("points_refused", store="influxdb") == 7
    assert bench.counted("broker_dropped_messages") == 40


def test_a_value_outside_the_closed_list_can_not_make_metrics_grow(bench: Bench) -> None:
    for k in range(50):
        bench.emit(MessageRejected(reason=f"made-up-{k}", profile="p", detail="d"))

    assert bench.counted("dead_letters", reason=OTHER) == 50
    assert bench.lines[0]["reason"] == "made-up-0"
    assert len(bench.lines) == 1


def test_an_event_below_the_level_is_counted_all_the_same() -> None:
    bench = Bench("error")

    bench.emit(StoreRetrying(store="duckdb", problem="busy", retry_in=1.0))

    assert bench.lines == []
    assert bench.counted("store_retries", store="duckdb") == 1


def test_two_registries_do_not_meet() -> None:
    one, other = Bench(), Bench()

    one.emit(ShutdownStarted())

    assert (one.counted("shutdowns_started"), other.counted("shutdowns_started")) == (1, 0)


def test_threads_lose_no_count(bench: Bench) -> None:
    def work() -> None:
        for _ in range(500):
            bench.emit(StoreRetrying(store="duckdb", problem="busy", retry_in=1.0))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert bench.counted("store_retries", store="duckdb") == 2000
    assert len(bench.lines) == 1
