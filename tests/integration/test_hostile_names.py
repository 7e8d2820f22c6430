"""Names from outside that are code somewhere: stored, read back and told as they are, each in its place; or refused."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from gateway.config.settings import Settings
from gateway.reasons import Rejected
from gateway.runtime.app import Gateway
from seeds import profile_texts
from tests.support.brokers import running_embedded
from tests.support.fast_publisher import FastPublisher
from tests.support.influxd import Influxd, influxd
from tests.support.mqtt_peer import MqttPeer
from tests.support.running import eventually, running_gateway, settings_of, settled

__all__ = ["influxd"]

pytestmark = pytest.mark.xdist_group("influxd")

PROFILE = """
name = "names"
topic = "names/{place}"
interval_secs = 60
[identity]
path = "id"
[provisioning]
zone = "tianhe"
[time]
format = "receipt"
[fields.v]
path = "v"
unit = "1"
[fields.text]
path = "text"
type = "enum"
enum = { on = 1 }
required = false
"""
NAMES = (
    "+", "#", "a/b", "../../../../tmp/x", "$SYS", "$SYS/x", "a,b=c d", "back\\", "a\\,b", "a\\ b", '"', "'", "`",
    "'; DROP TABLE state; --", '"; DROP MEASUREMENT names', "' OR '1'='1", "<script>alert(1)</script>", "&lt;",
    "%2F", "a%2Fb", "%0A", "{device}", "${HOME}", "=1+1", "NULL", "nan", "-", "_field", "device", "time", "#comment",
    "水泵 Ж é", "\U0001f4a7", "x" * 256, "[bold red]x[/]", "a|b", '|> drop(columns: ["_value"])',
)  # fmt: skip
"""All of them printable: keys that a device may have."""
REFUSED = ("\x1b[2J", "a\r\nb", "a\nnames,device=b v=1", "\u202egnp", "a\0b", "\u2028", "\ud800", "", "x" * 257)
"""They could move a cursor or begin a line somewhere."""


def _messages() -> list[tuple[str, bytes]]:
    bodies = [{"id": name, "v": k} for k, name in enumerate((*NAMES, *REFUSED))]
    return [("names/x", json.dumps(body).encode()) for body in bodies]


def _settings(folder: Path, port: int, influx: Influxd) -> Settings:
    profiles = folder / "profiles"
    profiles.mkdir(parents=True)
    for name, text in {**profile_texts(), "names": PROFILE}.items():
        (profiles / f"{name}.toml").write_text(text, encoding="utf-8")
    buckets = {f"{kind}_bucket": f"hostile_{kind}" for kind in ("raw", "fine", "coarse")}
    options = {"enabled": True, "url": influx.url, "org": influx.org, "token": influx.token, **buckets}
    return settings_of(
        folder, port, profiles_dir=str(profiles), live={"interval_ms": 50, "mqtt": {"enabled": True}},
        stores={"influxdb": options},
    )  # fmt: skip


async def _read(gateway: Gateway, name: str, store: str) -> list[Any]:
    found = await gateway.desk.read(name, "v", store=store)
    return [row[found["columns"].index("value")] for row in found["rows"]]


async def test_every_name_keeps_to_its_own_place_in_both_stores_and_on__live(
    data_folder: Path, influxd: Influxd
) -> None:
    with running_embedded() as broker:
        async with running_gateway(_settings(data_folder, broker.port, influxd)) as gateway:
            publisher = gateway.live_parts.publisher
            assert publisher is not None
            await eventually(lambda: publisher.state == "publishing", "it publishes")
            with MqttPeer(broker.port, "reader") as peer:
                await asyncio.to_thread(peer.subscribe, "#")
                async with FastPublisher(broker.port) as devices:
                    await devices.publish(_messages())
                ledger = await settled(gateway, len(NAMES) + len(REFUSED), ("duckdb", "influxdb", "records"))

                for store in ("duckdb", "influxdb"):
                    stored = {name: await _read(gateway, name, store) for name in NAMES}
                    assert stored == {name: [float(k)] for k, name in enumerate(NAMES)}, store
                assert ledger["reasons"]["message.rejected"] == {Rejected.IDENTITY_INVALID: len(REFUSED)}
                assert {
                    record.id for record in gateway.engines.zone.registry.records if record.state != "known"
                } == set(NAMES)
                letters = (await gateway.desk.dead_letters())["dead_letters"]
                assert len(letters) == len(REFUSED)
                assert all(letter["detail"].isprintable() for letter in letters)

                await eventually(lambda: len(set(_live(peer))) == len(NAMES), "all of them are told, each on a topic")
                for topic, payload in peer.received:
                    if topic.startswith("cityloom/live/latest/"):
                        prefix, zone, level = topic.rsplit("/", 2)
                        assert (prefix, zone) == ("cityloom/live/latest", "tianhe")
                        assert not level.startswith("$")
                        name = json.loads(payload)["device"]
                        assert unquote(level) == name


def _live(peer: MqttPeer) -> list[str]:
    """Topics of newest readings that came."""
    return [topic for topic, _ in peer.received if topic.startswith("cityloom/live/latest/")]
