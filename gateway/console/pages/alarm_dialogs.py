"""The dialogs of the page of alarms: why something is shelved, and everything about one alarm."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.console import marks
from gateway.console.console import Console
from gateway.console.frame import where
from gateway.console.nodes import Node, act, el, link
from gateway.console.texts.words import Words
from gateway.console.view.alarm_book import Alarm
from gateway.console.view.alarms import acts_on
from gateway.console.view.format import local_time, with_unit
from gateway.console.view.judged import unit_of_alarm

__all__ = ["detail_dialog", "shelve_dialog"]

_SPANS = ((1_800, "30 min"), (3_600, "1 h"), (7_200, "2 h"), (28_800, "8 h"), (86_400, "24 h"), (259_200, "72 h"))
_USUAL = 28_800


def shelve_dialog(words: Words, alarm: str, title: str) -> Node:
    """Reason and expiry of a shelving: neither may be missing."""
    options = [
        el("option", text, value=str(secs), selected="selected" if secs == _USUAL else None) for secs, text in _SPANS
    ]
    return el(
        "dialog",
        el(
            "form",
            el("h2", title, id="dialog-title"),
            el("label.field", el("span", words("alarms.until")), el("select", *options, name="for")),
            el("label.field.wide", el("span", words("alarms.reason")),
               el("textarea", name="text", rows="3", required="required", maxlength="2000")),
            el("div.ends", act(words("frame.cancel"), "close", class_="b"),
               el("button.b.main", words("alarms.shelve"), type="submit", data_act="shelve", data_key=alarm)),
            data_act="shelve", data_key=alarm,
        ),
        aria_labelledby="dialog-title",
    )  # fmt: skip


def detail_dialog(
    console: Console, words: Words, standing: Alarm | None, changes: Sequence[Mapping[str, Any]], *, may: bool
) -> Node:
    """One alarm: how it stands, what can be done, and all that happened to it, the newest first."""
    newest = changes[0]
    title = words.condition(newest["condition"], console.titles.get(newest["condition"], ""))
    place = where(console, words, newest["asset"])
    unit = unit_of_alarm(console.conditions.get(newest["condition"]), console.profiles)
    state = newest["state"] if standing is None else standing.state
    waits = standing is not None and standing.waits
    rows = [
        el(
            "tr",
            el("td.nowrap", local_time(change["at"], console.zone)),
            el("td", words.term("alarm_change", change["change"]),
               f" ({words('alarms.historic')})" if change["historic"] else None),
            el("td.num", with_unit(change["value"], unit)),
            el("td", change["who"]), el("td", change["text"]),
        )
        for change in changes
    ]  # fmt: skip
    heads = ("alarms.when", "alarms.change", "alarms.value", "alarms.who", "alarms.note")
    return el(
        "dialog.large",
        el("div.stack",
           el("div.row", marks.priority_named(newest["priority"], words, waits=waits),
              el("h2", words("alarms.detail", what=title, where=place), id="dialog-title")),
           el("p.muted", words.term("alarm_state", state), " · ",
              words("alarms.begun", time=local_time(newest["since"], console.zone)), " · ",
              where(console, words, newest["zone"])),
           el("div.row", link(words("alarms.to_asset"), "/asset", {"id": newest["asset"]}, class_="b")),
           _acts(words, standing) if may and standing is not None else None,
           el("h3", words("alarms.happened")),
           el("div.scroll", el("table", el("thead", el("tr", *(el("th", words(key), scope="col") for key in heads))),
                               el("tbody", *rows))),
           el("div.ends", act(words("frame.close"), "close", class_="b"))),
        aria_labelledby="dialog-title",
    )  # fmt: skip


def _acts(words: Words, alarm: Alarm) -> Node:
    """Those that need a few words, over one field for them."""
    buttons = [
        el("button.b", words(f"act.{name}"), type="submit", data_act=name, data_key=alarm.alarm)
        for name in acts_on(alarm)
        if name in ("comment", "out_of_service")
    ]
    return el(
        "form",
        el("label.field.wide", el("span", words("alarms.note")),
           el("textarea", name="text", rows="2", required="required", maxlength="2000")),
        el("div.row", *buttons),
        data_act="comment", data_key=alarm.alarm,
    )  # fmt: skip
