"""Sparkplug sessions on the pure engine: each rule by the rows that it is about."""

import pickle
from typing import Any

import numpy as np

from device_sims.sparkplug_b import Metric, encode
from gateway.engine.results import EdgeNote, StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import RETAIN
from processors.flags import Flag, Why
from tests.support.conditions import SILENT, judging, seen
from tests.support.engine import SECOND
from tests.support.sparkplug import NAMES, PUMPS, Node, at, pumps, replay, values

L_S = 3.6
"""m3/h a litre a second."""


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


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_255_is_followed_by_0_without_a_gap() -> None:
    engine, node = pumps(), Node()
    rows = node.births(0, "P1") + [node.flow(1 + k, "P1", 1.0) for k in range(600)]

    result = run(engine, *rows)

    assert node.seq == 602 % 256
    assert count(result, "missing") == 0
    assert requests(engine, 700, 800) == []


def test_whichever_number_a_birth_begins_with_is_taken() -> None:
    engine, node = pumps(), Node()

    result = run(engine, node.nbirth(0, seq=200), node.dbirth(0.1, "P1"), node.flow(1, "P1", 1.0))

    assert count(result, "missing") == 0
    assert requests(engine, 60) == []


def test_one_lost_message_is_counted_and_asks_exactly_once() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1"))
    node.flow(1, "P1", 1.0)  # lost

    result = run(engine, node.flow(2, "P1", 2.0))

    assert values(engine, result) == [("Water/PS1/P1", "flow", 2, 2 * L_S)], "what came is read all the same"
    assert count(result, "missing") == 1
    assert requests(engine, 3, 6.9, 7, 8, 30) == [7], "five seconds after the gap was seen"
    result = run(engine, *node.births(31, "P1"), node.flow(32, "P1", 3.0))
    assert not asked(result)
    assert requests(engine, 33, 60, 200, 4000) == []


def test_a_message_that_was_only_overtaken_asks_for_nothing() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1"))
    first, second = node.flow(1, "P1", 1.0), node.flow(1.1, "P1", 2.0)

    result = run(engine, second, node.row("DDATA", 1.2, first.payload, "P1"))

    assert count(result, "missing") == 0
    assert len(result.readings) == 2
    assert requests(engine, 5, 20, 100) == []


def test_a_copy_is_no_gap() -> None:
    engine, node = pumps(), Node()
    row = node.births(0, "P1")[-1]
    rows = [Node().nbirth(0), row, node.flow(1, "P1", 1.0)]

    result = run(engine, *rows, rows[-1])

    assert count(result, "missing") == 0
    assert count(result, "duplicate") == 1
    assert requests(engine, 60) == []


def test_more_than_half_a_round_lost_is_a_gap_and_no_copy() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1"))
    for k in range(200):
        node.flow(1 + k, "P1", 1.0)

    result = run(engine, node.flow(300, "P1", 2.0))

    assert count(result, "missing") == 200
    assert requests(engine, 306) == [306]


def test_numbers_run_over_all_devices_of_a_node_and_each_node_has_its_own() -> None:
    engine, one, other = pumps(), Node("PS1"), Node("PS2")
    result = run(engine, *one.births(0, "P1", "P2"), *other.births(1, "P1"), one.flow(2, "P2", 1.0),
                 other.flow(3, "P1", 1.0), one.flow(4, "P1", 1.0), one.data(5, "", Metric("Int32", 1, "Other")),
                 one.ddeath(6, "P2"), one.flow(7, "P1", 2.0))  # fmt: skip

    assert count(result, "missing") == 0
    assert requests(engine, 60) == []


# -- what can't be named -----------------------------------------------------------------------------------------------


def test_data_before_a_birth_is_kept_and_can_be_replayed_after_it() -> None:
    engine, node = pumps(), Node()
    result = run(engine, node.flow(1, "P1", 5.0, seq=17))

    assert [reject.reason for reject in result.rejects] == ["birth_missing"]
    assert count(result, "rejected", "birth_missing") == 1
    assert requests(engine, 2, 6, 7) == [6]
    born = run(engine, *node.births(8, "P1"))
    assert not asked(born)

    again = run(engine, replay(result.rejects[0], 9))

    assert values(engine, again) == [("Water/PS1/P1", "flow", 1, 5 * L_S)]
    assert again.readings.why.tolist() == [Why.REPLAYED]
    assert requests(engine, 60, 100) == [], "a replayed message is no message of the session"


def test_a_message_of_another_session_is_not_named_by_this_ones_births() -> None:
    engine, node = pumps(), Node(bd_seq=3)
    early = run(engine, node.flow(1, "P1", 5.0, seq=17)).rejects[0]
    run(engine, node.ndeath(2))
    node.bd_seq = 4
    run(engine, *node.births(3, "P1"))

    again = run(engine, replay(early, 9))

    assert [reject.reason for reject in again.rejects] == ["birth_missing"]
    assert not len(again.readings)


def test_an_unknown_alias_costs_its_metric_only_and_asks_for_a_birth() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1"))

    mixed = node.data(1, "P1", Metric("Float", 1.0, alias=1, told=False), Metric("Float", 2.0, alias=44, told=False))
    result = run(engine, mixed)

    assert values(engine, result) == [("Water/PS1/P1", "flow", 1, L_S)]
    assert [(r.reason, r.detail, r.device) for r in result.rejects] == [
        ("alias_unknown", "no birth has named alias 44", "Water/PS1/P1")
    ]
    assert count(result, "invalid", "alias_unknown") == 1
    assert requests(engine, 5.9, 6, 7, 20) == [6]
    alone = run(engine, node.data(21, "P1", Metric("Float", 2.0, alias=44, told=False)))
    assert [reject.reason for reject in alone.rejects] == ["alias_unknown"]
    more = {**NAMES, "Flow/Rate": (44, "Float")}
    run(engine, node.nbirth(22), node.dbirth(22.1, "P1", more))
    assert values(engine, run(engine, replay(alone.rejects[0], 23))) == [("Water/PS1/P1", "flow", 21, 2 * L_S)]


def test_a_device_whose_birth_was_overtaken_by_its_data_asks_only_where_it_stays_away() -> None:
    engine, node = pumps(), Node()
    birth, data = node.births(0, "P1")[1], node.flow(1, "P1", 1.0)
    result = run(engine, node.nbirth(0), data)
    assert [reject.reason for reject in result.rejects] == ["birth_missing"]

    run(engine, node.row("DBIRTH", 2, birth.payload, "P1"))

    assert requests(engine, 8, 60) == []


def test_data_by_name_needs_no_birth_but_where_its_sign_is_not_said() -> None:
    engine, node = pumps(), Node()

    named = node.data(1, "P1", Metric("Float", 1.0, "Flow/Rate", told=False), seq=3)
    result = run(engine, named, node.data(2, "P1", Metric("Int16", -1, "Level", told=False)))

    assert values(engine, result) == [("Water/PS1/P1", "flow", 1, L_S)]
    assert [reject.reason for reject in result.rejects] == ["birth_missing"]
    assert requests(engine, 10) == [10]


def test_a_node_that_does_not_answer_is_asked_ever_more_seldom() -> None:
    engine, node = pumps(), Node()
    run(engine, node.flow(0, "P1", 1.0, seq=1))

    assert requests(engine, *range(1, 8000, 5)) == [6, 66, 186, 426, 906, 1866, 3786, 7386]


def test_a_birth_that_mends_nothing_makes_no_storm() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1"))
    when = []
    for k in range(60):
        result = run(engine, node.data(10 + 10 * k, "P1", Metric("Float", 1.0, alias=99, told=False)))
        result = tick(engine, 16 + 10 * k)
        if asked(result):
            when.append(16 + 10 * k)
            run(engine, *node.births(17 + 10 * k, "P1"))

    assert when == [16, 76, 196, 436]


def test_nobody_is_asked_where_the_operator_says_so() -> None:
    engine, node = pumps(rebirth_ns=0), Node()
    run(engine, node.flow(0, "P1", 1.0))

    assert requests(engine, 10, 100, 10_000) == []


def test_nobody_is_asked_while_older_rows_wait_to_be_read() -> None:
    engine, node = pumps(), Node()
    row = node.flow(0, "P1", 1.0)

    result = engine.step([row, Node("PS2").ndeath(30)], at(300), False)

    assert not asked(result)
    assert requests(engine, 301) == [301]


# -- deaths ------------------------------------------------------------------------------------------------------------


def test_the_death_of_a_node_takes_all_its_devices_off_at_our_time() -> None:
    engine, node = pumps(), Node(bd_seq=7)
    run(engine, *node.births(0, "P1", "P2"), node.flow(1, "P1", 1.0))

    result = run(engine, node.ndeath(20))

    assert presence(result) == [("offline", "", 20), ("offline", "P1", 20), ("offline", "P2", 20)]
    assert engine.registry.offline[:2].tolist() == [at(20), at(20)]
    assert count(result, "ignored", "session") == 1


def test_a_death_with_another_bd_seq_changes_nothing() -> None:
    engine, node = pumps(), Node(bd_seq=7)
    run(engine, *node.births(0, "P1"))

    result = run(engine, node.ndeath(5, bd_seq=6), node.flow(6, "P1", 1.0))

    assert presence(result) == []
    assert len(result.readings) == 1
    assert engine.registry.offline[0] == 0
    assert requests(engine, 60) == []


def test_a_rebirth_repeats_the_bd_seq_and_its_will_still_counts() -> None:
    engine, node = pumps(), Node(bd_seq=7)
    run(engine, *node.births(0, "P1"), *node.births(10, "P1"))

    assert presence(run(engine, node.ndeath(20))) == [("offline", "", 20), ("offline", "P1", 20)]


def test_a_stack_that_restarts_at_0_is_born_and_dies_as_any_other() -> None:
    engine, node = pumps(), Node(bd_seq=0)
    run(engine, *node.births(0, "P1"), node.ndeath(5))

    result = run(engine, *node.births(6, "P1"), node.flow(7, "P1", 1.0))

    assert presence(result) == [("online", "", 6), ("online", "P1", 6.001)]
    assert engine.registry.offline[0] == 0
    assert presence(run(engine, node.ndeath(8)))[0] == ("offline", "", 8)


def test_a_will_that_overtakes_the_next_birth_is_mended_by_asking() -> None:
    engine, node = pumps(), Node(bd_seq=0)
    run(engine, *node.births(0, "P1"), *node.births(10, "P1"), node.ndeath(10.5))

    result = run(engine, node.flow(11, "P1", 1.0))

    assert [reject.reason for reject in result.rejects] == ["birth_missing"]
    assert requests(engine, 16) == [16]
    run(engine, *node.births(17, "P1"))
    assert values(engine, run(engine, replay(result.rejects[0], 18))) == [("Water/PS1/P1", "flow", 11, L_S)]


def test_the_death_of_a_device_is_of_the_payloads_time() -> None:
    engine, node = pumps(), Node()
    run(engine, *node.births(0, "P1", "P2"))

    result = run(engine, node.ddeath(20, "P1", told=18), node.flow(21, "P2", 1.0))

    assert presence(result) == [("offline", "P1", 18)]
    assert engine.registry.offline[:2].tolist() == [at(18), 0]
    assert len(result.readings) == 1


def test_a_dead_device_is_silent_at_once_and_until_it_is_born_again() -> None:
    engine, node = judging(SILENT, profiles=(PUMPS,)), Node()
    run(engine, *node.births(0, "P1"), node.flow(1, "P1", 1.0))
    assert seen(tick(engine, secs) for secs in range(2, 15)) == []

    result = [run(engine, node.ndeath(20))]
    result += [tick(engine, secs) for secs in range(21, 35)]

    assert seen(result) == [("raised", "Water/PS1/P1", 1, 20)]
    result = [run(engine, *node.births(40, "P1", "P2"))]
    result += [tick(engine, secs) for secs in range(41, 60)]
    assert [(change.change, change.asset) for change in seen(result)] == [("returned", "Water/PS1/P1")]


def test_a_device_that_dies_in_the_call_in_which_it_is_met_is_off() -> None:
    engine, node = pumps(), Node()

    run(engine, *node.births(0, "P1"), node.ddeath(1, "P1"))

    assert engine.registry.offline[0] == at(1)


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
