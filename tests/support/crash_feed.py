"""A feed for crash tests: the same messages in every run, with an outcome that doesn't depend on timing.

What is late, and so whether a repeated reading counts as duplicate or as late, depends on how messages fall into calls.
Stored values and revised aggregates don't, if only these are sent:

    late            5 %   minutes to half a day behind, once
    repeated        6 %   the same bytes again, soon or hours later (never a run of messages twice in a row: after a
                          reconnect nothing could tell such a run from the broker sending again)
    overwritten     2 %   another value hours later, when the pane has surely closed: the last one stands
    contradicted    1 %   another value right behind the newest reading of the lane, so the pane is surely open: the
                          first one stands
    garbage, wrong types, nulls, times of long ago and of far ahead     a few

The last messages are days later in every lane, so that every window closes, and late ones behind them.
"""

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["Feed", "make_feed"]

Body = dict[str, Any]
_MS = 1_000_000
_STEP_SECS = 120
_SPEEDS = (0, 200)
"""Above 160 km/h is suspect."""
_SURE_SECS = (9_000, 20_000)
_ABSENT = "absent"


@dataclass(frozen=True)
class _Device:
    kind: str
    zone: str
    name: str

    @property
    def topic(self) -> str:
        path = {"loop": "traffic/loop/{}/reading", "flow": "water/flow/{}/reading",
                "segment": "traffic/segment/{}/speed", "pressure": "water/pressure/{}/readings"}[self.kind]  # fmt: skip
        return f"city/{self.zone}/{path.format(self.name)}"


_DEVICES = [
    *(_Device("loop", "tianhe", name) for name in ("loop-0001", "loop-0002", "met-loop-1")),
    *(_Device("loop", "yuexiu", name) for name in ("met-loop-2", "met-loop-3")),
    *(_Device("flow", "tianhe", name) for name in ("flow-0001", "met-flow-1", "met-flow-2")),
    *(_Device("pressure", "tianhe", name) for name in ("press-0001", "met-press-1")),
    *(_Device("segment", "tianhe", name) for name in ("seg-0001", "met-seg-1")),
]


@dataclass(slots=True)
class Feed:
    """Messages in order, and what must be stored in the end: canonical value by (device, quantity) and ns."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    truth: dict[tuple[str, str], dict[int, float | None]] = field(default_factory=dict)


@dataclass(slots=True)
class _Sent:
    """One message on its way; `due` orders the feed."""

    due: float
    device: _Device
    payload: bytes
    event_ms: int = 0
    contradiction: bytes = b""


def make_feed(steps: int, midnight: int, seed: int) -> Feed:
    """About 14 messages a step, from `midnight` (unix s) on, which must be some days ago."""
    dice = random.Random(seed)
    feed, sent = Feed(), []
    for step in range(steps):
        for place, device in enumerate(_DEVICES):
            at = (midnight + step * _STEP_SECS + place * 7) * 1000 + dice.randrange(0, 5000)
            sent += _fate(feed, dice, device, at, step, early=step < steps - 200)
    end = midnight + steps * _STEP_SECS
    closing = end + 60 * 3600
    for device in _DEVICES:
        body = _body(dice, device, closing * 1000, steps)
        sent.append(_Sent(closing, device, _text(feed, device, closing * 1000, body)))
        for back in (4000, 30_000):
            at = (end - back) * 1000 - 77_000
            sent.append(_Sent(closing + 60, device, _text(feed, device, at, _body(dice, device, at, steps))))
    sent.sort(key=lambda each: each.due)
    _arrange(feed, sent)
    return feed


def _fate(feed: Feed, dice: random.Random, device: _Device, at: int, step: int, *, early: bool) -> list[_Sent]:
    body = _body(dice, device, at, step)
    due, roll = at / 1000 + dice.uniform(-4, 4), dice.random()
    if roll < 0.05:
        behind = dice.uniform(300, dice.choice((1_500, 40_000)))
        return [_Sent(due + behind, device, _text(feed, device, at, body))]
    if roll < 0.06 and device.kind != "pressure":
        body[_first(device)] = None
    elif roll < 0.07 and device.kind != "pressure":
        body[_first(device)] = f"no number {dice.random()}"
    out = [_Sent(due, device, _text(feed, device, at, body), at)]
    if 0.07 <= roll < 0.11:
        out.append(_Sent(due + dice.uniform(5, 90), device, out[0].payload))
    elif 0.11 <= roll < 0.13:
        out.append(_Sent(due + dice.uniform(*_SURE_SECS), device, out[0].payload))
    elif roll < 0.15 and roll >= 0.13 and early:
        other = _text(feed, device, at, _body(dice, device, at, step))
        out.append(_Sent(due + dice.uniform(*_SURE_SECS), device, other))
    elif 0.15 <= roll < 0.17 and early and device.kind != "pressure":
        # (the older record of a pressure message may lie in a pane that has just closed)
        out[0].contradiction = _payload(device, at, _body(dice, device, at, step))
    elif 0.17 <= roll < 0.18:
        out.append(_Sent(due, device, b'{"ts": ' + str(dice.random()).encode() + b", broken"))
    elif 0.18 <= roll < 0.185:
        far = at + dice.choice((-500, 1100)) * 86_400_000
        out.append(_Sent(due, device, _payload(device, far, _body(dice, device, far, step))))
    return out


def _first(device: _Device) -> str:
    return "flow" if device.kind == "flow" else "speed"


def _body(dice: random.Random, device: _Device, at: int, step: int) -> Body:
    match device.kind:
        case "loop":
            return {"speed": round(dice.uniform(*_SPEEDS), 1), "flow": dice.randrange(0, 60), "occ": dice.random()}
        case "flow":
            # every 50th number is never used: that is `missing`
            return {"seq": (step + step // 50) % 65536, "flow": dice.uniform(-5, 40), "total": at / 1e6}
        case "segment":
            return {"speed": dice.uniform(*_SPEEDS), "samples": dice.randrange(0, 90)}
        case _:
            return {"bar": dice.uniform(1, 6), "before": dice.uniform(1, 6)}


def _payload(device: _Device, at: int, body: Body) -> bytes:
    whole: Body
    match device.kind:
        case "loop":
            whole = {"ts": at, **body}
        case "segment":
            whole = {"ts": at // 1000, **body}
        case "flow":
            whole = {"ts": _written(at), **body}
        case _:
            pairs = ((at - 60_000, body["before"]), (at, body["bar"]))
            whole = {"readings": [{"ts": _written(when), "bar": bar} for when, bar in pairs]}
    return json.dumps(whole).encode()


def _text(feed: Feed, device: _Device, at: int, body: Body) -> bytes:
    """The payload; what it says is to be stored."""
    values: list[tuple[int, str, Any]]
    match device.kind:
        case "loop":
            values = [(at, "speed", body["speed"]), (at, "flow", body["flow"] * 60), (at, "occupancy", body["occ"])]
        case "segment":
            at = at // 1000 * 1000
            values = [(at, "speed", body["speed"]), (at, "samples", body["samples"])]
        case "flow":
            flow = body["flow"] * 3.6 if isinstance(body["flow"], float) else body["flow"]
            values = [(at, "flow", flow), (at, "volume", body["total"])]
        case _:
            values = [(at - 60_000, "pressure", body["before"] * 100), (at, "pressure", body["bar"] * 100)]
    for when, quantity, value in values:
        if not isinstance(value, str):
            feed.truth.setdefault((device.name, quantity), {})[when * _MS] = value
    return _payload(device, at, body)


def _written(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _arrange(feed: Feed, sent: list[_Sent]) -> None:
    """Put contradictions behind what they contradict, and let no run of a kind's messages come twice in a row."""
    newest: dict[tuple[str, str], int] = {}
    per_kind: dict[str, list[tuple[str, bytes]]] = {}
    for each in sent:
        payloads = [each.payload]
        lane = (each.device.kind, each.device.zone)
        if each.contradiction and each.event_ms > newest.get(lane, 0):
            payloads.append(each.contradiction)
        newest[lane] = max(newest.get(lane, 0), each.event_ms)
        before = per_kind.setdefault(each.device.kind, [])
        for payload in payloads:
            message = (each.device.topic, payload)
            before.append(message)
            while any(before[-2 * n : -n] == before[-n:] for n in range(1, 20)):
                message = (message[0], message[1] + b" ")
                before[-1] = message
            feed.messages.append(message)
