"""Sparkplug sessions on the pure engine, each rule by the rows that it is about: births, what is kept, state."""

import pickle

import numpy as np

from device_sims.encoders.sparkplug_b import Metric, encode
from gateway.engine.zone import ZoneEngine
from gateway.rows import RETAIN
from processors.flags import Flag, Why
from tests.support.aliasing import shared_parts
from tests.support.sparkplug import L_S, NAMES, PUMPS, Node, at, count, pumps, requests, run, values

# -- births, aliases, types --------------------------------------------------------------------------------------------


def test_data_by_alias_is_read_under_the_name_that_the_birth_gave_it() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1", "P2"))

    result = run(engine, node.flow(1, "P1", 2.0), node.flow(2, "P2", 3.0))

    assert values(engine, result) == [("Water/PS1/P1", "flow", 1, 2 * L_S), ("Water/PS1/P2", "flow", 2, 3 * L_S)]
    assert [record.id for record in engine.registry.records] == ["Water/PS1/P1", "Water/PS1/P2"]


def test_a_birth_carries_readings_and_a_null_is_missing() -> None:
    engine, node = pumps(), Node()

    result = run(engine, node.nbirth(0), node.dbirth(1, "P1", Flow_Rate=1.5))

    assert values(engine, result)[0] == ("Water/PS1/P1", "flow", 1, 1.5 * L_S)
    assert result.readings.flag.tolist() == [Flag.UNKNOWN, Flag.MISSING, Flag.MISSING]
    assert count(result, "ignored", "session") == 1, "a birth of the node alone is nobody's reading"


def test_signed_whole_numbers_have_the_width_of_the_births_type() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1"))

    result = run(engine, node.data(1, "P1", Metric("Int16", -250, alias=2, told=False)))

    assert values(engine, result) == [("Water/PS1/P1", "level", 1, -0.25)]


def test_a_rebirth_may_give_an_alias_to_another_metric() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1"))
    swapped = {"Flow/Rate": (2, "Float"), "Level": (1, "Int16")}

    result = run(
        engine, node.nbirth(5), node.dbirth(5.1, "P1", swapped),
        node.data(6, "P1", Metric("Float", 4.0, alias=2, told=False)),
    )  # fmt: skip

    assert values(engine, result)[-1] == ("Water/PS1/P1", "flow", 6, 4 * L_S)


def test_a_nodes_own_metrics_are_read_under_the_nodes_key() -> None:
    engine, node = pumps(), Node()

    result = run(engine, node.nbirth(0, metrics=[Metric("Float", 7.0, "Flow/Rate", 70)]), node.flow(1, "", 8.0))

    assert values(engine, result) == [("Water/PS1", "flow", 0, 7 * L_S)]
    result = run(engine, node.data(2, "", Metric("Float", 9.0, alias=70, told=False)))
    assert values(engine, result) == [("Water/PS1", "flow", 2, 9 * L_S)]


def test_each_metric_has_its_own_time_or_else_the_payloads() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1"))

    result = run(
        engine,
        node.data(9, "P1", Metric("Float", 1.0, alias=1, ts=at(7), told=False), Metric("Boolean", True, alias=3)),
    )

    assert values(engine, result) == [("Water/PS1/P1", "flow", 7, L_S), ("Water/PS1/P1", "running", 9, 1)]


# -- what is kept, what is refused -------------------------------------------------------------------------------------


def test_what_a_device_kept_is_stored_as_historical_and_moves_no_clock() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1"), node.flow(10, "P1", 1.0))
    offset, mark = engine.registry.offset[0], engine.watermarks()[("unzoned", "pumps")]
    kept = [Metric("Float", float(k), alias=1, ts=at(20 + k), told=False, historical=True) for k in range(3)]

    result = run(engine, node.data(7200, "P1", *kept, Metric("Float", 9.0, alias=1, ts=at(7200), told=False)))

    assert [secs for _, _, secs, _ in values(engine, result)] == [20, 21, 22, 7200]
    assert [Why(why) for why in result.readings.why.tolist()] == [Why.HISTORICAL] * 3 + [Why.NONE]
    assert engine.registry.offset[0] == offset
    assert engine.watermarks()[("unzoned", "pumps")] > mark


def test_what_is_no_reading_is_refused_by_name_where_the_profile_wants_it() -> None:
    engine, node = pumps(), Node()
    odd = {"Flow/Rate": (1, "DataSet"), "Level": (2, "Template"), "Running": (3, "Boolean"), "Other": (9, "Bytes")}
    run(engine, node.nbirth(0), node.dbirth(0.1, "P1", odd))

    result = run(
        engine,
        node.data(
            1, "P1", Metric("DataSet", "x", alias=1), Metric("Template", "v", alias=2),
            Metric("Boolean", True, alias=3), Metric("Bytes", b"x", alias=9),
        ),
    )  # fmt: skip

    assert values(engine, result) == [("Water/PS1/P1", "running", 1, 1)]
    assert count(result, "invalid", "wrong_type") == 2
    assert "flow: Flow/Rate is a data set, which is no reading" in {reject.detail for reject in result.rejects}


def test_retained_and_unreadable_messages_change_nothing() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1"))
    broken = node.row("NDATA", 1, b"\xff\xff")
    kept = node.row("NBIRTH", 2, encode(at(2), 0, ()), flags=RETAIN)

    result = run(engine, broken, kept, node.flow(3, "P1", 1.0))

    assert [reject.reason for reject in result.rejects] == ["unreadable"]
    assert count(result, "ignored", "retained") == 1
    assert len(result.readings) == 1


def test_a_host_s_state_is_ignored() -> None:
    engine = pumps()
    row = Node("scada").row("STATE", 1, b'{"online":true}')
    row = type(row)(row.received_at, row.kind, row.source, row.flags, "spBv1.0/STATE/scada", row.payload)

    result = run(engine, row)

    assert count(result, "ignored", "no_reading") == 1
    assert not result.rejects


# -- state -------------------------------------------------------------------------------------------------------------


def test_a_session_survives_a_snapshot_whole() -> None:
    engine, node = pumps(), Node(bd_seq=5)
    run(engine, *node.births(0, "P1", "P2"), node.flow(1, "P1", 1.0), node.ddeath(2, "P2"))
    node.flow(3, "P1", 1.0)  # lost
    run(engine, node.flow(4, "P1", 1.0))

    assert shared_parts(engine.snapshot(), engine) == []
    twin = ZoneEngine.restore(pickle.loads(pickle.dumps(engine.snapshot())))

    for one in (engine, twin):
        assert requests(one, 8, 9, 10) == [9]
    more = [node.flow(11, "P1", 2.0), node.flow(12, "P2", 2.0), node.ndeath(13)]
    mine, its = (one.step(more, at(13), True) for one in (engine, twin))
    assert mine.counts == its.counts
    assert mine.edges == its.edges
    assert mine.rejects == its.rejects
    np.testing.assert_array_equal(mine.readings.value, its.readings.value)


def test_nodes_and_their_devices_are_bounded_and_nothing_is_lost() -> None:
    engine = pumps(max_devices=2)
    result = run(engine, *(Node(f"N{k}").nbirth(k) for k in range(4)))

    assert [reject.reason for reject in result.rejects] == ["node_limit", "node_limit"]
    assert len(engine.edge_nodes.nodes) == 2


def test_metrics_are_bounded() -> None:
    engine, node = pumps(), Node()
    engine.edge_nodes._most_metrics = 4

    result = run(engine, node.nbirth(0), node.dbirth(1, "P1"))

    assert [reject.reason for reject in result.rejects] == ["node_limit"]
    assert "more than 4 metrics" in result.rejects[0].detail


def test_long_names_of_metrics_count_as_several() -> None:
    engine, node = pumps(), Node()
    engine.edge_nodes._most_metrics = 100
    names = {**NAMES, "x" * 30_000: (7, "Float")}

    result = run(engine, node.nbirth(0), node.dbirth(1, "P1", names=names))

    assert [reject.reason for reject in result.rejects] == ["node_limit"]


def test_strangers_nodes_are_as_few_as_strangers_devices() -> None:
    engine = pumps(max_met_devices=2)
    result = run(engine, *(Node(f"N{k}").nbirth(k) for k in range(6)))

    assert [reject.reason for reject in result.rejects] == ["node_limit"] * 4
    assert "engine.max_met_devices" in result.rejects[0].detail


def test_two_profiles_share_the_session_of_a_node() -> None:
    from tests.support.engine import START, config_row, content

    gauges = {
        "name": "gauges", "codec": "sparkplug", "interval_secs": 10, "identity": {"edge_node": True},
        "topics": [f"spBv1.0/{{group}}/{kind}/{{node}}/gauge-{{device}}" for kind in ("DBIRTH", "DDATA", "DDEATH")],
        "fields": {"level": {"path": "Level", "unit": "mm"}},
    }  # fmt: skip
    engine = ZoneEngine()
    engine.step([config_row(content(profiles=(PUMPS, gauges)))], START - 1, live=False)
    node = Node()

    result = run(
        engine, *node.births(0, "P1", "gauge-1"), node.flow(1, "P1", 1.0),
        node.data(2, "gauge-1", Metric("Int16", 500, alias=2, told=False)), node.flow(3, "P1", 2.0),
    )  # fmt: skip

    assert count(result, "missing") == 0
    assert {name.profile for name in engine.registry.series if name.device == "Water/PS1/gauge-1"} == {"gauges"}
    assert sorted(values(engine, result))[-1] == ("Water/PS1/gauge-1", "level", 2, 0.5)
