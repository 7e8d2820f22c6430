"""One edge node against a model that knows what was really sent: any order of births, data, deaths and losses."""

import pickle
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.encoders.sparkplug_b import Metric, encode
from gateway.codecs.sparkplug import EdgeTopic, Resolved
from gateway.codecs.sparkplug_wire import read_payload
from gateway.config.bounds import Bounds
from gateway.engine.edge_node import EdgeNode, bd_seq_of
from gateway.engine.zone import ZoneEngine
from gateway.reasons import Rejected
from gateway.rows import Row
from tests.support.engine import SECOND
from tests.support.sparkplug import Node, at, pumps, values

DEVICES = ("P1", "P2")
FLOW = {"Flow/Rate": (1, "Float")}
SWAPPED = {"Other": (1, "Float"), "Flow/Rate": (5, "Float")}


def _payload(seq: int | None, *metrics: Metric, secs: float = 0) -> Any:
    return read_payload(encode(at(secs), seq, metrics), Bounds())


def test_a_named_metric_is_given_by_what_the_birth_said() -> None:
    node = EdgeNode()
    node.take(EdgeTopic("g", "NBIRTH", "n", ""), "p", _payload(0, Metric("Int64", 4, "bdSeq")), at(0))
    node.take(EdgeTopic("g", "DBIRTH", "n", "d"), "p", _payload(1, Metric("Int8", 1, "x", 7)), at(1))

    outcome = node.take(
        EdgeTopic("g", "DDATA", "n", "d"), "p", _payload(2, Metric("Int8", -1, alias=7, told=False)), at(2)
    )

    assert isinstance(outcome, Resolved)
    assert [(each.name, each.datatype) for each in outcome.named] == [("x", 1)]
    assert node.bd_seq == 4
    assert node.troubles == {}


def test_a_death_before_any_birth_is_believed() -> None:
    node = EdgeNode()

    node.take(EdgeTopic("g", "DDATA", "n", "d"), "p", _payload(9, Metric("Float", 1.0, alias=7)), at(0))
    assert node.troubles
    node.take(EdgeTopic("g", "NDEATH", "n", ""), "p", _payload(None, Metric("Int64", 4, "bdSeq")), at(1))

    assert node.troubles == {}, "nobody is there to be asked"


def test_what_has_no_birth_at_all_says_so() -> None:
    outcome = EdgeNode().take(EdgeTopic("g", "NDATA", "n", ""), "p", _payload(1, Metric("Float", 1.0, alias=7)), at(0))

    assert outcome == (Rejected.BIRTH_MISSING, "no NBIRTH of its edge node has come")


def test_a_birth_without_bd_seq_has_none() -> None:
    assert bd_seq_of(_payload(0, Metric("String", "x", "bdSeq"))) is None


# -- the model ---------------------------------------------------------------------------------------------------------

Op = tuple[str, str, bool, bool]
"""(what, device, lost on the way, new aliases)."""


@dataclass
class Model:
    """What ought to be known, by what was really sent: no numbers modulo anything, no aliases but the true ones."""

    run: int = -1
    """Which NBIRTH it knows; -1: none."""
    alive: dict[str, dict[str, tuple[int, str]]] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)
    missing: int = 0
    lacking: set[str] = field(default_factory=set)
    readings: list[tuple[str, float]] = field(default_factory=list)
    rejected: int = 0

    def nbirth(self, run: int) -> None:
        self._end()
        self.run, self.seen = run, {0}
        self.alive.clear()
        self.lacking.clear()

    def ndeath(self, current: bool) -> None:
        if self.run < 0 or current:
            self._end()
            self.run = -1
            self.dead |= self.alive.keys()
            self.alive.clear()
            self.lacking.clear()

    def message(self, what: str, device: str, run: int, number: int, names: dict[str, tuple[int, str]]) -> None:
        if run == self.run:
            self.seen.add(number)
        if what == "ddeath":
            self.alive.pop(device, None)
            self.dead.add(device)
            self.lacking.discard(device)
            return
        if self.run < 0:
            self.lacking.add("the node")
        if what == "dbirth":
            self.alive[device] = names
            self.dead.discard(device)
            self.lacking.discard(device)
        elif device not in self.alive:
            self.rejected += 1
            self.lacking.add(device)

    @property
    def gaps(self) -> int:
        return max(self.seen) + 1 - len(self.seen) if self.seen and self.run >= 0 else 0

    def _end(self) -> None:
        self.missing += self.gaps


OPS = st.lists(
    st.tuples(
        st.sampled_from(["data"] * 6 + ["dbirth", "ddeath", "rebirth", "reconnect", "ndeath", "old death"]),
        st.sampled_from(DEVICES), st.booleans() | st.just(False), st.booleans(),
    ),
    max_size=60,
)  # fmt: skip


def _sent(ops: list[Op]) -> tuple[list[Row], Model]:
    """What arrives, and what is to be known of it."""
    node, model, rows = Node(bd_seq=0), Model(), []
    names = dict.fromkeys(DEVICES, FLOW)
    run = number = 0
    secs = 0.0

    def came(row: Row) -> None:
        rows.append(row)

    def births(lost: bool, new: bool) -> None:
        nonlocal run, number, secs
        run, number = run + 1, 0
        row = node.nbirth(secs)
        # losing the birth of a session that goes on would leave numbers that mean two things
        if not lost or model.run >= 0:
            came(row)
            model.nbirth(run)
        for device in DEVICES:
            number, secs = number + 1, secs + 0.01
            names[device] = SWAPPED if new else FLOW
            came(node.dbirth(secs, device, names[device], Flow_Rate=0.5))
            model.message("dbirth", device, run, number, names[device])
            model.readings.append((device, 0.5))

    for what, device, lost, new in ops:
        secs += 1
        if what in ("rebirth", "reconnect"):
            if what == "reconnect":
                came(node.ndeath(secs))
                model.ndeath(current=True)
                node.bd_seq = (node.bd_seq or 0) + 1
            births(lost and what == "reconnect", new)
        elif what == "ndeath":
            came(node.ndeath(secs))
            model.ndeath(current=True)
        elif what == "old death":
            came(node.ndeath(secs, bd_seq=77))
            model.ndeath(current=False)
        else:
            number += 1
            if what == "data":
                row = node.data(secs, device, Metric("Float", secs, alias=names[device]["Flow/Rate"][0], told=False))
            elif what == "dbirth":
                row = node.dbirth(secs, device, names[device], Flow_Rate=0.25)
            else:
                row = node.ddeath(secs, device)
            if lost:
                continue
            came(row)
            known = model.alive.get(device)
            if what == "data" and known is not None:
                assert known == names[device]
                model.readings.append((device, secs))
            elif what == "dbirth":
                model.readings.append((device, 0.25))
            model.message(what, device, run, number, names[device])
    return rows, model


@settings(max_examples=150, deadline=None)
@given(ops=OPS, cuts=st.lists(st.integers(0, 80), max_size=6), restarts=st.booleans())
def test_any_order_of_births_data_deaths_and_losses_is_followed(ops: list[Op], cuts: list[int], restarts: bool) -> None:
    rows, model = _sent(ops)
    engine = pumps(rebirth_ns=0)
    results = []
    edges = [0, *sorted({cut for cut in cuts if cut < len(rows)}), len(rows)]
    for begin, end in pairwise(edges):
        part = rows[begin:end]
        results.append(engine.step(part, part[-1].received_at if part else at(0), True))
        if restarts:
            engine = ZoneEngine.restore(pickle.loads(pickle.dumps(engine.snapshot())))

    found = [
        (device.rpartition("/")[2], round(value / 3.6, 3))
        for result in results
        for device, quantity, _, value in values(engine, result)
        if quantity == "flow"
    ]
    assert found == [(device, round(value, 3)) for device, value in model.readings]
    counts: dict[str, int] = {}
    for result in results:
        for key, amount in result.counts.items():
            counts[key.term + key.reason] = counts.get(key.term + key.reason, 0) + amount
    assert counts.get("rejectedbirth_missing", 0) == model.rejected
    assert counts.get("missing", 0) == model.missing + model.gaps
    for device in DEVICES:
        index = engine.registry.find("pumps", f"Water/PS1/{device}")
        if index >= 0:
            assert (engine.registry.offline[index] > 0) == (device in model.dead)
    node = engine.edge_nodes.nodes.get(("Water", "PS1"))
    if node is not None:
        assert bool(node.due(at(10_000) + SECOND, 5 * SECOND)) == bool(model.lacking or model.gaps)
