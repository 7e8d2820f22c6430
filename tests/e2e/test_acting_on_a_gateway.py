"""dead-letters replay and purge, stores adopt: through the control door of a gateway that runs."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.brokers import running_embedded
from tests.support.command import Process, asked, door, eventually, gateway_on, publish

pytestmark = pytest.mark.xdist_group("acting")

TOPIC = "city/tianhe/traffic/loop/loop-0001/reading"
BAD, STRANGE = 7, 5


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway with `BAD` unreadable messages and `STRANGE` ones on a topic that is nobody's."""

    data_dir: Path
    there: tuple[str | Path, ...]
    process: Process

    def letters(self, *filters: str) -> dict[str, Any]:
        """What `dead-letters list --json` says."""
        return asked("dead-letters", "list", "-n", "100", *filters, *self.there, "--json").json

    def messages(self) -> dict[str, int]:
        """The ledger's, by the door."""
        found = door(self.data_dir, "ledger")
        assert found is not None
        assert found["balanced"] is True
        messages: dict[str, int] = found["messages"]
        return messages


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    data_dir, config = tmp_path / "data", tmp_path / "c.toml"
    messages = [(TOPIC, b"{%d" % k) for k in range(BAD)]
    messages += [("nobody/listens/here", b"%d" % k) for k in range(STRANGE)]
    reading = {"ts": time.time_ns() // 1_000_000, "speed": 50.5, "flow": 20, "occ": 0.1}
    messages.append((TOPIC, json.dumps(reading).encode()))
    with running_embedded() as broker:
        config.write_text(
            f'[mqtt]\nport = {broker.port}\nwatch_sys = "off"\nfilters = ["city/#", "nobody/#"]\n[http]\nport = 0\n',
            encoding="utf-8",
        )
        there = ("--data-dir", data_dir, "-c", config)
        with gateway_on(tmp_path, data_dir, "-c", config) as process:
            found = Running(data_dir, there, process)
            eventually(lambda: (door(data_dir) or {})["sources"][0]["state"] == "subscribed", "it subscribes")
            publish(broker.port, messages)
            eventually(lambda: found.messages()["received"] == len(messages), "everything came")
            eventually(lambda: found.letters()["held"] == BAD + STRANGE, "the dead letters are there")
            yield found
            process.interrupt()
            assert process.ended() == 0, process.said


def test_named_and_chosen_dead_letters_go_through_the_running_engine_again(running: Running) -> None:
    before = running.messages()
    strange = running.letters("--reason", "topic_unknown")["dead_letters"]
    one = asked("dead-letters", "replay", strange[0]["id"], *running.there, "--json")
    assert (one.code, one.json) == (0, {"replayed": 1, "remaining": 0})
    eventually(lambda: running.messages()["rejected"] == before["rejected"] + 1, "it came back")

    # the new letter of the one that went goes, the old one doesn't
    eventually(lambda: running.letters()["held"] == BAD + STRANGE + 1, "as a letter of its own")
    rest = asked("dead-letters", "replay", "--reason", "topic_unknown", *running.there)
    assert rest.code == 0
    assert rest.out.startswith(f"{STRANGE} sent through the engine again;")
    eventually(lambda: running.messages()["received"] == before["received"] + 1 + STRANGE, "they came")
    assert all(letter["replayed_at"] is None for letter in running.letters("--reason", "unreadable")["dead_letters"])
    # what came of them are letters again, for the next time
    eventually(lambda: running.letters()["held"] == BAD + 2 * STRANGE + 1, "they are letters again")
    assert asked("dead-letters", "replay", "--all", *running.there, "--json").json == {
        "replayed": BAD + STRANGE, "remaining": 0,
    }  # fmt: skip
    shown = asked("ledger", *running.there, "--json").json
    assert shown["sources"]["replayed"]["received"] == 1 + STRANGE + BAD + STRANGE


def test_purged_dead_letters_are_gone_from_a_running_gateway_and_stay_counted(running: Running) -> None:
    before = running.messages()
    gone = asked("dead-letters", "purge", "--reason", "unreadable", *running.there)
    assert (gone.code, gone.out) == (0, f"{BAD} deleted\n")
    left = running.letters()
    assert (left["held"], left["purged"]) == (STRANGE, 0), "an operator's word is no want of room"
    assert {letter["reason"] for letter in left["dead_letters"]} == {"topic_unknown"}
    assert asked("dead-letters", "purge", "--all", *running.there, "--json").json == {"purged": STRANGE}
    assert running.letters()["dead_letters"] == []
    assert running.messages() == before
    missing = asked("dead-letters", "replay", "0123456789ab", *running.there)
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.startswith("error: There is no dead letter '0123456789ab'.")


@pytest.mark.parametrize("name", ["duckdb", "paper"])
def test_a_store_is_adopted_only_while_the_gateway_is_stopped(running: Running, name: str) -> None:
    done = asked("stores", "adopt", name, *running.there)

    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[0] == "error: A store can be adopted only while the gateway is stopped."
    assert "Stop it, adopt, start it." in done.err
    assert running.messages()["received"] == BAD + STRANGE + 1


@pytest.mark.parametrize("words", ["dead-letters replay", "dead-letters purge"])
def test_without_a_choice_nothing_is_done(running: Running, words: str) -> None:
    done = asked(*words.split(), *running.there)

    assert (done.code, done.out) == (2, "")
    assert "--all" in done.err
    assert running.letters()["held"] == BAD + STRANGE
