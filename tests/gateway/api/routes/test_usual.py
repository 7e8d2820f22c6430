"""The band that was learned of a series, by the API and by the client."""

from collections.abc import Iterator

import aiomqtt
import httpx
import numpy as np
import pytest

from gateway.client import Client
from gateway.clock import ManualClock
from gateway.config.settings import Settings
from gateway.runtime.app import Gateway
from gateway.runtime.reload import Origin
from tests.support.api_server import ApiServer, serving
from tests.support.reloadable import Files, body
from tests.support.running import settled

MINUTE = 60 * 1_000_000_000
START = 1_772_406_000 * 1_000_000_000  # 2026-03-02T07:00:00+08:00
READINGS = 8 * 60
NOW = START + READINGS * MINUTE
LEARNS = """\
schema = 1
[[conditions]]
name = "water.unusual"
title = "Unusual level"
kind = "unusual"
profile = "tank"
quantity = "level"
warm_days = 0.25
priorities = [4]
"""


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A tank whose level was 230, give or take one, for eight hours; another one that said nothing for long."""
    folder = tmp_path_factory.mktemp("usual")

    def of(port: int) -> tuple[Settings, Origin]:
        files = Files(folder, port)
        (folder / "conditions.toml").write_text(LEARNS, encoding="utf-8")
        return files.load(), files.origin

    async def fill(gateway: Gateway, port: int) -> None:
        levels = 230 + np.random.default_rng(3).normal(0, 1, READINGS)
        async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
            for k, level in enumerate(levels.tolist()):
                await client.publish("plant/tank/t1", body(START + k * MINUTE, level), qos=1)
            await client.publish("plant/tank/t2", body(NOW - MINUTE, 1.0), qos=1)
        await settled(gateway, READINGS + 1, ("duckdb",))

    with serving(folder, fill, ManualClock(NOW), files=of) as server:
        yield server


def test_the_band_is_where_the_readings_were(learned: ApiServer) -> None:
    with learned.client() as client:
        answer = client.get("/usual", params={"device": "t1", "from": "now-1h", "points": 5})
    found = answer.json()
    assert (found["device"], len(found["time"]), found["time"][-1]) == ("t1", 5, "2026-03-02T07:00:00.000000000Z")
    (series,) = found["series"]
    assert (series["quantity"], series["unit"], series["by"]) == ("level", "m", "water.unusual")
    for low, middle, high in zip(series["low"], series["middle"], series["high"], strict=True):
        assert 215 < low < 229 < middle < 231 < high < 245


def test_what_is_not_learned_is_left_out_and_what_is_not_there_is_said(learned: ApiServer) -> None:
    with learned.client() as client:

        def ask(**params: str) -> httpx.Response:
            return client.get("/usual", params=params)

        assert ask(device="t2").json()["series"] == []
        assert ask(device="t1", quantity="pressure").json()["series"] == []
        assert len(ask(device="t1", quantity="level").json()["series"]) == 1
        assert ask(device="nobody").status_code == 404
        empty = ask(device="t1", **{"from": "now", "to": "now"})
        assert (empty.status_code, empty.json()["remedy"]) == (400, "Give an earlier from.")


def test_the_client_has_it_too(learned: ApiServer) -> None:
    with Client(learned.address, learned.token()) as city:
        found = city.usual("t1", quantity=["level"], start="now-6h", points=7)

    assert (len(found.time), found.time[-1]) == (7, np.datetime64(NOW, "ns"))
    (series,) = found.series
    assert series.by == "water.unusual"
    assert series.low[-1] is not None
    assert series.low[-1] < 230
