"""One bad field, payload or point among ten thousand is one dead letter with its reason; everything else is stored."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import seeds
from gateway.runtime.app import Gateway
from gateway.runtime.broker import EmbeddedBroker
from tests.support.brokers import running_embedded
from tests.support.fast_publisher import FastPublisher
from tests.support.fleet import past_messages, truth, wire
from tests.support.influx_double import STORED, Answer, InfluxDouble, influx_double, said
from tests.support.influxd import Influxd, influxd
from tests.support.running import eventually, running_gateway, settings_of, settled

__all__ = ["influxd"]

POISON = "failure writing points to database: unable to parse: this point and no other"


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with running_embedded() as made:
        yield made


@pytest.fixture
def influxdb() -> Iterator[InfluxDouble]:
    with influx_double() as made:
        yield made


async def _letters(gateway: Gateway, count: int) -> list[dict[str, object]]:
    """Wait for as many dead letters; gives all, by reason."""

    async def there() -> bool:
        return int((await gateway.desk.dead_letters())["held"]) >= count

    await eventually(there, f"{count} dead letters")
    found = (await gateway.desk.dead_letters(limit=1_000))["dead_letters"]
    return sorted(found, key=lambda letter: str(letter["reason"]))


async def test_one_bad_point_payload_and_field_among_ten_thousand_are_a_dead_letter_each(
    broker: EmbeddedBroker, influxdb: InfluxDouble, data_folder: Path
) -> None:
    messages = past_messages(10_000)
    loops = [place for place, message in enumerate(messages) if "/traffic/loop/" in message.topic]
    sent = wire(messages)
    bad_payload, bad_field, bad_point = loops[100], loops[200], loops[300]
    sent[bad_payload] = sent[bad_payload][0], sent[bad_payload][1][:20]
    body = json.loads(sent[bad_field][1])
    sent[bad_field] = sent[bad_field][0], json.dumps({**body, "flow": "many"}).encode()
    refused = messages[bad_point]
    key = f"loop-detector,device={refused.device} "
    ts = f" {refused.readings[0].ts}"

    def answer(bucket: str, lines: list[str]) -> Answer:
        poisoned = any(line.startswith(key) and line.endswith(ts) for line in lines)
        return said(400, POISON) if poisoned else STORED

    influxdb.on_write = answer
    stores = {"influxdb": {"enabled": True, "url": influxdb.url, "token": "t"}}
    async with running_gateway(settings_of(data_folder, broker.port, stores=stores)) as gateway:
        async with FastPublisher(broker.port) as devices:
            await devices.publish(sent)
        ledger = await settled(gateway, 10_000, ("duckdb", "influxdb"))
        told = len(truth(messages)) - len(messages[bad_payload].readings) - 1
        assert ledger["messages"]["decoded"] == 9_999
        assert ledger["messages"]["rejected"] == 1
        assert ledger["reasons"] == {"message.rejected": {"unreadable": 1}, "reading.invalid": {"wrong_type": 1}}
        assert ledger["readings"]["accepted"] == ledger["stores"]["duckdb"]["stored"] == told
        of_point = len(refused.readings)
        assert ledger["stores"]["influxdb"] == {
            "stored": told - of_point, "refused": of_point, "dropped": 0, "waiting": 0,
        }  # fmt: skip
        letters = await _letters(gateway, 3)
        assert [letter["reason"] for letter in letters] == ["refused", "unreadable", "wrong_type"]
        point, payload, field = letters
        assert point["device"] == refused.device
        assert "this point and no other" in str(point["detail"])
        assert payload["topic"] == sent[bad_payload][0]
        assert "flow" in str(field["detail"])
        whole = await gateway.desk.dead_letter(str(payload["id"]))
        assert whole["payload"] == sent[bad_payload][1].decode()
        # the neighbours of the bad field are stored
        good = messages[bad_field]
        found = await gateway.desk.read(good.device, start=good.readings[0].ts, end=good.readings[0].ts + 1)
        assert {row[0] for row in found["rows"]} == {"speed", "occupancy"}


async def test_a_type_conflict_in_influxdb_refuses_the_points_that_have_it_and_no_other(
    broker: EmbeddedBroker, influxd: Influxd, data_folder: Path
) -> None:
    buckets = {f"{kind}_bucket": f"conflict_{kind}" for kind in ("raw", "fine", "coarse")}
    options = {"enabled": True, "url": influxd.url, "org": influxd.org, "token": influxd.token, **buckets}
    messages = past_messages(2_000)
    gas = [m for m in messages if any(r.quantity == "co" and r.value is not None for r in m.readings)]
    assert gas
    async with running_gateway(settings_of(data_folder, broker.port, stores={"influxdb": options})) as gateway:
        await eventually(lambda: all(writer.state == "writing" for writer in gateway.writers), "the buckets are made")
        # somebody else wrote text under a field of ours: 422, partial write, from now on
        times = {message.readings[0].ts for message in gas}  # a field has one type in each shard
        stranger = "\n".join(f'gas-detector,device=stranger co="high" {ts}' for ts in times)
        influxd.call("POST", f"/api/v2/write?org={influxd.org}&bucket={buckets['raw_bucket']}", stranger)
        async with FastPublisher(broker.port) as devices:
            await devices.publish(wire(messages))
        ledger = await settled(gateway, 2_000, ("duckdb", "influxdb"))
        told, refused = len(truth(messages)), sum(len(message.readings) for message in gas)
        assert ledger["stores"]["duckdb"]["stored"] == told
        assert ledger["stores"]["influxdb"] == {
            "stored": told - refused, "refused": refused, "dropped": 0, "waiting": 0,
        }  # fmt: skip
        letters = await _letters(gateway, len(gas))
        assert {letter["reason"] for letter in letters} == {"refused"}
        assert {letter["device"] for letter in letters} == {message.device for message in gas}
        assert all("type conflict" in str(letter["detail"]) for letter in letters)


async def test_what_a_stranger_said_is_stored_once_it_is_known_and_replayed(
    broker: EmbeddedBroker, data_folder: Path, tmp_path: Path
) -> None:
    #  devices.csv   without loop-0002   |  with loop-0002
    #  loop-0002     . . . dead letters  |  replay: stored at their own times
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    for name, text in seeds.profile_texts().items():
        closed = text.replace('policy = "open"', 'policy = "closed"') if name == "loop-detector" else text
        (profiles / f"{name}.toml").write_text(closed)
    devices_file = tmp_path / "devices.csv"
    listed = seeds.devices_text()
    devices_file.write_text("".join(line for line in listed.splitlines(True) if not line.startswith("loop-0002,")))
    files = {"profiles_dir": profiles, "devices_file": devices_file}
    messages = past_messages(2_000)
    strange = [message for message in messages if message.device == "loop-0002"]
    assert strange
    settings = settings_of(data_folder, broker.port, **files)
    async with running_gateway(settings) as gateway:
        async with FastPublisher(broker.port) as devices:
            await devices.publish(wire(messages))
        ledger = await settled(gateway, 2_000)
        assert ledger["reasons"]["message.rejected"] == {"device_unknown": len(strange)}
        letters = await _letters(gateway, len(strange))
        assert {letter["topic"] for letter in letters} == {message.topic for message in strange}
        # nothing was mended yet: they come back
        early = [str(letters[0]["id"])]
        again = await gateway.desk.replay_dead_letters(ids=early)
        assert (again["replayed"], again["remaining"]) == (1, 0)
        ledger = await settled(gateway, 2_001)
        assert ledger["messages"]["rejected"] == len(strange) + 1

    devices_file.write_text(listed)
    async with running_gateway(settings) as gateway:
        # one that went before goes again where it is named only
        replayed = (await gateway.desk.replay_dead_letters(reason="device_unknown"))["replayed"]
        assert replayed == len(strange)
        replayed += (await gateway.desk.replay_dead_letters(ids=early))["replayed"]
        ledger = await settled(gateway, 2_001 + replayed)
        # the one that was replayed too early is there twice, and told from itself
        assert ledger["messages"]["rejected"] == len(strange) + 1
        assert ledger["messages"]["decoded"] == 2_000 + 1
        overwritten = ledger["readings"]["duplicate"] + await _again(gateway)
        told = len(truth(messages))
        assert ledger["readings"]["decoded"] == told + len(strange[0].readings)
        assert await gateway.stores[0].distinct_readings() == told
        assert overwritten == len(strange[0].readings)
        listed_now = (await gateway.desk.dead_letters(reason="device_unknown"))["dead_letters"]
        assert all(letter["replayed_at"] for letter in listed_now)
        found = await gateway.desk.read("loop-0002")
        stored = {(row[0], row[2]): row[3] for row in found["rows"]}
        assert stored == {(r.quantity, r.ts): pytest.approx(r.value) for m in strange for r in m.readings}


async def _again(gateway: Gateway) -> int:
    """Accepted readings that a later one of the same time replaced."""
    ledger = await gateway.desk.ledger()
    distinct = await gateway.stores[0].distinct_readings()
    accepted: int = ledger["readings"]["accepted"]
    return accepted - distinct
