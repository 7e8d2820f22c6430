"""What edge nodes did, as their books and a run's truth have it."""

from pathlib import Path

from device_sims.edge.books import EdgeBooks, EdgeSummary
from device_sims.edge.node import EdgeNode
from device_sims.truth.rows import TruthWriter
from tests.support.truth import measured_rows, sent_rows

AT = 1_772_366_400_000_000_000
SECOND = 1_000_000_000


def _node() -> EdgeNode:
    node = EdgeNode("Water", "PS-1", ["Pump-1", "Pump-2"])
    node.will()
    return node


def test_births_data_and_what_was_kept_are_written_as_they_were_said(tmp_path: Path) -> None:
    node = _node()
    with TruthWriter(tmp_path, 0) as truth:
        books = EdgeBooks(EdgeSummary(1, 2), truth)
        for packet in node.births(AT):
            books.sent(node.key(), packet, AT, 1, 2)
        node.keep(0, AT + SECOND)
        for packet in node.kept(AT + 2 * SECOND):
            books.sent(node.key(), packet, AT + 2 * SECOND, 3, 4)
        books.willed(node.death(), AT + 3 * SECOND, 5)

    rows = sent_rows(tmp_path)
    assert [(row["device"], row["sequence"]) for row in rows if row["quantity"] in (None, "flow")] == [
        ("Water/PS-1", 0), ("Water/PS-1/Pump-1", 1), ("Water/PS-1/Pump-2", 2), ("Water/PS-1/Pump-1", 3),
        ("Water/PS-1", 0),
    ]  # fmt: skip
    assert {row["fault"] for row in rows if row["message"] == 3} == {"outage"}
    assert rows[-1]["acked_at"] is None, "whether the broker told a will is not known"
    summary = books.summary
    assert (summary.messages, summary.sent, summary.readings, summary.historical) == (4, 4, 18, 6)
    assert {row["profile"] for row in rows} == {"sparkplug-pump"}


def test_a_lost_message_is_measured_and_declared_and_never_sent(tmp_path: Path) -> None:
    node = _node()
    node.births(AT)
    with TruthWriter(tmp_path, 0) as truth:
        books = EdgeBooks(EdgeSummary(1, 2), truth)
        lost, told = node.data(0, AT + SECOND), node.data(1, AT + SECOND)
        books.measured(lost.device, lost.readings)
        books.lost(node.key(), lost, AT + SECOND)
        books.sent(node.key(), told, AT + SECOND, 1, 1)
        books.born(node.key(), asked=True)

    assert {row["device"] for row in measured_rows(tmp_path)} == {"Water/PS-1/Pump-1"}
    assert {row["device"] for row in sent_rows(tmp_path)} == {"Water/PS-1/Pump-2"}
    assert [(span.device, span.fault, span.start) for span in books.spans] == [
        ("Water/PS-1/Pump-1", "lost", AT + SECOND)
    ]
    assert books.summary.truth == {"missing": [1, 1], "rebirths_asked": [1, 1]}


def test_what_was_not_acknowledged_leaves_the_figures_open() -> None:
    node = _node()
    books = EdgeBooks(EdgeSummary(1, 2))
    node.births(AT)
    books.sent(node.key(), node.data(0, AT), AT, 1, None)

    assert books.summary.sent == 0
    assert books.summary.truth == {"missing": [0, 1], "rebirths_asked": [0, 1]}


def test_a_cut_is_an_outage_of_each_device() -> None:
    node = _node()
    books = EdgeBooks(EdgeSummary(1, 2))
    books.off(node, AT, AT + SECOND)

    assert [(span.device, span.fault, span.end - span.start) for span in books.spans] == [
        ("Water/PS-1/Pump-1", "outage", SECOND), ("Water/PS-1/Pump-2", "outage", SECOND),
    ]  # fmt: skip
    assert books.summary.cuts == 1
