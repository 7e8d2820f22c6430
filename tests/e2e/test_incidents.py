"""cityloom report and incidents: calls and an alarm become one incident, with the gateway up, down and killed."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import seeds
from tests.support.brokers import running_embedded
from tests.support.command import Place, Result, eventually, publish

pytestmark = pytest.mark.xdist_group("incidents")

SPOT = "113.3612,23.1247"
CONTACT = "13800138000"


class City(Place):
    """A gateway's folder, and what is asked of it."""

    def report(self, *words: str) -> Result:
        """`cityloom report ...`."""
        return self.asked("report", *words)

    def incidents(self, *words: str) -> list[dict[str, Any]]:
        """Incidents as JSON."""
        found: list[dict[str, Any]] = self.asked("incidents", "list", "--json", *words).json["incidents"]
        return found

    def states(self) -> dict[str, str]:
        """State of each report."""
        return {each["report"]: each["state"] for each in self.report("list", "--all", "--json").json["reports"]}

    def smells(self, *reports: str) -> None:
        """Take down that it smells of gas at the spot."""
        for name in reports:
            said = ("smells of gas", "--kind", "gas-smell", "--at", SPOT, "--id", name, "--contact", CONTACT)
            done = self.report("add", *said)
            assert done.code == 0, done.err

    def brings(self, report: str, state: str, *words: str) -> None:
        """Bring a report on, and wait until it is there."""
        assert self.report("advance", report, state, *words).code == 0
        eventually(lambda: self.states()[report] == state, state)

    def gas(self) -> None:
        """A detector at the spot finds gas."""
        body = json.dumps({"ts": time.time(), "lel": 60}).encode()
        publish(self.port, [("city/tianhe/gas/detector/gas-spot/reading", body)])


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_embedded() as broker:
        yield broker.port


@pytest.fixture
def city(tmp_path: Path, port: int) -> City:
    config, devices = tmp_path / "c.toml", tmp_path / "devices.csv"
    devices.write_text(
        "id,profile,keys,zone,lon,lat,asset,installed,extra\n"
        f"gas-spot,gas-detector,gas-spot,tianhe,{SPOT},,2024-06-08,\n",
        encoding="utf-8",
    )
    config.write_text(
        f'devices_file = "{devices}"\n[mqtt]\nport = {port}\nwatch_sys = "off"\nclient_id = "{tmp_path.name}"\n'
        "[http]\nport = 0\n",
        encoding="utf-8",
    )
    return City(tmp_path / "data", config, port)


def _one_of(city: City, parts: int) -> dict[str, Any]:
    eventually(lambda: [each["parts"] for each in city.incidents()] == [parts], f"one incident of {parts}")
    (one,) = city.incidents()
    return one


def test_calls_and_an_alarm_are_one_incident_from_its_begin_to_its_end(city: City) -> None:
    with city.gateway() as gateway:
        city.subscribed()
        assert city.asked("incidents", "list").out.strip() == "no incidents"
        assert city.report("list").out.strip() == "no reports"
        city.smells("case-1", "case-2", "case-3")
        city.gas()
        incident = _one_of(city, 4)
        assert (incident["reports"], incident["cause_kind"], incident["cause_asset"]) == (3, "gas.lel", "gas-spot")
        assert (incident["domains"], incident["priority"], incident["zone"]) == ("gas", 1, "tianhe")

        again = city.report("add", "--kind", "gas-smell", "--at", SPOT, "--id", "case-1")
        assert again.out.strip() == "report case-1 is known already: nothing changed"

        shown = city.asked("incidents", "show", incident["incident"][:12]).out
        assert "gas.lel (likely first cause)" in shown
        assert all(f"case-{k}" in shown for k in (1, 2, 3))

        for state in ("accepted", "dispatched", "resolved"):
            city.brings("case-1", state, "--who", "wang", "--note", f"n-{state}")
        late = city.report("advance", "case-1", "accepted")
        assert (late.code, "can't become accepted" in late.err) == (1, True)
        history = city.report("show", "case-1", "--json").json
        assert [c["change"] for c in history["history"]] == ["received", "accepted", "dispatched", "resolved"]
        assert history["incident"] == incident["incident"]
        assert "wang: n-dispatched" in city.report("show", "case-1").out
        assert sorted(city.states().values()) == ["received", "received", "resolved"]

        status = city.asked("status", "--json").json
        assert status["troubles"] == {"incidents": {"open": 1, "closing": 0}, "reports": {"open": 2, "overdue": 0}}
        assert "incidents: 1 open   reports: 2 open" in city.asked("status").out
        gateway.stop()


def test_a_contact_is_shown_to_nobody_who_does_not_ask_for_it(city: City) -> None:
    with city.gateway() as gateway:
        city.subscribed()
        city.smells("case-1")
        eventually(lambda: city.states() == {"case-1": "received"}, "it is taken")
        listed = [city.report("list"), city.report("list", "--json"), city.report("show", "case-1"),
                  city.report("show", "case-1", "--json"), city.asked("incidents", "list", "--json")]  # fmt: skip
        asked_for = city.report("show", "case-1", "--contact")
        gateway.stop()
        assert CONTACT not in gateway.said
    assert [CONTACT in each.out + each.err for each in listed] == [False] * 5
    assert "contact: 138***00" in listed[2].out
    assert f"contact: {CONTACT}" in asked_for.out


def test_what_is_done_on_files_is_taken_up_by_the_next_start(city: City) -> None:
    with city.gateway() as gateway:
        city.subscribed()
        city.smells("case-1")
        eventually(lambda: city.states() == {"case-1": "received"}, "it is taken")
        gateway.stop()

    added = city.report("add", "again", "--kind", "gas-smell", "--asset", "gas-spot", "--id", "case-2")
    assert added.out.strip() == "report case-2 is taken (when the gateway starts: it does not run)"
    assert "known already" in city.report("add", "--kind", "gas-smell", "--at", SPOT, "--id", "case-2").out
    first = city.report("advance", "case-2", "accepted")
    assert first.out.strip() == "accepted: report case-2 (when the gateway starts: it does not run)"
    assert city.report("advance", "case-2", "accepted").code == 1
    assert city.report("advance", "case-1", "resolved").code == 0
    assert city.states() == {"case-1": "received"}
    assert city.asked("ledger", "--json").code == 0

    with city.gateway() as gateway:
        eventually(lambda: city.states() == {"case-1": "resolved", "case-2": "accepted"}, "they are taken up")
        assert _one_of(city, 2)["standing"] == 1
        gateway.stop()


def test_what_was_over_for_too_long_is_closed_and_says_so(city: City, tmp_path: Path) -> None:
    incidents = tmp_path / "incidents.toml"
    incidents.write_text(seeds.incidents_text().replace("reopen_secs = 604800", "reopen_secs = 0"), encoding="utf-8")
    own = f'incidents_file = "{incidents}"\n{city.config.read_text(encoding="utf-8")}'
    city.config.write_text(own, encoding="utf-8")
    with city.gateway() as gateway:
        city.subscribed()
        city.smells("case-1")
        city.brings("case-1", "resolved")
        late = city.report("advance", "case-1", "reopened")
        gateway.stop()
    assert (late.code, late.out) == (1, "")
    assert "it is closed" in late.err
    assert city.states() == {"case-1": "resolved"}


def test_a_kill_in_between_keeps_one_incident(city: City) -> None:
    with city.gateway() as gateway:
        city.subscribed()
        city.smells("case-1", "case-2")
        gateway.kill()
    with city.gateway() as gateway:
        city.subscribed()
        before = _one_of(city, 2)
        city.gas()
        city.smells("case-3")
        gateway.kill()
    with city.gateway() as gateway:
        city.subscribed()
        city.smells("case-3", "case-4")
        after = _one_of(city, 5)
        assert after["incident"] == before["incident"]
        history = city.asked("incidents", "show", after["incident"], "--json").json
        assert len(history["members"]) == 5
        assert [c["change"] for c in history["history"]].count("opened") == 1
        gateway.stop()


WRONG: list[tuple[tuple[str, ...], int, str]] = [
    (("report", "add", "--kind", "wind", "--at", SPOT), 2, "There is no kind of report 'wind'."),
    (("report", "add", "--kind", "no-water"), 2, "Where is it?"),
    (("report", "add", "--kind", "no-water", "--at", "north"), 2, "'north' is no point."),
    (("report", "add", "--kind", "no-water", "--at", "200,23"), 2, "That can't be used"),
    (("report", "add", "--kind", "no-water", "--asset", "nothing"), 2, "There is no asset 'nothing'."),
    (("report", "add", "--kind", "no-water", "--at", SPOT, "--id", "a b"), 2, "That can't be used"),
    (("report", "add", "--kind", "no-water", "--at", SPOT, "--time", "2999-01-01T00:00"), 2, "is no time."),
    (("report", "add", "--kind", "no-water", "--at", SPOT, "--time", "2099-01-01T00:00"), 2, "in the future"),
    (("report", "advance", "case-1", "closed"), 2, "A report can't be brought to 'closed'."),
    (("report", "advance", "case-1", "confirmed"), 1, "Report case-1 is received: it can't become confirmed."),
    (("report", "show", "%"), 1, "There is no report '%'."),
    (("incidents", "show", "%"), 1, "There is no incident '%'."),
    (("incidents", "show", "ffffff"), 1, "There is no incident 'ffffff'."),
]  # fmt: skip


def test_what_cant_be_done_is_one_sentence_and_a_remedy_and_changes_nothing(city: City) -> None:
    with city.gateway() as gateway:
        city.subscribed()
        city.smells("case-1")
        eventually(lambda: city.states() == {"case-1": "received"}, "it is taken")
        up = {words: city.asked(*words) for words, _, _ in WRONG}
        gateway.stop()
    down = {words: city.asked(*words) for words, _, _ in WRONG}
    for words, code, said in WRONG:
        for done in (up[words], down[words]):
            assert (done.code, done.out) == (code, ""), words
            assert said in done.err
            assert len(done.err.strip().splitlines()) <= 2
    assert city.states() == {"case-1": "received"}
