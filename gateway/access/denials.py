"""Denied tries for the audit log, without letting whoever tries fill it.

The first of a kind (who, from where, what) is an entry at once. What comes like it within a minute is counted, and told
by one entry more when the minute is over (`due`, which the next try calls too). Beyond sixty kinds a minute the rest is
counted together. A crash loses the counts of a minute, never a first try. What can't be written is counted on, and told
when it can.
"""

import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass

from gateway.access.audit import AuditLog
from gateway.access.audit_chain import Outcome
from gateway.access.principal import Principal, nobody
from gateway.access.throttle import address_group
from gateway.errors import StoreError

__all__ = ["Denials"]

_MINUTE = 60_000_000_000
_MOST_KINDS = 60
"""Entries a minute at most, roughly."""


@dataclass(slots=True)
class _Kind:
    who: Principal
    act: str
    what: str
    began: int
    more: int = 0


class Denials:
    """Of one process. Calls may come from any thread."""

    def __init__(self, log: AuditLog, *, every: int = _MINUTE, most: int = _MOST_KINDS) -> None:
        self._log = log
        self._every = every
        self._most = most
        self._lock = threading.Lock()
        self._kinds: OrderedDict[tuple[str, str, str], _Kind] = OrderedDict()
        self._others = 0

    def note(self, now: int, who: Principal, act: str, what: str = "", detail: str = "") -> None:
        """A denied try. Raises Retry or Halt where it can't be written."""
        with suppress(StoreError):
            self.due(now)
        group = address_group(who.address)
        key = (who.token, group, act)
        with self._lock:
            known = self._kinds.get(key)
            if known is not None:
                known.more += 1
                return
            if len(self._kinds) >= self._most:
                self._others += 1
                return
            kind = self._kinds[key] = _Kind(who, act, what, now)
        try:
            self._log.append(now, who, act, what, Outcome.DENIED, detail)
        except StoreError:
            self._back({key: kind}, 1, 0)
            raise

    def due(self, now: int, *, stopping: bool = False) -> None:
        """Write what was counted in minutes that are over; when `stopping`, everything."""
        ended, others = dict[tuple[str, str, str], _Kind](), 0
        with self._lock:
            while self._kinds:
                key, kind = next(iter(self._kinds.items()))
                if not stopping and 0 <= now - kind.began < self._every:
                    break
                ended[key] = self._kinds.pop(key)
            if ended:
                others, self._others = self._others, 0
        try:
            for key, kind in list(ended.items()):
                if kind.more:
                    self._log.append(now, kind.who, kind.act, kind.what, Outcome.DENIED, f"{kind.more} more like it")
                del ended[key]
            if others:
                text = f"{others} more by others, too many at once to be told one by one"
                self._log.append(now, nobody(""), "access.denied", "", Outcome.DENIED, text)
        except StoreError:
            self._back(ended, 0, others)
            raise

    def _back(self, untold: dict[tuple[str, str, str], _Kind], more: int, others: int) -> None:
        """It could not be written: `more` of each, and `others`, are still to be told."""
        with self._lock:
            for key, kind in reversed(untold.items()):
                known = self._kinds.get(key)
                if known is None:
                    self._kinds[key] = known = kind
                    self._kinds.move_to_end(key, last=False)
                elif known is not kind:
                    known.more += kind.more
                known.more += more
            self._others += others
