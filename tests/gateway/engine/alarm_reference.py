"""Alarms told once more, slowly and plainly: a dictionary a key, one signal after the other, straight from the rules.

Shares no code with the engine. A tuple of a transition is
(change, state, level, priority, value, at, now, since, historic, who, text, until, alarm).
"""

import hashlib
from math import isnan
from typing import Any

Told = tuple[Any, ...]


class Reference:
    """One key."""

    def __init__(self, condition: str, asset: str, max_age: int) -> None:
        self.name = (condition, asset)
        self.max_age = max_age
        self.told: list[Told] = []
        self.announced_at: list[int] = []
        self.rules: dict[str, Any] = {}
        self.here = False
        self._afresh()

    def _afresh(self) -> None:
        self.signal: dict[str, Any] = {"newest": None, "level": 0, "value": None, "turned": None}
        self.alarm: dict[str, Any] = {}
        self.aside: dict[str, Any] = {}
        self.record: dict[str, Any] = {}

    def define(self, **rules: Any) -> None:
        self.rules = rules
        if not self.here:
            self._afresh()
        self.here = True

    def retire(self, now: int) -> None:
        if self.here and (self.alarm or self.aside):
            self.alarm, self.aside = {}, {}
            self._tell("retired", now, now)
        self._afresh()
        self.here = False

    # -- the process --

    def observe(self, ts: int, level: int, held: int, value: float, now: int) -> None:
        signal = self.signal
        if not self.here or (signal["newest"] is not None and ts < signal["newest"]):
            return
        signal["newest"] = ts
        self._time(ts, now)
        was = signal["level"]
        stands = level if level > was else (was if was <= held else held)
        if stands != was:
            signal["level"], signal["value"] = stands, value
            active = self.alarm.get("active", False)
            if (stands > 0) == active:
                signal["turned"] = None
            elif (stands > 0) != (was > 0):
                signal["turned"] = ts
            if active and stands > 0 and stands != self.alarm["level"]:
                self.alarm["level"], self.alarm["value"] = stands, value
                if self.alarm["acked"] is not None and stands > self.alarm["acked"]:
                    self.alarm["acked"] = None
                    self._ring(ts)
                self._tell("level", ts, now)
        self._time(ts, now)

    def advance(self, watermarks: list[int], now: int, live: bool) -> None:
        if self.here and 0 <= self.rules["lane"] < len(watermarks):
            self._time(watermarks[self.rules["lane"]], now)
        until = self.aside.get("shelved")
        if until is not None and until <= now:
            del self.aside["shelved"]
            self._ring_if_new(now)
            self._tell("unshelved", until, now)
            self._close()
        if live and self.alarm.get("active") and self.alarm["historic"] and self.signal["turned"] is None:
            self.alarm["historic"] = False
            self._ring_if_new(now)
            self._tell("raised", self.record["since"], now)

    def _time(self, reached: int, now: int) -> None:
        turned = self.signal["turned"]
        if turned is None:
            return
        wrong = self.signal["level"] > 0
        due = turned + self.rules["on" if wrong else "off"]
        if reached < due:
            return
        self.signal["turned"] = None
        if not wrong:
            self.alarm["active"] = False
            self._tell("returned", turned, now)
            self._close()
            return
        again = bool(self.alarm)
        if not again:
            self.alarm = {"historic": now - due > self.max_age, "rung": False}
            if not self.aside:
                self._name(turned)
            self.record["since"] = turned
        self.alarm |= {
            "active": True, "acked": None, "level": self.signal["level"], "value": self.signal["value"],
            "latching": self.rules["latching"],
        }  # fmt: skip
        self._ring(turned)
        self._tell("repeated" if again else "raised", turned, now)

    def _ring(self, at: int) -> None:
        if not self.aside and not self.alarm["historic"]:
            self.alarm["rung"] = True
            self.announced_at.append(at)

    def _ring_if_new(self, at: int) -> None:
        if self.alarm.get("active") and not self.alarm["rung"]:
            self._ring(at)

    def _close(self) -> None:
        if self.alarm and self._process() == "normal":
            self.alarm = {}

    def _process(self) -> str:
        alarm = self.alarm
        if not alarm:
            return "normal"
        acked = alarm["acked"] is not None
        if alarm["active"]:
            return "acknowledged" if acked else "unacknowledged"
        if not alarm["rung"]:
            return "normal"
        if not acked:
            return "returned"
        return "latched" if alarm["latching"] else "normal"

    # -- people --

    def act(self, what: str, at: int, now: int, who: str, text: str, until: int, alarm: str) -> None:
        open_ = bool(self.alarm or self.aside)
        if not self.here or (alarm and (not open_ or alarm != self.record["id"])):
            return
        change = getattr(self, f"_{what}")(at, now, who, text, until)
        if change is None:
            return
        if not open_:
            self._name(at)
        self._ring_if_new(now)
        self._tell(change, at, now, who, text)
        self._close()

    def _ack(self, at: int, now: int, who: str, text: str, until: int) -> str | None:
        if not self.alarm or self.alarm["acked"] is not None:
            return None
        self.alarm["acked"] = self.alarm["level"]
        return "acknowledged"

    def _reset(self, at: int, now: int, who: str, text: str, until: int) -> str | None:
        if self._process() != "latched":
            return None
        self.alarm["latching"] = False
        return "reset"

    def _shelve(self, at: int, now: int, who: str, text: str, until: int) -> str | None:
        if until <= now or self.aside.get("shelved") == until:
            return None
        self.aside["shelved"] = until
        return "shelved"

    def _unshelve(self, at: int, now: int, who: str, text: str, until: int) -> str | None:
        return self._unset("shelved", "unshelved")

    def _suppress(self, at: int, now: int, who: str, text: str, until: int) -> str | None:
        return self._set("suppressed", "suppressed")

    def _unsuppress(self, at: int, now: int, who: str, text: str, until: int) -> str | None:
        return self._unset("suppressed", "unsuppressed")

    def _out_of_service(self, at: int, now: int, who: str, text: str, until: int) -> str | None:
        return self._set("out", "removed_from_service")

    def _in_service(self, at: int, now: int, who: str, text: str, until: int) -> str | None:
        return self._unset("out", "returned_to_service")

    def _set(self, mark: str, change: str) -> str | None:
        if mark in self.aside:
            return None
        self.aside[mark] = True
        return change

    def _unset(self, mark: str, change: str) -> str | None:
        if mark not in self.aside:
            return None
        del self.aside[mark]
        return change

    def _comment(self, at: int, now: int, who: str, text: str, until: int) -> str | None:
        if not (self.alarm or self.aside) or not text or self.record.get("comment") == (who, text):
            return None
        self.record["comment"] = (who, text)
        return "commented"

    # -- what is told --

    def _name(self, at: int) -> None:
        text = "\n".join([*self.name, str(at)])
        self.record = {"id": hashlib.blake2b(text.encode(), digest_size=8).hexdigest(), "since": at}

    def state(self) -> str:
        for mark, state in (("out", "out_of_service"), ("suppressed", "suppressed"), ("shelved", "shelved")):
            if mark in self.aside:
                return state
        return self._process()

    def standing(self) -> bool:
        return bool(self.alarm) and self.alarm["rung"] and not self.aside

    def _tell(self, change: str, at: int, now: int, who: str = "", text: str = "") -> None:
        alarm, record, priorities = self.alarm, self.record, self.rules["priorities"]
        level, value = alarm.get("level", 0), alarm.get("value")
        self.told.append(
            (
                change, self.state(), level, priorities[min(max(level, 1), len(priorities)) - 1],
                None if value is None or isnan(value) else value, at, now, record["since"],
                alarm.get("historic", False), who, text, self.aside.get("shelved", 0), record["id"],
            )
        )  # fmt: skip
