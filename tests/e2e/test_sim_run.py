"""`cityloom sim run` as a person runs it: figures, Ctrl-C, a broker that isn't there, arguments that make no sense."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.ports import free_ports
from tests.support.brokers import running_embedded
from tests.support.command import Process, asked, cityloom, eventually
from tests.support.truth import sent_rows


@pytest.fixture(scope="module")
def broker_port() -> Iterator[int]:
    with running_embedded() as broker:
        yield broker.port


def test_it_sends_and_says_what(tmp_path: Path, broker_port: int) -> None:
    words = ("--broker", f"127.0.0.1:{broker_port}", "--messages", "800", "--faults", "duplicate=0.1", "--truth", "run")
    result = cityloom(tmp_path, "sim", "run", *words, "--json")

    assert result.code == 0, result.err
    assert result.json["sent"] == result.json["messages"] == 800
    assert result.json["faults"]["duplicate"] > 50
    assert len({row["message"] for row in sent_rows(tmp_path / "run")}) == 800
    again = cityloom(tmp_path, "sim", "run", *words)
    assert again.code == 2
    assert "holds the truth of another run" in again.err


def test_ctrl_c_drains_and_the_truth_is_whole(tmp_path: Path, broker_port: int) -> None:
    process = Process(
        tmp_path, "sim", "run", "--broker", f"127.0.0.1:{broker_port}", "--speed", "100", "--truth", "run"
    )
    try:
        process.says("acked: ")
        process.stop()
    finally:
        process.kill()

    assert "messages acknowledged" in process.said
    story = json.loads((tmp_path / "run" / "run.json").read_text())
    assert story["ended_cleanly"]
    assert story["counts"]["sent"] == story["counts"]["messages"] > 0


def test_a_broker_that_is_not_there_is_said_and_waited_for(tmp_path: Path) -> None:
    port, v4_port = free_ports(2)
    process = Process(
        tmp_path, "sim", "run", "--broker", f"127.0.0.1:{port}", "--messages", "50", "--devices", "20", "--json"
    )
    try:
        process.says(f"no connection to the broker at 127.0.0.1:{port}")
        assert process.running
        with EmbeddedBroker(port, v4_port):
            eventually(lambda: not process.running, "it sends and ends", 60.0)
        assert process.ended() == 0
    finally:
        process.kill()
    assert f"connected to the broker at 127.0.0.1:{port}" in process.said
    assert json.loads(process.said.splitlines()[-1])["sent"] == 50


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--broker", "nowhere"], "is no broker"),
        (["--faults", "lost=1"], "unknown fault"),
        (["--scenario", "nothing"], "there is no scenario"),
        (["--origin", "yesterday"], "is no time"),
        (["--for", "soon"], "is no length of time"),
        (["--truth", "no/such/folder/run"], "No such file"),
        (["--record", "day.jsonl.gz"], "--until or --messages"),
    ],
)
def test_arguments_that_make_no_sense_are_said(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = words if words[0] == "--record" else ["--messages", "1", *words]
    result = asked("sim", "run", *given)

    assert result.code == 2
    assert says in result.err
