"""What all pages share: the link, the feed of what changes, what the files say of the city, who is looking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from zoneinfo import ZoneInfo

from gateway.access.gate import Gate
from gateway.config.conditions.model import ConditionModel
from gateway.config.incidents import IncidentRules
from gateway.config.profiles import Profile
from gateway.console.city_plan import CityPlan
from gateway.console.feed import Feed
from gateway.console.known import Known
from gateway.console.seams import Note, Who, no_note
from gateway.console.view.places import Places
from gateway.link.link import Link
from gateway.reports.press import Press

__all__ = ["Console"]


@dataclass(slots=True)
class Console:
    """Made once a process. What the files say is that of the newest reload, whenever it is asked for."""

    link: Link
    who: Who
    sign_in: str = ""
    """Where to go to sign in, and where to sign out (POST); "" where there is no such page."""
    sign_out: str = ""
    note: Note = no_note
    gate: Gate | None = None
    """Tokens, sessions and the audit log, where the console is not by itself."""
    press: Press | None = None
    """Makes daily and weekly reports."""
    feed: Feed = field(init=False)
    _known: Known = field(init=False)
    _clock: tuple[int, float, float] | None = None
    _clock_version: int = -1

    def __post_init__(self) -> None:
        self.feed = Feed(self.link)
        self._known = Known.of(self.link.files, self.feed)

    @property
    def known(self) -> Known:
        """What the files say that are in force."""
        if self._known.files is not self.link.files:
            self._known = Known.of(self.link.files, self.feed)
        return self._known

    @property
    def places(self) -> Places:
        """Zones and assets."""
        return self.known.places

    @property
    def plan(self) -> CityPlan:
        """The same as the map draws it."""
        return self.known.plan

    @property
    def zone(self) -> ZoneInfo:
        """Of the city's clocks."""
        return self.known.zone

    @property
    def conditions(self) -> Mapping[str, ConditionModel]:
        """By name."""
        return self.known.conditions

    @property
    def titles(self) -> Mapping[str, str]:
        """Of conditions, as their file has it."""
        return self.known.titles

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """By name."""
        return self.known.profiles

    @property
    def rules(self) -> IncidentRules:
        """What belongs together, and what citizens may report."""
        return self.known.rules

    @property
    def tile_url(self) -> str:
        """Where the map's tiles come from; "" where there are none."""
        return self.link.settings.web.tile_url or ""

    def clock(self) -> tuple[int, float] | None:
        """The city's time (UTC ns) and how fast it runs; None before a gateway has told."""
        status = self.feed.status
        if status.version != self._clock_version and status.answer is not None:
            told = status.answer["clock"]
            self._clock = (int(told["now"]), float(told["speed"]), status.answered)
            self._clock_version = status.version
        if self._clock is None:
            return None
        now, speed, when = self._clock
        return now + round((monotonic() - when) * speed * 1e9), speed

    def now(self) -> int:
        """The city's time, UTC ns; 0 before it is known."""
        known = self.clock()
        return 0 if known is None else known[0]
