"""A Sparkplug edge node to test with: its messages by hand, in the order and with the numbers that a test wants."""

from collections.abc import Sequence
from typing import Any

from device_sims.encoders.sparkplug_b import Metric, encode
from gateway.codecs.compiled import compile_profile
from gateway.config.profiles import load_profiles
from gateway.engine.results import EdgeNote, StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row, RowKind
from tests.support.engine import SECOND, START, config_row, content

__all__ = [
    "GROUP", "L_S", "NAMES", "PUMPS", "Node", "asked", "at", "count", "presence", "pumps", "replay", "requests", "run",
    "tick", "values",
]  # fmt: skip

GROUP = "Water"
L_S = 3.6
"""m3/h a litre a second."""
NAMES = {"Flow/Rate": (1, "Float"), "Level": (2, "Int16"), "Running": (3, "Boolean"), "Other": (9, "Int32")}
"""Alias and type of each metric; `Other` is none of the profile's."""
PUMPS: dict[str, Any] = {
    "name": "pumps", "codec": "sparkplug", "interval_secs": 10,
    "topics": [f"spBv1.0/{{group}}/{kind}/{{node}}" for kind in ("NBIRTH", "NDATA", "NDEATH")]
    + [f"spBv1.0/{{group}}/{kind}/{{node}}/{{device}}" for kind in ("DBIRTH", "DDATA", "DDEATH")],
    "identity": {"edge_node": True},
    "ignore": [{"topics": ["spBv1.0/STATE/{host}"], "reason": "no_reading"}],
    "fields": {
        "flow": {"path": "Flow/Rate", "unit": "l/s"}, "level": {"path": "Level", "unit": "mm"},
        "running": {"path": "Running", "type": "boolean"},
    },
}  # fmt: skip


def pumps(**options: Any) -> ZoneEngine:
    made = ZoneEngine()
    made.step([config_row(content(profiles=(PUMPS,), **options))], START - 1, live=False)
    return made


def at(secs: float) -> int:
    return START + round(secs * SECOND)


class Node:
    """Gives rows; counts its numbers itself unless told one. Seconds are after START."""

    def __init__(self, name: str = "PS1", bd_seq: int | None = 0, group: str = GROUP) -> None:
        self.name, self.bd_seq, self.group, self.seq = name, bd_seq, group, 0

    def row(self, kind: str, secs: float, payload: bytes, device: str = "", flags: int = 0) -> Row:
        topic = f"spBv1.0/{self.group}/{kind}/{self.name}" + (f"/{device}" if device else "")
        return Row(at(secs), RowKind.MESSAGE, 0, flags, topic, payload)

    def _next(self, seq: int | None) -> int:
        number = self.seq if seq is None else seq
        self.seq = (number + 1) % 256
        return number

    def nbirth(self, secs: float, seq: int = 0, metrics: Sequence[Metric] = ()) -> Row:
        session = () if self.bd_seq is None else (Metric("Int64", self.bd_seq, "bdSeq"),)
        control = Metric("Boolean", False, "Node Control/Rebirth")
        return self.row("NBIRTH", secs, encode(at(secs), self._next(seq), [*session, control, *metrics]))

    def dbirth(self, secs: float, device: str, names: dict[str, tuple[int, str]] | None = None, **values: Any) -> Row:
        told = [
            Metric(kind, values.get(name.replace("/", "_")), name, alias, at(secs))
            for name, (alias, kind) in (NAMES if names is None else names).items()
        ]
        return self.row("DBIRTH", secs, encode(at(secs), self._next(None), told), device)

    def data(self, secs: float, device: str, *metrics: Metric, seq: int | None = None) -> Row:
        kind = "DDATA" if device else "NDATA"
        return self.row(kind, secs, encode(at(secs), self._next(seq), metrics), device)

    def flow(self, secs: float, device: str, value: float | None, **how: Any) -> Row:
        """The usual: one metric by its alias."""
        return self.data(secs, device, Metric("Float", value, alias=1, told=False), **how)

    def ddeath(self, secs: float, device: str, told: float | None = None) -> Row:
        return self.row("DDEATH", secs, encode(at(secs if told is None else told), self._next(None), ()), device)

    def ndeath(self, secs: float, bd_seq: int | None = None) -> Row:
        number = self.bd_seq if bd_seq is None else bd_seq
        told = () if number is None else (Metric("Int64", number, "bdSeq"),)
        return self.row("NDEATH", secs, encode(None, None, told))

    def births(self, secs: float, *devices: str) -> list[Row]:
        return [self.nbirth(secs), *(self.dbirth(secs + 0.001 * k, name) for k, name in enumerate(devices, 1))]


def replay(reject: Any, secs: float) -> Row:
    """A dead letter brought back."""
    import msgspec

    payload = msgspec.msgpack.encode((reject.received_at, reject.payload))
    return Row(at(secs), RowKind.REPLAY, 255, 0, reject.topic, payload)


def values(engine: ZoneEngine, result: StepResult) -> list[tuple[str, str, float, float]]:
    """(device, quantity, seconds after START, value) of the readings, in order."""
    names = engine.registry.series
    batch = result.readings
    return [
        (names[s].device, names[s].quantity, (ts - START) / SECOND, round(value, 6))
        for s, ts, value in zip(batch.series.tolist(), batch.ts.tolist(), batch.value.tolist(), strict=True)
    ]


def compiled() -> Any:
    return compile_profile(load_profiles({"pumps": PUMPS})[0])


def asked(result: StepResult) -> list[EdgeNote]:
    return [note for note in result.edges if note.kind == "rebirth"]


def presence(result: StepResult) -> list[tuple[str, str, float]]:
    return [(n.kind, n.device, (n.at - at(0)) / SECOND) for n in result.edges if n.kind != "rebirth"]


def count(result: StepResult, term: str, reason: str = "") -> int:
    return sum(n for key, n in result.counts.items() if key.term == term and reason in ("", key.reason))


def tick(engine: ZoneEngine, secs: float) -> StepResult:
    return engine.step([], at(secs), True)


def requests(engine: ZoneEngine, *when: float) -> list[float]:
    """Of the ticks at these seconds those that ask for a birth."""
    return [secs for secs in when if asked(tick(engine, secs))]


def run(engine: ZoneEngine, *rows: Any) -> StepResult:
    return engine.step(rows, rows[-1].received_at, True)
