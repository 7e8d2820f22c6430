"""A running gateway reads its configuration again: what changes, what stays, what is refused."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import CommandError
from gateway.runtime.app import Gateway
from gateway.runtime.reload import Origin
from gateway.telemetry.process_events import ConfigurationRefusedError, ConfigurationReloaded
from tests.support.brokers import PlainMosquitto
from tests.support.fast_publisher import FastPublisher
from tests.support.reloadable import Files, body
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settled

NOW = time.time_ns()


@pytest.fixture
def broker(data_folder: Path) -> Any:
    with PlainMosquitto.running(data_folder) as mosquitto:
        yield mosquitto


@pytest.fixture
def files(broker: PlainMosquitto, data_folder: Path) -> Files:
    return Files(data_folder, broker.port)


def _messages(*levels: float, topic: str = "plant/tank/t-1", at: int = 0) -> list[tuple[str, bytes]]:
    return [(topic, body(NOW + (at + k) * 1_000_000_000, level)) for k, level in enumerate(levels)]


async def _publish(port: int, messages: Sequence[tuple[str, bytes]]) -> None:
    async with FastPublisher(port) as publisher:
        await publisher.publish(messages)


def _states(gateway: Gateway) -> dict[tuple[str, str], str]:
    found = gateway.live_parts.hub.alarm_states()
    return {(each.data["condition"], each.data["asset"]): each.data["state"] for each in found}


async def test_the_same_files_change_nothing_and_no_row_is_written(files: Files) -> None:
    telemetry = RecordingTelemetry()
    async with running_gateway(files.load(), telemetry, origin=files.origin) as gateway:
        end = gateway.inbox.end_offset
        answer = await gateway.desk.reload()
        assert (answer["applied"], answer["problems"], answer["offset"]) == (False, [], -1)
        assert gateway.inbox.end_offset == end
        assert [event.offset for event in telemetry.of(ConfigurationReloaded)] == [-1]


async def test_another_threshold_raises_what_stands_above_it_and_keeps_every_series(
    files: Files, broker: PlainMosquitto
) -> None:
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        await _publish(broker.port, _messages(80))
        await settled(gateway, 1)
        assert _states(gateway) == {}
        files.conditions({"water.high": ("tank", 70)})
        answer = await gateway.desk.reload()
        [change] = answer["differences"]["conditions"]["changed"]["water.high"]
        assert (change["key"], change["before"], change["after"]) == ("high", [100.0], [70.0])
        assert answer["in_force"]
        await _publish(broker.port, _messages(81, at=1))
        await eventually(lambda: _states(gateway) == {("water.high", "t-1"): "unacknowledged"}, "the alarm is raised")
        assert [name.index for name in gateway.engines.zone.registry.series] == [0]


async def test_a_condition_that_is_gone_ends_its_alarm_and_check_says_so_before(
    files: Files, broker: PlainMosquitto
) -> None:
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        await _publish(broker.port, _messages(150))
        await eventually(lambda: len(_states(gateway)) == 1, "the alarm is raised")
        files.conditions({"water.other": ("tank", 500)})
        digest, end = gateway.engines.config_digest, gateway.inbox.end_offset
        said = await gateway.desk.reload(check=True)
        assert [(each["condition"], each["asset"]) for each in said["ends"]] == [("water.high", "t-1")]
        assert (gateway.engines.config_digest, gateway.inbox.end_offset, said["applied"]) == (digest, end, False)
        answer = await gateway.desk.reload()
        assert answer["ends"] == said["ends"]
        await eventually(lambda: _states(gateway) == {("water.high", "t-1"): "normal"}, "the alarm has ended")


async def test_a_profile_that_is_new_is_subscribed_and_one_that_is_gone_given_up_on_the_same_session(
    files: Files, broker: PlainMosquitto
) -> None:
    files.profile("pump")
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        source = gateway.sources[0]
        files.remove_profile("pump")
        files.profile("well")
        answer = await gateway.desk.reload()
        found = answer["differences"]
        assert (found["profiles"]["added"], found["profiles"]["removed"]) == (["well"], ["pump"])
        assert found["subscriptions"] == {
            "added": ["main: plant/well/+"], "removed": ["main: plant/pump/+"], "changed": {},
        }  # fmt: skip
        assert [one for one in source.session_filters if one.startswith("plant")] == ["plant/tank/+", "plant/well/+"]
        await _publish(broker.port, _messages(1, 2, topic="plant/well/w-1") + _messages(3, topic="plant/pump/p-1"))
        ledger = await settled(gateway, 2)
        assert (ledger["messages"]["received"], ledger["readings"]["accepted"]) == (2, 2)
        assert source.reconnects == 0


async def test_what_needs_a_restart_is_named_and_stays_and_the_rest_comes_into_force(files: Files) -> None:
    telemetry = RecordingTelemetry()
    async with running_gateway(files.load(), telemetry, origin=files.origin) as gateway:
        files.settings(
            http={"port": 18_480}, mqtt={"client_id": "another", "receive_maximum": 7}, engine={"gather_messages": 77},
            bounds={"max_payload_bytes": 1000, "max_depth": 9},
        )  # fmt: skip
        answer = await gateway.desk.reload()
        waits = {each["key"] for each in answer["differences"]["restart"]}
        assert waits == {"http.port", "mqtt.client_id", "mqtt.receive_maximum", "bounds.max_payload_bytes"}
        assert {each["key"] for each in answer["differences"]["options"]} == {
            "engine.gather_messages", "bounds.max_depth",
        }  # fmt: skip
        assert (gateway.settings.http.port, gateway.settings.mqtt.client_id) == (0, "cityloom")
        content = gateway.engines.zone.configuration
        assert content is not None
        assert (content.options.bounds.max_depth, content.options.bounds.max_payload_bytes) == (9, 256 * 1024)
        assert set(telemetry.of(ConfigurationReloaded)[0].restart) == waits
        again = await gateway.desk.reload()
        assert {each["key"] for each in again["differences"]["restart"]} == waits
        assert not again["applied"]


async def test_whoever_took_an_option_at_the_start_takes_it_again(files: Files) -> None:
    files.settings(outbox={"quota_bytes": 64 << 20})
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        assert (gateway.room.drops, gateway.liveness.stall_secs) == (False, 5)
        assert gateway.outbox.write_bytes == 16 << 20
        files.settings(
            engine={"tick_secs": 20.0, "clock_bound_secs": 7.0},
            outbox={"on_full": "drop_oldest_raw", "quota_bytes": 128 << 20},
        )
        assert (await gateway.desk.reload())["applied"]
        assert gateway.room.drops
        assert gateway.outbox.write_bytes == 32 << 20
        assert gateway.liveness.stall_secs == 50, "between two looks it is not stalled"
        assert gateway.clock_watch.bound_ns == 7_000_000_000


async def test_a_new_source_whose_certificates_are_of_no_use_is_refused_and_nothing_stops(files: Files) -> None:
    one = {"name": "one", "filters": ["plant/tank/+"]}
    files.settings(sources={"tables": [one]})
    authority = files.folder / "ca.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n", encoding="utf-8")
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        two = {"name": "two", "filters": ["plant/well/+"], "tls": "on", "ca_file": str(authority)}
        files.settings(sources={"tables": [one, two]})
        answer = await gateway.desk.reload()
        assert [(each["key"], each["problem"][:27]) for each in answer["problems"]] == [
            ("sources[two]", "TLS to the broker can't be "),
        ]  # fmt: skip
        assert [source.name for source in gateway.sources] == ["one"]


async def test_a_retired_connection_stays_until_a_restart(files: Files) -> None:
    (files.folder / "d").mkdir()
    noted = {"filters": {"main-2": ["$share/cityloom.0/plant/#"]}, "canaries": []}
    (files.folder / "d" / "sessions.json").write_text(json.dumps(noted), encoding="utf-8")
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        assert [source.name for source in gateway.sources] == ["main", "main-2"]
        files.profile("well")
        assert (await gateway.desk.reload())["applied"]
        assert [source.name for source in gateway.sources] == ["main", "main-2"]
        assert gateway.sources[1].filters == ()
        assert set(gateway.rebirth_parts._targets) == {source.source for source in gateway.sources}


def _syntax(files: Files) -> None:
    files.config.write_text("[mqtt\nport = 1", encoding="utf-8")


def _unknown_key(files: Files) -> None:
    files.settings(engine={"gather_mss": 5})


def _unknown_unit(files: Files) -> None:
    files.profile("tank", unit="furlong")


def _unreadable(files: Files) -> None:
    (files.folder / "devices.csv").unlink()
    (files.folder / "devices.csv").mkdir()


def _half_written(files: Files) -> None:
    text = (files.folder / "profiles" / "tank.toml").read_text(encoding="utf-8")
    (files.folder / "profiles" / "tank.toml").write_text(text[: text.index("path")], encoding="utf-8")


def _condition_of_nothing(files: Files) -> None:
    files.conditions({"water.high": ("no-such", 5)})


def _other_unit(files: Files) -> None:
    files.profile("tank", unit="kPa")


@pytest.mark.parametrize(
    ("spoil", "file", "key"),
    [
        (_syntax, "cityloom.toml", ""), (_unknown_key, "cityloom.toml", "engine.gather_mss"),
        (_unknown_unit, "tank.toml", "fields.level.unit"), (_unreadable, "devices.csv", "devices_file"),
        (_half_written, "tank.toml", ""), (_condition_of_nothing, "conditions.toml", "conditions[0].profile"),
        (_other_unit, "tank.toml", "fields.level.unit"),
    ],
)  # fmt: skip
async def test_a_bad_file_is_refused_whole_and_the_old_configuration_goes_on(
    files: Files, broker: PlainMosquitto, spoil: Callable[[Files], None], file: str, key: str
) -> None:
    telemetry = RecordingTelemetry()
    async with running_gateway(files.load(), telemetry, origin=files.origin) as gateway:
        digest, end, settings = gateway.engines.config_digest, gateway.inbox.end_offset, gateway.settings
        files.profile("well")  # good, and refused with the rest
        spoil(files)
        answer = await gateway.desk.reload()
        assert not answer["applied"]
        problem = next(each for each in answer["problems"] if each["file"].endswith(file))
        assert problem["key"].startswith(key)
        assert problem["problem"]
        assert problem["remedy"]
        assert (gateway.engines.config_digest, gateway.inbox.end_offset) == (digest, end)
        assert gateway.settings is settings
        assert len(telemetry.of(ConfigurationRefusedError)) == 1
        await _publish(broker.port, _messages(1))
        assert (await settled(gateway, 1))["readings"]["accepted"] == 1


async def test_a_device_may_not_come_to_a_profile_with_another_unit_under_what_is_stored(
    files: Files, broker: PlainMosquitto
) -> None:
    files.profile("gauge", unit="kPa")
    files.devices("t-1,tank,t-1,tianhe,113.31,23.13,,,")
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        await _publish(broker.port, _messages(5))
        await settled(gateway, 1)
        files.devices("t-1,gauge,t-1,tianhe,113.31,23.13,,,")
        answer = await gateway.desk.reload()
        [problem] = answer["problems"]
        assert "m is stored under this name (device t-1)" in problem["problem"]


async def test_a_content_that_an_engine_cannot_take_never_reaches_the_journal(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise IndexError("a state that does not fit")

    async with running_gateway(files.load(), origin=files.origin) as gateway:
        end = gateway.inbox.end_offset
        files.conditions({"water.high": ("tank", 70)})
        with monkeypatch.context() as patch:
            patch.setattr("gateway.engine.conditions.judge.Judge.configure", fails)
            answer = await gateway.desk.reload()
        assert "a state that does not fit" in answer["problems"][0]["problem"]
        assert gateway.inbox.end_offset == end
        assert (await gateway.desk.reload())["applied"]


async def test_reloads_at_once_come_one_after_the_other(files: Files) -> None:
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        files.conditions({"water.high": ("tank", 70)})
        answers = await asyncio.gather(*(gateway.desk.reload() for _ in range(3)))
        assert [answer["applied"] for answer in answers] == [True, False, False]


async def test_a_gateway_without_files_and_one_that_is_not_there_say_what_to_do(
    files: Files, data_folder: Path
) -> None:
    async with running_gateway(files.load()) as gateway:
        with pytest.raises(CommandError, match="not started from files"):
            await gateway.desk.reload()


async def test_another_log_and_new_secrets_are_told_to_whoever_logs(files: Files) -> None:
    told: list[str] = []
    origin = Origin(files.origin.source, lambda settings: told.append(settings.log.level))
    async with running_gateway(files.load(), origin=origin) as gateway:
        await gateway.desk.reload()
        files.settings(log={"level": "debug"})
        await gateway.desk.reload()
        files.settings(mqtt={"password": "a new secret", "username": "u"})
        answer = await gateway.desk.reload()
        assert told == ["debug"]
        assert {each["key"]: each["after"] for each in answer["differences"]["restart"]} == {
            "mqtt.username": "u", "mqtt.password": "***",
        }  # fmt: skip
