"""All transitions in any order, against alarms told plainly; restarts and splits anywhere."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.engine.alarm_model import Act, AlarmDefinition, Transition
from gateway.engine.alarms import Alarms
from processors.conditions.signals import Signals
from tests.gateway.engine.alarm_reference import Reference

MAX_AGE = 30
ASSETS = ("a", "b", "c")
RULES = st.fixed_dictionaries(
    {
        "on": st.sampled_from([0, 0, 3, 7]),
        "off": st.sampled_from([0, 0, 4]),
        "latching": st.booleans(),
        "lane": st.integers(-1, 2),
        "priorities": st.sampled_from([(1,), (3, 2, 1), (4, 2)]),
    }
)
SIGNALS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(-6, 6), st.integers(0, 3), st.integers(0, 2),
        st.sampled_from([0.0, 1.5, 20.0, float("nan")]),
    ),
    max_size=10,
)  # fmt: skip
LAG = st.sampled_from([0, 0, 0, 100])
"""How far now is ahead of the readings: a backlog is."""


class AlarmMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.t = 1000
        self.alarms = Alarms(MAX_AGE)
        self.plain = [Reference("x", asset, MAX_AGE) for asset in ASSETS]
        self.out: list[Transition] = []
        self.seen: set[str] = set()

    @initialize(rules=st.tuples(RULES, RULES, RULES))
    def begin(self, rules: tuple[dict[str, Any], ...]) -> None:
        for key, each in enumerate(rules):
            self.define(key, each)

    @rule(key=st.integers(0, 2), rules=RULES)
    def define(self, key: int, rules: dict[str, Any]) -> None:
        made = AlarmDefinition(
            "x", ASSETS[key], "zone", "gas", rules["priorities"], rules["on"], rules["off"], rules["latching"],
            rules["lane"],
        )  # fmt: skip
        assert self.alarms.define(made) == key
        self.plain[key].define(**rules)

    @rule(keys=st.lists(st.integers(0, 2), min_size=1, max_size=2))
    def retire(self, keys: list[int]) -> None:
        self.alarms.retire(keys, self.t, self.out)
        for key in keys:
            self.plain[key].retire(self.t)

    @rule(rows=SIGNALS, lag=LAG, cut=st.integers(0, 10), restart=st.booleans())
    def observe(self, rows: list[tuple[int, int, int, int, float]], lag: int, cut: int, restart: bool) -> None:
        now = self.t + lag
        for part in (rows[:cut], rows[cut:]):
            columns = zip(*part, strict=True) if part else ((),) * 5
            key, ahead, level, more, value = (list(column) for column in columns)
            ts, held = [self.t + a for a in ahead], [of + m for of, m in zip(level, more, strict=True)]
            self.alarms.observe(Signals.of(key=key, ts=ts, level=level, held=held, value=value), now, self.out)
            if restart:
                self.restart()
        for key_, ahead_, level_, more_, value_ in rows:
            self.plain[key_].observe(self.t + ahead_, level_, level_ + more_, value_, now)

    @rule(wait=st.integers(0, 9))
    def pass_time(self, wait: int) -> None:
        self.t += wait

    @rule(marks=st.lists(st.integers(-9, 3), max_size=3), lag=LAG, live=st.booleans())
    def advance(self, marks: list[int], lag: int, live: bool) -> None:
        watermarks = [self.t + mark for mark in marks]
        self.alarms.advance(watermarks, self.t + lag, live, self.out)
        for plain in self.plain:
            plain.advance(watermarks, self.t + lag, live)

    @rule(
        key=st.integers(0, 2),
        what=st.sampled_from([str(act) for act in Act]),
        who=st.sampled_from(["li", "wang"]),
        text=st.sampled_from(["", "seen"]),
        until=st.sampled_from([-1, 0, 5, 20]),
        named=st.sampled_from(["", "", "1", "2", "3", "4"]),
        meant=st.sampled_from(["", "", "this", "another"]),
    )
    def act(self, key: int, what: str, who: str, text: str, until: int, named: str, meant: str) -> None:
        alarm = "" if not meant else self.plain[key].record.get("id", "none") if meant == "this" else "another"
        request = {
            "act": what, "condition": "x", "asset": ASSETS[key], "who": who, "text": text, "until": self.t + until,
            "id": named, "alarm": alarm,
        }  # fmt: skip
        before = len(self.plain[key].told)
        if named not in self.seen:
            self.plain[key].act(what, self.t - 1, self.t, who, text, self.t + until, alarm)
        self.seen |= {named} - {""}
        assert self.alarms.act(request, self.t - 1, self.t, self.out) == (len(self.plain[key].told) > before)

    @rule()
    def restart(self) -> None:
        self.alarms = Alarms.restore(self.alarms.snapshot())

    @invariant()
    def they_tell_the_same(self) -> None:
        told: dict[str, list[Any]] = {asset: [] for asset in ASSETS}
        for t in self.out:
            told[t.asset].append(
                (t.change, t.state, t.level, t.priority, t.value, t.at, t.now, t.since, t.historic, t.who, t.text,
                 t.until, t.alarm)
            )  # fmt: skip
        assert told == {asset: plain.told for asset, plain in zip(ASSETS, self.plain, strict=True)}

    @invariant()
    def they_stand_the_same(self) -> None:
        assert self.alarms.standing() == sum(plain.standing() for plain in self.plain)
        states = {key: str(alarm.state) for key, alarm in self.alarms.open.items()}
        assert states == {k: plain.state() for k, plain in enumerate(self.plain) if plain.alarm or plain.aside}
        announced = sorted((at, key) for key, plain in enumerate(self.plain) for at in plain.announced_at)
        assert self.alarms.figures.snapshot() == [list(pair) for pair in announced]

    @invariant()
    def who_only_reads_transitions_knows_what_is_open(self) -> None:
        newest = {t.alarm: t for t in self.out}
        still = sorted(t.asset for t in newest.values() if t.state != "normal")
        assert still == sorted(ASSETS[key] for key in self.alarms.open)


TestAlarmMachine = AlarmMachine.TestCase
TestAlarmMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
