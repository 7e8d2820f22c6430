"""cityloom alarms: a gas alarm from the wire to a person's decision, with the gateway up and down."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.brokers import running_embedded
from tests.support.command import Place, Result, eventually, publish

pytestmark = pytest.mark.xdist_group("alarms")

TOPIC = "city/tianhe/gas/detector/{}/reading"


class City(Place):
    """A gateway's folder, and what is asked of it."""

    def ask(self, *words: str) -> Result:
        """`cityloom alarms ...` on it."""
        return self.asked("alarms", *words)

    def alarms(self, *words: str) -> dict[str, dict[str, Any]]:
        """Alarms by asset."""
        return {alarm["asset"]: alarm for alarm in self.ask("list", "--json", *words).json["alarms"]}

    def states(self) -> dict[str, str]:
        """State of each open alarm."""
        return {asset: alarm["state"] for asset, alarm in self.alarms().items()}

    def history(self, *words: str) -> list[str]:
        """What happened, the oldest first."""
        return [change["change"] for change in self.ask("history", "--json", *words).json["history"]][::-1]

    def send(self, **lel: float) -> None:
        """A reading of each device, now; underscores stand for hyphens."""
        ts = time.time()
        publish(self.port, [(_topic(name), _reading(ts, value)) for name, value in lel.items()])


def _topic(name: str) -> str:
    return TOPIC.format(name.replace("_", "-"))


def _reading(ts: float, lel: float) -> bytes:
    return json.dumps({"ts": ts, "lel": lel}).encode()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_embedded() as broker:
        yield broker.port


@pytest.fixture
def city(tmp_path: Path, port: int) -> City:
    config, conditions = tmp_path / "c.toml", tmp_path / "conditions.toml"
    conditions.write_text(
        'schema = 1\n[[conditions]]\nname = "gas.lel"\ntitle = "Combustible gas"\nkind = "steps"\n'
        'profile = "gas-detector"\nquantity = "lel"\nhigh = [20, 25, 50]\ndeadband = 2\npriorities = [2, 1, 1]\n'
        '[[conditions.where]]\ndevice = "gas-9003"\nhigh = [5]\n'
        '[[conditions]]\nname = "gas.kept"\ntitle = "Kept"\nkind = "steps"\nprofile = "gas-detector"\n'
        'quantity = "lel"\nhigh = [90]\npriorities = [1]\nlatching = true\n',
        encoding="utf-8",
    )
    config.write_text(
        f'conditions_file = "{conditions}"\n[mqtt]\nport = {port}\nwatch_sys = "off"\nclient_id = "{tmp_path.name}"\n'
        "[http]\nport = 0\n",
        encoding="utf-8",
    )
    return City(tmp_path / "data", config, port)


def test_an_alarm_from_the_wire_to_its_end(city: City) -> None:
    with city.gateway() as gateway:
        city.subscribed()
        assert city.ask("list").out.strip() == "no alarms"
        assert city.ask("history").out.strip() == "nothing happened"
        city.send(gas_9001=30, gas_9002=60, gas_9003=6, gas_9004=1)
        eventually(lambda: len(city.states()) == 3, "three alarms")

        found = city.ask("list").out.splitlines()
        listed = [line.split()[6] for line in found[1:]]
        assert (sorted(listed[:2]), listed[2:]) == (["gas-9001", "gas-9002"], ["gas-9003"])  # two of one moment
        assert list(city.alarms("--priority", "1")) == listed[:2]
        assert city.alarms("--domain", "water") == {}
        assert city.alarms("--zone", "tianhe", "--asset", "gas-9003")["gas-9003"]["level"] == 1

        whole = city.alarms()["gas-9001"]["alarm"]
        assert found[1 + listed.index("gas-9001")].split()[0] == whole[:8]
        done = city.ask("ack", whole[:8], "--who", "li")
        assert (done.code, done.out.strip()) == (0, "ack: gas.lel at gas-9001")
        eventually(lambda: city.states()["gas-9001"] == "acknowledged", "it is acknowledged")
        city.send(gas_9001=1)
        eventually(lambda: "gas-9001" not in city.states(), "it is over and closed")
        assert city.history(whole[:8]) == ["raised", "acknowledged", "returned"]
        assert city.alarms("--all")["gas-9001"]["state"] == "normal"
        again = city.ask("ack", whole)
        assert again.code == 1
        assert "closed" in again.err
        gateway.stop()


def _left(city: City, **lel: float) -> None:
    """Alarms of a gateway that was stopped."""
    with city.gateway() as gateway:
        city.subscribed()
        city.send(**lel)
        eventually(lambda: len(city.states()) == len(lel), "alarms")
        gateway.stop()


def test_acts_on_files_are_done_when_the_gateway_starts(city: City) -> None:
    _left(city, gas_9002=60, gas_9003=6)
    ids = {asset: alarm["alarm"][:8] for asset, alarm in city.alarms().items()}

    shelved = city.ask("shelve", ids["gas-9002"], "--for", "8h", "--reason", "being exchanged", "--who", "wang")
    away = city.ask("out-of-service", ids["gas-9003"], "--reason", "road works", "--json")

    assert shelved.out.strip() == "shelve: gas.lel at gas-9002 (when the gateway starts: it does not run)"
    assert (away.json["acts"], away.json["running"]) == (1, False)
    assert set(city.states().values()) == {"unacknowledged"}
    balanced = city.asked("ledger", "--json")
    assert balanced.code == 0
    with city.gateway() as gateway:
        eventually(lambda: set(city.states().values()) == {"shelved", "out_of_service"}, "they are put aside")
        city.subscribed()
        assert city.ask("comment", ids["gas-9002"], "part is ordered").code == 0
        assert city.ask("unshelve", ids["gas-9002"]).code == 0
        assert city.ask("in-service", ids["gas-9003"]).code == 0
        eventually(lambda: set(city.states().values()) == {"unacknowledged"}, "they are back")
        assert city.history(ids["gas-9002"]) == ["raised", "shelved", "commented", "unshelved"]
        note = city.ask("history", ids["gas-9002"]).out
        assert "wang: being exchanged, until " in note
        assert "part is ordered" in note
        gateway.stop()
    assert city.history(ids["gas-9003"]) == ["raised", "removed_from_service", "returned_to_service"]


def test_a_latched_alarm_is_kept_until_it_is_reset(city: City) -> None:
    with city.gateway() as gateway:
        city.subscribed()
        city.send(gas_9005=95)
        eventually(lambda: "gas-9005" in city.states(), "an alarm")
        (kept,) = city.ask("list", "--condition", "gas.kept", "--json").json["alarms"]
        city.send(gas_9005=1)
        assert city.ask("ack", kept["alarm"]).code == 0
        eventually(lambda: city.history(kept["alarm"])[-1] in ("returned", "acknowledged"), "it is over")

        def latched() -> bool:
            found = city.ask("list", "--condition", "gas.kept", "--json").json["alarms"]
            return bool(found) and found[0]["state"] == "latched"

        eventually(latched, "it is latched")
        assert city.ask("reset", kept["alarm"][:8]).code == 0
        eventually(lambda: not city.ask("list", "--condition", "gas.kept", "--json").json["alarms"], "it is closed")
        gateway.stop()


WRONG: list[tuple[tuple[str, ...], int, str]] = [
    (("ack",), 2, "Which alarms?"), (("ack", "ffffffffffff"), 1, "There is no alarm 'ffffffffffff'."),
    (("ack", "%"), 1, "There is no alarm '%'."), (("ack", ""), 1, "There is no alarm ''."),
    (("ack", "ID", "0000"), 1, "There is no alarm '0000'."),
    (("history", "%"), 2, "'%' is no id of an alarm."),
    (("shelve", "ID", "--for", "8h", "--reason", " "), 2, "Others will ask why."),
    (("shelve", "ID", "--for", "0s", "--reason", "x"), 2, "A shelving needs an end."),
    (("shelve", "ID", "--for", "31d", "--reason", "x"), 2, "A shelving ends within 30 days."),
    (("shelve", "ID", "--for", "soon", "--reason", "x"), 2, "'soon' is no length of time."),
    (("comment", "ID", " "), 2, "Others will ask why."), (("comment", "ID", "x" * 3000), 2, "That is too long"),
]  # fmt: skip


def test_what_cant_be_done_is_one_sentence_and_a_remedy_and_changes_nothing(city: City) -> None:
    with city.gateway() as gateway:
        city.subscribed()
        city.send(gas_9001=30)
        eventually(lambda: "gas-9001" in city.states(), "an alarm")
        some = city.alarms()["gas-9001"]["alarm"]
        up = {words: city.ask(*(some if word == "ID" else word for word in words)) for words, _, _ in WRONG}
        gateway.stop()
    down = {words: city.ask(*(some if word == "ID" else word for word in words)) for words, _, _ in WRONG}

    for words, code, said in WRONG:
        for done in (up[words], down[words]):
            assert (done.code, done.out) == (code, "")
            assert said in done.err
            assert "Traceback" not in done.err
            assert len(done.err.strip().splitlines()) <= 2
    with city.gateway() as gateway:
        city.subscribed()
        assert city.history() == ["raised"]
        gateway.stop()
