"""`cityloom sim sparkplug` beside `cityloom run`: what was sent is stored, what was lost isn't, each gap asks once.

sim sparkplug --lose --cut-every --truth RUN --> a broker --> run (killed in between) --> score truth RUN
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gateway.runtime.ports import free_ports
from tests.support.brokers import PlainMosquitto, running_embedded
from tests.support.command import Place, Process, asked, cityloom, door, eventually
from tests.support.truth import measured_rows, sent_rows

_CONFIG = """\
data_dir = "{data}"
[mqtt]
watch_sys = "off"
port = {port}
[http]
port = 0
[snapshots]
interval_secs = 1
[engine]
tick_secs = 0.1
sparkplug_reorder_secs = 0.3
sparkplug_rebirth_secs = 2
"""


@pytest.fixture(params=["embedded", "mosquitto"])
def place(request: pytest.FixtureRequest, tmp_path: Path, data_folder: Path) -> Iterator[Place]:
    config = tmp_path / "cityloom.toml"

    def at(port: int) -> Place:
        config.write_text(_CONFIG.format(data=data_folder, port=port), encoding="utf-8")
        return Place(data_folder, config, port)

    if request.param == "embedded":
        with running_embedded() as broker:
            yield at(broker.port)
        return
    mosquitto = PlainMosquitto(tmp_path)
    mosquitto.start()
    yield at(mosquitto.port)
    mosquitto.kill()


def _sim(place: Place, *words: str) -> tuple[Any, ...]:
    return ("sim", "sparkplug", "--broker", f"127.0.0.1:{place.port}", "--interval", "0.25s", *words)


def _settled(place: Place, least: int) -> dict[str, Any]:
    """The ledger, once so many messages were read and stored."""

    def done() -> bool:
        status = door(place.data_dir)
        if status is None:
            return False
        messages, stores = status["ledger"]["messages"], status["ledger"]["stores"]
        waiting = messages["waiting"] or any(store["waiting"] for store in stores.values())
        return not waiting and messages["received"] - messages["redelivered"] >= least

    eventually(done, f"{least} messages are stored", 60.0)
    status = door(place.data_dir)
    assert status is not None
    ledger: dict[str, Any] = status["ledger"]
    return ledger


def _scored(place: Place, run: Path) -> dict[str, Any]:
    """Of a gateway that was stopped: no window closes while others are being read."""
    score = place.asked("score", "truth", str(run), "--picture", "none", "--json")
    assert score.code == 0, f"{score.out[-3000:]}{score.err[-1000:]}"
    found: dict[str, Any] = score.json
    assert found["wrong"] == {}
    readings = found["readings"]
    assert readings["expected"] == readings["right"] == readings["stored"] > 1000
    return found


def _figure(score: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [figure for figure in score["ledger"] if figure["name"] == name]
    return dict(found)


@pytest.mark.timeout(240)
def test_what_is_lost_is_not_stored_and_each_gap_asks_once(place: Place, tmp_path: Path) -> None:
    run = tmp_path / "RUN"
    with place.gateway() as gateway:
        place.subscribed()
        sim = cityloom(
            tmp_path, *_sim(place, "--nodes", "6", "--devices", "3", "--lose", "0.02", "--cut-every", "6s", "--cut-for",
            "1s", "--for", "14s", "--truth", str(run), "--json"), timeout=90.0,
        )  # fmt: skip
        assert sim.code == 0, sim.err
        did = sim.json
        ledger = _settled(place, did["sent"])
        gateway.stop()
    score = _scored(place, run)

    assert did["sent"] == did["messages"] > 500
    assert did["cuts"] >= 6
    assert did["historical"] > 100
    assert did["lost"] >= did["missing"] >= did["gaps"] > 3
    # a request for every gap that a cut or the end didn't mend first, and none besides
    assert did["asked"] == did["answered"] > 0
    assert did["unasked"] == 0
    assert did["gaps"] - did["moot"] <= ledger["beside"]["rebirths_asked"] <= did["gaps"]
    assert _figure(score, "births asked of edge nodes")["found"] == ledger["beside"]["rebirths_asked"]
    assert ledger["beside"]["missing"] == did["missing"]
    assert ledger["messages"]["rejected"] == 0
    _truth_declares_what_was_lost(run, did["lost"])


def _truth_declares_what_was_lost(run: Path, lost: int) -> None:
    faults = pq.read_table(run / "faults.parquet").to_pylist()
    declared = {(row["device"], row["start"]) for row in faults if row["fault"] == "lost"}
    assert len(declared) == lost
    measured = {(row["device"], row["ts"]) for row in measured_rows(run)}
    sent = {(row["device"], row["ts"]) for row in sent_rows(run)}
    assert declared <= measured
    assert not declared & sent
    story = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert story["ended_cleanly"]


@pytest.mark.timeout(240)
def test_a_killed_gateway_loses_nothing_that_the_broker_keeps(place: Place, tmp_path: Path) -> None:
    run = tmp_path / "RUN"
    with place.gateway() as gateway:
        place.subscribed()
        sim = Process(
            tmp_path, *_sim(place, "--qos", "1", "--cut-every", "4s", "--cut-for", "1s", "--truth", str(run), "--json")
        )
        try:
            _settled(place, 60)
            gateway.kill()  # -9, in the middle of it
            eventually(lambda: not gateway.running, "it is gone")
            with place.gateway() as again:
                place.subscribed()
                _settled(place, 240)
                sim.stop()
                did = json.loads(sim.said.splitlines()[-1])
                ledger = _settled(place, did["sent"])
                again.stop()
            score = _scored(place, run)
        finally:
            sim.kill()

    assert did["sent"] == did["messages"]
    assert did["cuts"] > 0
    assert did["historical"] > 0
    assert {term for term, number in ledger["beside"].items() if number} <= {"late"}
    assert did["asked"] == 0
    assert ledger["messages"]["rejected"] == ledger["messages"]["shed"] == 0
    assert _figure(score, "messages ignored")["right"]


def test_ctrl_c_tells_each_nodes_death(tmp_path: Path) -> None:
    with running_embedded() as broker:
        process = Process(
            tmp_path, "sim", "sparkplug", "--broker", f"127.0.0.1:{broker.port}", "--nodes", "3", "--interval", "0.5s",
            "--truth", "run",
        )  # fmt: skip
        try:
            process.says("connected: 3 of 3")
            process.stop()
        finally:
            process.kill()

    assert "3 edge nodes with 9 devices" in process.said
    rows = [row for row in sent_rows(tmp_path / "run") if "/NDEATH/" in row["topic"]]
    assert sorted(row["device"] for row in rows) == ["Water/PS-1", "Water/PS-2", "Water/PS-3"]
    assert all(row["acked_at"] is not None for row in rows)
    assert cityloom(tmp_path, "sim", "sparkplug", "--truth", "run").code == 2


def test_a_broker_that_is_not_there_is_said_once_and_waited_for(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    process = Process(tmp_path, "sim", "sparkplug", "--broker", f"127.0.0.1:{port}", "--nodes", "5", "--for", "3s")
    try:
        process.says(f"no connection to the broker at 127.0.0.1:{port}")
        assert process.ended() == 0
    finally:
        process.kill()

    assert process.said.count("no connection") == 1
    assert "0 of 0 messages written" in process.said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--broker", "nowhere"], "is no broker"),
        (["--origin", "yesterday"], "is no time"),
        (["--cut-every", "soon"], "is no length of time"),
        (["--group", "a/b"], "a level of a topic"),
        (["--lose", "2"], "--lose"),
        (["--truth", "no/such/folder/run"], "No such file"),
    ],
)
def test_arguments_that_make_no_sense_are_said(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = asked("sim", "sparkplug", "--for", "1s", *words)

    assert result.code == 2
    assert says in result.err
