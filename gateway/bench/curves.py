"""The curves of `cityloom bench scale`: what is varied, and how one point of each is measured.

To add one: a function that gives the figures at a value, and a line in CURVES.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from time import monotonic
from typing import Any, TypeVar

from gateway.bench.curve import Curve, Panel, Point, Stage
from gateway.bench.mosquitto import mosquitto
from gateway.bench.recovery import recovery
from gateway.bench.setup import zones_of
from gateway.bench.stand import Stand, limits, taken, unread

__all__ = ["CURVES"]

T = TypeVar("T")

_MB = 2**20
_FAST = ("messages_per_s",)
_COST = Panel("us of CPU a message", ("us_per_message",))
_SPEED = Panel("messages a second", _FAST)
_MEMORY = Panel("MB of memory", ("rss_mb",))


def figures(stand: Stand, before: Mapping[str, Any], after: Mapping[str, Any], messages: int, secs: float) -> Point:
    """What `messages` cost between two states."""
    spent = after["cpu"]["process_secs"] - before["cpu"]["process_secs"]
    return {
        "messages": messages,
        "messages_per_s": round(messages / secs, 1),
        "us_per_message": round(spent / messages * 1e6, 3),
        "rss_mb": round(stand.resident() / _MB, 1),
        "lost": unread(after, stand.sent),
        "balanced": after["ledger"]["balanced"],
    }


def flood(stand: Stand, messages: int, stage: Stage, *, devices: int = 0) -> Point:
    """As fast as it goes, after each device was met."""
    devices = devices or stand.plan.devices
    total = devices + messages
    stand.load(devices, 0.0, lambda acked: stage.told(acked, total), devices=devices)
    before = stand.drained()
    secs = stand.load(messages, 0.0, lambda acked: stage.told(devices + acked, total), devices=devices)
    after, more = _timed(stand.drained)
    return figures(stand, before, after, messages, secs + more)


def _timed(act: Callable[[], T]) -> tuple[T, float]:
    began = monotonic()
    return act(), monotonic() - began


def _devices(devices: int, stage: Stage) -> Iterator[Point]:
    """Memory once each series has been heard, and what a message costs then."""
    plan = replace(stage.plan, devices=devices, speed=1.0)
    with Stand(plan, environment=limits(devices)) as stand:
        empty = stand.resident()
        messages = max(stage.count(200_000), devices)
        stand.load(devices, 0.0, lambda acked: stage.told(acked, devices + messages))
        before = stand.drained()
        heard = stand.resident()
        secs = stand.load(messages, 0.0, lambda acked: stage.told(devices + acked, devices + messages))
        after, more = _timed(stand.drained)
        point = figures(stand, before, after, messages, secs + more)
        series = after["engine"]["series"]
    yield {
        **point, "series": series, "empty_mb": round(empty / _MB, 1), "heard_mb": round(heard / _MB, 1),
        "bytes_per_series": round((heard - empty) / series),
        "peak_mb": round(after["cpu"]["peak_rss_bytes"] / _MB, 1),
    }  # fmt: skip


def _rate(rate: int, stage: Stage) -> Iterator[Point]:
    """Offered on an open loop: what was achieved, and publish -> our PUBACK meanwhile."""
    secs = stage.secs(20.0)
    messages = round(rate * secs)
    with Stand(replace(stage.plan, speed=1.0), tapped=True) as stand:
        assert stand.tap is not None
        stand.load(stand.plan.devices)
        before = stand.drained()
        stand.time_from_now()
        took = stand.load(messages, float(rate), lambda acked: stage.told(acked, messages))
        at_end = taken(stand.status())[0] - stand.plan.devices
        after, more = _timed(stand.drained)
        point = figures(stand, before, after, messages, took + more)
        stand.end()
        ack = stand.tap.end()[1]
    yield {
        **point, "achieved_per_s": round(at_end / took, 1),
        "ack_p50_ms": ack.get("p50"), "ack_p99_ms": ack.get("p99"), "ack_max_ms": ack.get("max"),
    }  # fmt: skip


def _readings(readings: int, stage: Stage) -> Iterator[Point]:
    """Pressure loggers with so many readings in each message."""
    messages, devices = stage.count(max(200_000 // readings, 2_000), 50), 50
    with Stand(replace(stage.plan, speed=1.0, connections=1)) as stand:
        before = stand.status()
        secs = stand.run_loggers(messages, devices, readings, lambda acked: stage.told(acked, messages))
        after, more = _timed(stand.drained)
        point = figures(stand, before, after, messages, secs + more)
    yield {**point, "us_per_reading": round(point["us_per_message"] / readings, 3)}


def _window(secs: float, stage: Stage) -> Iterator[Point]:
    """Detectors of another interval, so that their finest windows are longer."""
    with Stand(stage.plan, interval_secs=secs) as stand:
        point = flood(stand, stage.count(300_000), stage)
        written = stand.status()["aggregates"]["written"]
    yield {**point, "aggregates": written}


def _broker(name: str, stage: Stage) -> Iterator[Point]:
    with ExitStack() as stack:
        plan = stage.plan
        if name == "mosquitto":
            host, port = stack.enter_context(mosquitto(plan.folder))
            plan = replace(plan, host=host, port=port)
        else:
            plan = replace(plan, host="", port=0)
        stand = stack.enter_context(Stand(plan))
        yield flood(stand, stage.count(300_000), stage)


def _connections(connections: int, stage: Stage) -> Iterator[Point]:
    with Stand(replace(stage.plan, connections=connections)) as stand:
        yield flood(stand, stage.count(300_000), stage)


def _shared(connections: int, stage: Stage) -> Iterator[Point]:
    shared = {"CITYLOOM_MQTT__CONNECTIONS": str(connections)}
    with Stand(replace(stage.plan, connections=1), environment=shared) as stand:
        yield flood(stand, stage.count(300_000), stage)


def _gateways(count: int, stage: Stage) -> Iterator[Point]:
    """Gateways on disjoint zones of one broker, the load spread over all of them."""
    zones = zones_of()
    shares = [zones[k::count] for k in range(count)]
    messages, devices = stage.count(300_000), stage.plan.devices
    with ExitStack() as stack:
        first: Stand | None = None
        stands: list[Stand] = []
        for share in shares:
            plan = replace(stage.plan, connections=1)
            if first is not None:
                plan = replace(plan, host=first.plan.host, port=first.plan.port)
            stands.append(stack.enter_context(Stand(plan, zones=share)))
            first = first or stands[0]
        assert first is not None
        first.load(devices)
        # a device's place in the round says its zone: each gateway hears its zones' share of both loads
        known = [_heard(k, devices, len(zones), count) for k in range(count)]
        before = [stand.drained(heard) for stand, heard in zip(stands, known, strict=True)]
        secs = first.load(messages, 0.0, lambda acked: stage.told(acked, messages))
        rounds = [heard + _share(k, messages, devices, len(zones), count) for k, heard in enumerate(known)]
        after, more = _timed(lambda: [stand.drained(heard) for stand, heard in zip(stands, rounds, strict=True)])
        spent = sum(after[k]["cpu"]["process_secs"] - before[k]["cpu"]["process_secs"] for k in range(count))
        unheard = unread(after[0], devices + messages) + sum(unread(each, 0) for each in after[1:])
        yield {
            "messages": messages, "messages_per_s": round(messages / (secs + more), 1),
            "us_per_message": round(spent / messages * 1e6, 3),
            "rss_mb": round(sum(stand.resident() for stand in stands) / _MB, 1),
            "lost": unheard, "balanced": all(each["ledger"]["balanced"] for each in after),
        }  # fmt: skip


def _heard(k: int, devices: int, zones: int, count: int) -> int:
    """Devices whose zone the k-th of `count` gateways has: device d is in zone d % zones, that is at zone % count."""
    return sum(len(range(zone, devices, zones)) for zone in range(k, zones, count))


def _share(k: int, messages: int, devices: int, zones: int, count: int) -> int:
    """Messages that it hears of `messages` sent by all devices in turn."""
    rounds, rest = divmod(messages, devices)
    return rounds * _heard(k, devices, zones, count) + _heard(k, rest, zones, count)


CURVES: dict[str, Curve] = {
    curve.name: curve
    for curve in (
        Curve(
            "devices", "Memory and cost by devices of three series", "devices", "devices",
            (1_000, 3_000, 10_000, 33_334, 100_000, 333_334, 1_000_000), (200, 1_000), _devices,
            (Panel("MB of memory", ("empty_mb", "heard_mb", "peak_mb"), log=True),
             Panel("bytes a series", ("bytes_per_series",)), _COST),
        ),
        Curve(
            "rate", "Offered rate up to saturation", "rate", "messages a second offered",
            (1_000, 2_500, 5_000, 10_000, 15_000, 20_000, 30_000, 40_000, 60_000), (200, 1_000), _rate,
            (Panel("messages a second", ("achieved_per_s",)),
             Panel("ms to PUBACK", ("ack_p50_ms", "ack_p99_ms", "ack_max_ms"), log=True), _COST),
        ),
        Curve(
            "readings", "Readings a message", "readings", "readings a message", (1, 3, 10, 30, 100), (1, 10),
            _readings, (_COST, Panel("us of CPU a reading", ("us_per_reading",)), _SPEED),
        ),
        Curve(
            "window", "Length of the finest window", "window_secs", "seconds of the finest window",
            (10, 60, 900, 3600), (10, 60), _window, (_COST, Panel("windows written", ("aggregates",)), _MEMORY),
        ),
        Curve(
            "broker", "Brokers", "broker", "broker", ("embedded", "mosquitto"), ("embedded",), _broker,
            (_COST, _SPEED),
        ),
        Curve(
            "connections", "Connections to the embedded broker, each with districts of its own", "connections",
            "connections", (1, 2, 4, 8), (1, 2), _connections, (_COST, _SPEED),
        ),
        Curve(
            "shared", "Connections to the embedded broker on one shared subscription", "connections",
            "connections", (1, 2, 4, 8), (1, 2), _shared, (_COST, _SPEED),
        ),
        Curve(
            "gateways", "Gateways on disjoint zones of one broker", "gateways", "gateways", (1, 2), (1, 2), _gateways,
            (_COST, _SPEED, _MEMORY), log=False,
        ),
        Curve(
            "recovery", "Three times what it can take, then normal again", "secs", "seconds", (3.0,), (3.0,), recovery,
            (Panel("messages a second", ("offered_per_s", "received_per_s")), Panel("s behind", ("behind_secs",)),
             _MEMORY), log=False,
        ),
    )
}  # fmt: skip
