"""The catalogue keeps its own rules: names, levels, closed lists."""

import re
from dataclasses import fields

import pytest

from gateway.reasons import Ignored, Invalid, Rejected, Shed, Unstored
from gateway.telemetry import (
    access_events,
    broker_events,
    edge_events,
    live_events,
    process_events,
    reading_events,
    store_events,
)
from gateway.telemetry.event import Event, Level
from gateway.telemetry.events import EVENTS


def _id(kind: type[Event]) -> str:
    return kind.__name__


def test_the_list_of_events_is_complete() -> None:
    public = {kind.__name__ for kind in EVENTS}

    parts = (access_events, broker_events, edge_events, live_events, process_events, reading_events, store_events)
    assert public == {name for part in parts for name in part.__all__}
    assert len(EVENTS) >= 24


@pytest.mark.parametrize("kind", EVENTS, ids=_id)
def test_an_error_is_named_so_and_nothing_else_is(kind: type[Event]) -> None:
    assert (kind.LEVEL is Level.ERROR) == kind.__name__.endswith("Error")


@pytest.mark.parametrize("kind", EVENTS, ids=_id)
def test_labels_are_fields_with_closed_lists(kind: type[Event]) -> None:
    names = {field.name for field in fields(kind)}

    assert set(kind.LABELS) <= names
    assert not {"device", "topic", "source", "profile", "problem", "detail"} & set(kind.LABELS)
    assert all(0 < len(allowed) <= 64 for allowed in kind.LABELS.values())
    assert not kind.AMOUNT or kind.AMOUNT in names


def test_reasons_are_those_of_the_closed_list() -> None:
    reasons = {str(reason) for listed in (Rejected, Ignored, Shed, Invalid, Unstored) for reason in listed}
    labelled = [kind for kind in EVENTS if "reason" in kind.LABELS]

    assert labelled
    for kind in labelled:
        assert kind.LABELS["reason"] <= reasons


def test_every_reason_that_a_dead_letter_can_have_has_a_label() -> None:
    assert {str(reason) for listed in (Rejected, Invalid, Unstored) for reason in listed} == (
        reading_events.MessageRejected.LABELS["reason"]
    )


def test_counters_have_names_of_their_own() -> None:
    names = [kind.COUNTER for kind in EVENTS]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)


@pytest.mark.parametrize("kind", EVENTS, ids=_id)
def test_every_event_says_what_it_means(kind: type[Event]) -> None:
    assert kind.__doc__
    assert kind.__doc__.split("\n")[0].endswith(".")
    assert kind.EVERY_SECS == 0.0 or 10.0 <= kind.EVERY_SECS <= 3600.0
