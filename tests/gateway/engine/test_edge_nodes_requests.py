"""When an edge node is asked for its births, by rows on the pure engine: missing numbers, what no birth has named."""

from device_sims.encoders.sparkplug_b import Metric
from processors.flags import Why
from tests.support.sparkplug import L_S, NAMES, Node, asked, at, count, pumps, replay, requests, run, tick, values

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
