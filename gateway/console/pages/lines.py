"""Lines that several pages have: an alarm in a few words."""

from gateway.console import marks
from gateway.console.console import Console
from gateway.console.frame import where
from gateway.console.nodes import Node, age, el, link
from gateway.console.texts.words import Words
from gateway.console.view.alarm_book import Alarm
from gateway.console.view.format import local_time

__all__ = ["alarm_line"]


def alarm_line(console: Console, words: Words, alarm: Alarm) -> Node:
    """Priority, what it is, where, how it stands, since when."""
    title = words.condition(alarm.condition, console.titles.get(alarm.condition, ""))
    return el(
        "li.row",
        marks.priority(alarm.priority, words, waits=alarm.waits),
        link(title, "/alarms", {"alarm": alarm.alarm}),
        link(where(console, words, alarm.asset), "/asset", {"id": alarm.asset}),
        el("span.muted", words.term("alarm_state", alarm.state)),
        el("span.muted", age(alarm.since, local_time(alarm.since, console.zone))),
    )
