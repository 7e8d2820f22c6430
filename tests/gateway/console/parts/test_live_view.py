"""Only differences go to a browser; what comes from one is taken for texts."""

from gateway.console.nodes import el
from gateway.console.parts.live_view import differences

ONE, OTHER = el("td", "1"), el("td", "2")


def test_nothing_differs() -> None:
    assert differences({"a": ONE}, {"a": el("td", "1")}) is None


def test_a_changed_node_goes_without_the_order() -> None:
    assert differences({"a": ONE, "b": ONE}, {"a": OTHER, "b": ONE}) == {"set": {"a": OTHER}, "order": None}


def test_a_new_node_and_the_order() -> None:
    assert differences({"a": ONE}, {"b": OTHER, "a": ONE}) == {"set": {"b": OTHER}, "order": ["b", "a"]}


def test_one_that_is_gone() -> None:
    assert differences({"a": ONE, "b": ONE}, {"b": ONE}) == {"set": {}, "order": ["b"]}
