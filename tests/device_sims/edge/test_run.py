"""Edge nodes against real brokers: TLS, logins and access rules, a broker that comes back, a whole truth."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from device_sims.clients.endpoint import Endpoint, Tls
from device_sims.edge.link import Habits
from device_sims.edge.run import EdgePlan, EdgeProgress, simulate_edges
from tests.support.brokers import PlainMosquitto
from tests.support.certificates import make_certificates
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt_peer import MqttPeer
from tests.support.running import eventually
from tests.support.truth import measured_rows, sent_rows


def _plan(endpoint: Endpoint, **given: Any) -> EdgePlan:
    now = time.time_ns()
    return EdgePlan(endpoint, now, now, habits=Habits(interval_secs=0.1, qos=1), for_secs=1.5, **given)


async def _run(plan: EdgePlan, said: list[str] | None = None) -> dict[str, Any]:
    summary = await simulate_edges(plan, ([] if said is None else said).append)
    return summary.as_dict()


@pytest.mark.filterwarnings("ignore:.*SSLSocket.*:pytest.PytestUnraisableExceptionWarning")
async def test_mutual_tls_carries_births_data_and_deaths(tmp_path: Path) -> None:
    folder = make_certificates(tmp_path / "tls", "localhost")
    files = f"cafile {folder}/ca.pem\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key"
    with PlainMosquitto.running(tmp_path, listener=f"{files}\nrequire_certificate true") as broker:
        ours = Tls(folder / "ca.pem", folder / "client.pem", folder / "client.key")
        did = await _run(_plan(Endpoint("localhost", broker.port, tls=ours), truth=tmp_path / "run"))

        assert did["sent"] == did["messages"] > 20
        kinds = {row["topic"].split("/")[2] for row in sent_rows(tmp_path / "run")}
        assert kinds == {"NBIRTH", "DBIRTH", "DDATA", "NDEATH"}

        said: list[str] = []
        strange = _plan(Endpoint("localhost", broker.port, tls=Tls()))
        did = await _run(strange, said)
        assert did["messages"] == 0
        assert len(said) == 1
        assert "certificate verify failed" in said[0]


async def test_each_node_has_its_own_login_where_the_rules_ask_for_it(tmp_path: Path) -> None:
    users = {"PS-1": "one", "PS-2": "one", "gateway": "one"}
    with Mosquitto.running(tmp_path, users) as broker:
        endpoint = Endpoint("127.0.0.1", broker.ports[1883], "{node}", "one")
        with MqttPeer(broker.ports[1883], "host", user="gateway", password="one") as peer:
            await asyncio.to_thread(peer.subscribe, "spBv1.0/#")
            did = await _run(_plan(endpoint))
            await asyncio.to_thread(peer.wait_for, did["sent"])

    assert did["sent"] == did["messages"] > 20
    assert {topic.split("/")[3] for topic, _ in peer.received} == {"PS-1", "PS-2"}


async def test_what_was_measured_while_the_broker_was_down_comes_later(tmp_path: Path) -> None:
    broker = PlainMosquitto(tmp_path)
    broker.start()
    progress: list[EdgeProgress] = []
    said: list[str] = []
    endpoint = Endpoint("127.0.0.1", broker.port)
    plan = replace(_plan(endpoint, nodes=1, devices=2, truth=tmp_path / "run"), for_secs=30.0)

    running = asyncio.create_task(simulate_edges(plan, said.append, progress.append))
    try:
        await eventually(lambda: bool(progress) and progress[0].summary.readings > 50, "it speaks")
        (link,) = progress[0].links
        broker.kill()
        await eventually(lambda: link.node.waiting > 10, "it keeps")
        broker.start()
        await eventually(lambda: link.connected and not link.node.waiting, "it has told what it kept")
        link.stop()
        await running
    finally:
        running.cancel()
        await asyncio.wait({running})
        broker.kill()

    assert [sentence.split(" (")[0] for sentence in said] == [
        f"no connection to the broker at {endpoint}", f"connected to the broker at {endpoint}",
    ]  # fmt: skip
    sent = {(row["device"], row["ts"]) for row in sent_rows(tmp_path / "run") if row["ts"]}
    measured = {(row["device"], row["ts"]) for row in measured_rows(tmp_path / "run")}
    assert sent == measured
    assert progress[0].summary.historical > 10 * 6
