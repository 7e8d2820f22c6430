"""How a gateway's status looks in a terminal: used by `status`, `demo` and `run`. Quiet where all is normal."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gateway.cli.alarms import PRIORITIES
from gateway.cli.ledger_view import MESSAGES, READINGS, equation
from gateway.cli.text import clean, count, duration, size

__all__ = ["status_view"]

Status = Mapping[str, Any]


def status_view(status: Status, zone: tzinfo, rows: int = 12) -> RenderableType:
    """The whole picture; `rows` bounds the two lists together."""
    parts: list[RenderableType] = [_headline(status, zone), _flow(status, zone), _ledger(status["ledger"])]
    rejects = status["rejects"][: max(rows // 3, 2)]
    alarms = status["alarms"]["urgent"][: max(rows // 3, 3)]
    if alarms:
        parts.append(_alarms(alarms, status["alarms"]["states"], zone))
    if status["city"]:
        parts.append(_zones(status["city"], max(rows - len(rejects) - len(alarms), 2)))
    if rejects:
        parts.append(_rejects(rejects, zone))
    return Group(*parts)


def _headline(status: Status, zone: tzinfo) -> RenderableType:
    clock = status["clock"]
    line = Text(f"CityLoom {status['version']}", "bold")
    if not status["running"]:
        line.append(f"   no gateway runs on {clean(status['data_dir'], 400)}: read from its files", "yellow")
        return line
    local = datetime.fromtimestamp(clock["now"] / 1e9, zone)
    line.append(f"   city time {local:%Y-%m-%d %H:%M:%S %Z}", "not bold")
    if clock["speed"] != 1:
        line.append(f"  (clock runs {clock['speed']:g} times as fast)", "not bold yellow")
    if not status["live"] and all(source["state"] == "subscribed" for source in status["sources"]):
        line.append("   catching up", "not bold yellow")
    if status["engine"]["clock_suspect"]:
        said = status["engine"]["clock_suspect"]
        line.append(f"   OUR CLOCK {'WAS' if said == 'set back' else 'LOOKS'} {said.upper()}", "bold red")
    return line


def _source(source: Status) -> Text:
    good = source["state"] == "subscribed"
    text = Text(f"{source['name']} {source['state']}", "" if good else "bold yellow")
    text.append(f"   {source['address']}   in flight {count(source['in_flight'])}")
    if source["reconnects"]:
        text.append(f"   reconnected {source['reconnects']} times", "yellow")
    if source["canary"] in ("unproven", "refused"):
        text.append(f"   canary {source['canary']}: not watched whether the broker passes on", "yellow")
    if source["problem"]:
        text.append(f"\n{clean(source['problem'], 400)}", "yellow")
    return text


def _flow(status: Status, zone: tzinfo) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", min_width=8)
    table.add_column()
    for source in status["sources"]:
        table.add_row("broker", _source(source))
    if status["running"]:
        rates, latency = status["rates"], status["latency_ms"]
        table.add_row(
            "rates",
            f"{count(rates['messages_per_s'])} messages/s   {count(rates['readings_per_s'])} readings/s   "
            f"ack p50 {_ms(latency['ack_p50'])} p99 {_ms(latency['ack_p99'])}   "
            f"stored p50 {_ms(latency['stored_p50'])} p99 {_ms(latency['stored_p99'])}",
        )
    inbox, outbox, engine = status["inbox"], status["outbox"], status["engine"]
    full = Text(f"{count(inbox['waiting'])} messages wait   {size(inbox['bytes'])} of {size(inbox['quota_bytes'])}")
    if inbox["full"]:
        full.append("   FULL: nothing more is acknowledged until there is room", "bold red")
    table.add_row("inbox", full)
    facts = [f"{count(engine[name])} {name}" for name in ("devices", "series") if engine[name] is not None]
    facts.append(f"{count(engine['steps'])} calls")
    written, revised = status["aggregates"]["written"], status["aggregates"]["revised"]
    if written is not None:
        facts.append(f"{written:,} aggregates, {revised:,} revised")
    table.add_row("engine", "   ".join(facts))
    _add_floods(table, engine)
    _add_troubles(table, status["troubles"])
    spool = Text(f"{size(outbox['bytes'])} of {size(outbox['quota_bytes'])}")
    if outbox["hours_left"] is not None:
        spool.append(f"   room for {outbox['hours_left']:.0f} h at the current rate")
    if outbox["marks"]:
        spool.append(f"   {count(outbox['marks'])} ranges wait for revision")
    table.add_row("outbox", spool)
    records = status["records"]
    if records is not None and records["problem"]:
        text = Text(f"{records['state']}   {count(records['behind'])} blocks wait", "bold yellow")
        text.append(f"\n{clean(records['problem'], 400)} {clean(records['remedy'], 400)}", "not bold yellow")
        table.add_row("records", text)
    _add_stores(table, status, zone)
    letters = status.get("dead_letters") or {}
    if letters.get("purged"):
        purged = f"{letters['purged']:,} went for want of room, and can't be replayed"
        table.add_row("letters", Text(f"{letters['held']:,} dead letters are held; {purged}", "bold red"))
    _add_delivery(table, status)
    return table


def _add_stores(table: Table, status: Status, zone: tzinfo) -> None:
    for name, store in status["stores"].items():
        normal = store["state"] == "writing" or (store["state"] == "stopped" and not status["running"])
        text = Text(f"{name} {store['state']}", "" if normal else "bold yellow")
        text.append(f"   {store['stored']:,} stored   {count(store['waiting'])} wait")
        if store["refused"]:
            text.append(f"   {store['refused']:,} refused", "yellow")
        if store.get("dropped"):
            text.append(f"   {store['dropped']:,} dropped", "bold red")
        if store["problem"]:
            text.append(f"\n{clean(store['problem'], 400)} {clean(store['remedy'], 400)}", "yellow")
        for span in (store.get("lost") or {}).get("spans", ()):
            text.append(f"\nlost before it was stored: {_span(span, zone)}", "red")
        table.add_row("store", text)


def _span(span: Status, zone: tzinfo) -> str:
    first, last = (datetime.fromtimestamp(span[name] / 1e9, zone) for name in ("from", "to"))
    form = "%H:%M:%S" if first.date() == last.date() else "%Y-%m-%d %H:%M:%S"
    many = f"{span['readings']:,} readings" if span["readings"] else "readings"
    return f"{many} of {first:%Y-%m-%d %H:%M:%S} to {last:{form}}"


def _add_floods(table: Table, engine: Status) -> None:
    """Devices that send too fast."""
    if engine.get("flooding"):
        named = ", ".join(map(clean, engine["flooding"]))
        table.add_row("flood", Text(f"messages are shed, too many come of: {named}", "bold red"))


def _add_delivery(table: Table, status: Status) -> None:
    """Live topics and notifications, where something is wrong with them."""
    live = (status.get("live_hub") or {}).get("mqtt")
    if live is not None and live["problem"]:
        table.add_row("live", Text(f"{live['state']}: {clean(live['problem'], 400)}", "yellow"))
    edges = status.get("sparkplug") or {}
    if edges.get("edge_nodes"):
        text = Text(f"{count(edges['edge_nodes'])} edge nodes, {count(edges['born'])} born")
        text.append(f"   {count(edges['asked'])} asked for births" if edges["asked"] else "")
        if edges["failed"]:
            text.append(f"   {count(edges['failed'])} requests could not be sent", "yellow")
        table.add_row("sparkplug", text)
    notify = status.get("notifications") or {}
    states = notify.get("states", {})
    failed, waiting = states.get("failed", 0), states.get("sending", 0)
    if notify.get("enabled") or failed:
        text = Text(f"{states.get('sent', 0):,} sent   {count(waiting)} wait")
        if failed:
            text.append(f"   {count(failed)} FAILED: `cityloom notifications list --state failed`", "bold red")
        for channel, problem in sorted(notify.get("channels", {}).items()):
            text.append(f"\n{clean(channel)}: {clean(problem, 400)}", "yellow")
        if notify.get("problem"):
            text.append(f"\n{clean(notify['problem'], 400)}", "yellow")
        table.add_row("notify", text)


def _ledger(ledger: Status) -> RenderableType:
    messages, readings = ledger["messages"], ledger["readings"]
    table = Table.grid(padding=(0, 1))
    table.add_row(Text("messages", "dim"), equation(messages.get("received", 0), "received", messages, MESSAGES))
    table.add_row(Text("readings", "dim"), equation(readings.get("decoded", 0), "decoded", readings, READINGS))
    balanced = ledger["balanced"]
    off = ", ".join(f"{name} by {amount:,}" for name, amount in ledger["off"].items())
    title = "ledger: balanced" if balanced else f"ledger: OFF, {off}"
    return Panel(table, title=title, title_align="left", border_style="dim" if balanced else "bold red", expand=False)


def _zones(figures: Sequence[Status], rows: int) -> RenderableType:
    profiles = sorted({figure["profile"] for figure in figures})
    zones: dict[str, dict[str, Status]] = {}
    for figure in figures:
        zones.setdefault(figure["zone"], {})[figure["profile"]] = figure
    table = Table(box=None, padding=(0, 1), title="series reporting in the newest closed minute, by zone",
                  title_justify="left", title_style="dim", header_style="dim")  # fmt: skip
    table.add_column("zone", no_wrap=True)
    for profile in profiles:
        table.add_column(profile.replace("-", "\n"), justify="right")
    busiest = sorted(zones, key=lambda zone: -sum(figure["series"] for figure in zones[zone].values()))
    for zone in busiest[:rows]:
        cells = []
        for profile in profiles:
            found = zones[zone].get(profile)
            cell = Text("" if found is None else str(found["series"]))
            if found is not None and found["good"] < 1:
                cell.append(f" {found['good']:.0%} good", "yellow")
            cells.append(cell)
        table.add_row(clean(zone), *cells)
    if len(busiest) > rows:
        table.add_row(Text(f"and {len(busiest) - rows} more", "dim"))
    sums = {profile: sum(z[profile]["series"] for z in zones.values() if profile in z) for profile in profiles}
    table.add_row(Text("the city", "bold"), *(Text(f"{sums[profile]:,}", "bold") for profile in profiles))
    return table


def _alarms(alarms: Sequence[Status], states: Status, zone: tzinfo) -> RenderableType:
    said = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in sorted(states.items()))
    table = Table(box=None, padding=(0, 1), title=f"alarms: {said}", title_justify="left", title_style="dim",
                  show_header=False)  # fmt: skip
    for alarm in alarms:
        waits = alarm["state"] == "unacknowledged"
        word, style = PRIORITIES.get(alarm["priority"], ("", ""))
        when = datetime.fromtimestamp(alarm["since"] / 1e9, zone)
        value = "" if alarm["value"] is None else f"{alarm['value']:.4g}"
        table.add_row(
            f"{when:%H:%M:%S}", Text(word, style if waits else "dim"), Text(alarm["condition"], "" if waits else "dim"),
            clean(alarm["asset"]), clean(alarm["zone"]), value, Text(alarm["state"].replace("_", " "), "dim"),
        )  # fmt: skip
    return table


def _add_troubles(table: Table, troubles: Status) -> None:
    """Incidents and citizens' reports, where a gateway runs."""
    if not troubles:
        return
    incidents, reports = troubles["incidents"], troubles["reports"]
    text = Text(f"incidents: {incidents['open']} open")
    if incidents["closing"]:
        text.append(f", {incidents['closing']} closing", "dim")
    text.append(f"   reports: {reports['open']} open")
    if reports["overdue"]:
        text.append(f", {reports['overdue']} overdue", "bold yellow")
    table.add_row("hub", text)


def _rejects(rejects: Sequence[Status], zone: tzinfo) -> RenderableType:
    table = Table(box=None, padding=(0, 1), title="newest dead letters", title_justify="left", title_style="dim",
                  show_header=False)  # fmt: skip
    for shrinks in (False, False, True, True):
        table.add_column(no_wrap=not shrinks)
    for reject in rejects:
        when = datetime.fromtimestamp(reject["received_at"] / 1e9, zone)
        strange = (Text(clean(reject[name]), no_wrap=True, overflow="ellipsis") for name in ("topic", "detail"))
        table.add_row(f"{when:%H:%M:%S}", Text(reject["reason"], "yellow"), *strange)
    return table


def _ms(value: float | None) -> str:
    return "-" if value is None else duration(value / 1000)
