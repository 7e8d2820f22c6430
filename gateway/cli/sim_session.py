"""What the commands of `cityloom sim` share: where to publish, the city's clock, progress, the line at the end."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from device_sims.city.devices import City
from device_sims.clients.endpoint import Tls, parse_broker
from device_sims.fleet.message import Message
from device_sims.physics.extra import MissingExtraError
from device_sims.run import Plan, Summary, record, simulate
from device_sims.sources.site import Site, write_site
from device_sims.sources.source import Playable, Source
from gateway.cli.door import Config, Json, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.times import local_text, parse_span, parse_time
from gateway.errors import CommandError

__all__ = ["Sending", "Session", "play"]

_SHOWN_EVERY = 0.2
_REMEDY = "`--help` has examples."


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Sending:
    """Where it goes, in which clock, for how long."""

    broker: str = "127.0.0.1:1883"
    "HOST:PORT, mqtt://HOST or mqtts://HOST."
    username: str = ""
    "Where the broker asks for one."
    password_file: Annotated[Path | None, Parameter(show_default=False)] = None
    "File with the broker's password."
    ca_file: Annotated[Path | None, Parameter(show_default=False)] = None
    "Authority that signed the broker's certificate (PEM), where the system doesn't know it."
    origin: str = ""
    "City time of the beginning, such as 2026-03-02T07:00; now where empty."
    speed: float = 1.0
    "City seconds a real second."
    for_: Annotated[str, Parameter(name="--for")] = ""
    "Stop after so long, such as 30s, 10m; with --record after so much city time, times --speed."
    limit: Annotated[int | None, Parameter(show_default=False)] = None
    "Stop after so many messages."
    truth: Annotated[Path | None, Parameter(show_default=False)] = None
    "Folder for what each device measured and sent; new."
    record: Annotated[Path | None, Parameter(show_default=False)] = None
    "Publish nothing; write a recording (.jsonl.gz) for `cityloom replay`."
    site: Annotated[Path | None, Parameter(show_default=False)] = None
    "Write there what a gateway has to know of these devices: `cityloom run -c SITE/cityloom.toml`."
    config: Config = None
    json: Json = False


@dataclass(frozen=True, slots=True)
class Session:
    """The clock that a source is built for."""

    zone: ZoneInfo
    origin: int

    @property
    def midnight(self) -> int:
        """The local midnight at the origin or before, UTC ns."""
        local = datetime.fromtimestamp(self.origin // 1_000_000_000, self.zone)
        return round(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1_000_000_000


def play(what: str, sending: Sending, build: Callable[[Session], tuple[Source, Site]]) -> int:
    """Build the source and play it. `what` says what is done, such as "replaying".

    Raises:
        CommandError: something that was given makes no sense, or an extra isn't installed.
    """
    zone = city_zone(settings_of(sending.config, None))
    if sending.speed <= 0:
        raise CommandError(f"--speed must be above 0, not {sending.speed:g}.", _REMEDY, 2)
    if sending.limit is not None and sending.limit < 1:
        raise CommandError(f"--limit must be 1 or more, not {sending.limit}.", _REMEDY, 2)
    session = Session(zone, parse_time(sending.origin, zone) or time.time_ns())
    for_secs = parse_span(sending.for_) if sending.for_ else None
    try:
        endpoint = parse_broker(
            sending.broker, sending.username or None, sending.password_file, Tls(sending.ca_file)
        )  # fmt: skip
        source, site = build(session)
        if sending.site is not None:
            write_site(sending.site, site)
        plan = Plan(
            endpoint, session.origin, 0, sending.speed, for_secs=for_secs, truth=sending.truth, record=sending.record,
        )  # fmt: skip
        summary = _run(what, sending, source, site.city, session, plan)
    except MissingExtraError as error:
        raise CommandError(f"{error}.", error.remedy, 2) from error
    except (ValueError, OSError) as error:
        raise CommandError(f"{str(error).rstrip('.')}.", _REMEDY, 2) from error
    if sending.json:
        print_json(summary.as_dict())
    else:
        where = sending.record or sending.broker
        console().print(
            f"{summary.devices} devices: {summary.sent:,} of {summary.messages:,} messages "
            f"({summary.readings:,} readings) went to {where}"
        )
    return 0 if summary.sent == summary.messages else 1


def _run(what: str, sending: Sending, source: Source, city: City, session: Session, plan: Plan) -> Summary:
    out = console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=out, disable=not out.is_terminal, transient=True) as bar:
        shown = _Shown(what, bar, session.zone)
        playable = Playable(source, city, sending.limit, shown.saw)
        if plan.record is None:
            playable.prime()
            started = replace(plan, start=time.time_ns())
            return asyncio.run(simulate(started, lambda sentence: _say(out, sentence), source=playable))
        until = None if plan.for_secs is None else session.origin + round(plan.for_secs * plan.speed * 1e9)
        return record(replace(plan, until=until), lambda _: None, playable)


class _Shown:
    """One line: how many messages, how many a second, and what the city's clock reads."""

    def __init__(self, what: str, bar: Progress, zone: ZoneInfo) -> None:
        self._what, self._bar, self._zone = what, bar, zone
        self._begun = self._shown = time.monotonic()
        self._count = 0
        self._task = bar.add_task(f"{what}: computing")

    def saw(self, message: Message) -> None:
        self._count += 1
        now = time.monotonic()
        if now - self._shown >= _SHOWN_EVERY:
            self._shown = now
            rate = self._count / (now - self._begun)
            at = local_text(message.due // 1_000_000_000 * 1_000_000_000, self._zone)
            text = f"{self._what}: {self._count:,} messages, {rate:,.0f}/s, city time {at}"
            self._bar.update(self._task, description=text)


def _say(out: Console, sentence: str) -> None:
    out.print(sentence, markup=False)
