"""Deaths of edge nodes and their devices, by rows on the pure engine."""

from tests.support.conditions import SILENT, judging, seen
from tests.support.sparkplug import L_S, PUMPS, Node, at, count, presence, pumps, replay, requests, run, tick, values


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
