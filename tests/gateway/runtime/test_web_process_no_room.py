"""The web process: what it is told of the settings; where the machine has no room for it, it is tried again."""

import asyncio
import errno
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.config.load import load_settings
from gateway.mqtt.backoff import Backoff
from gateway.runtime.web_process import WebProcess, child_settings
from tests.support.running import eventually


@pytest.mark.parametrize("separate", [True, False])
def test_a_token_for_reading_takes_the_place_of_the_one_that_may_write(tmp_path: Path, separate: bool) -> None:
    (tmp_path / "token").write_text("may-write\n")
    influxdb = {"enabled": True, "token_file": str(tmp_path / "token")}
    if separate:
        influxdb["read_token"] = "may-read"
    settings = load_settings(None, {"data_dir": tmp_path, "stores": {"influxdb": influxdb}})
    process = WebProcess(settings, None, lambda *_: None)  # type: ignore[arg-type]  # it is not started
    told = child_settings(process._line).stores.influxdb
    tokens = [None if each is None else each.get_secret_value() for each in (told.token, told.read_token)]
    assert tokens == ([None, "may-read"] if separate else ["may-write", None])
    assert (b"may-write" in process._line) is not separate
    assert msgspec.json.decode(process._line)["stores"]["influxdb"]["url"] == settings.stores.influxdb.url


def test_a_token_for_reading_alone_is_enough_for_a_web_process_by_itself(tmp_path: Path) -> None:
    influxdb = {"enabled": True, "read_token": "may-read"}
    settings = load_settings(None, {"data_dir": tmp_path, "stores": {"influxdb": influxdb}})
    assert settings.stores.influxdb.token is None
    assert "may-read" in settings.secrets()
    assert "may-read" not in repr(settings)


async def test_what_can_not_be_started_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[tuple[int, float]] = []

    async def refused(*_: Any, **__: Any) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refused)
    monkeypatch.setattr(Backoff, "next_delay", lambda _: 0.001)
    with socket.socket() as sock:
        process = WebProcess(
            load_settings(None, {"data_dir": tmp_path}), sock, lambda code, wait: ended.append((code, wait))
        )
        running = asyncio.create_task(process.run())
        await eventually(lambda: len(ended) >= 3 or running.done(), "it is tried again")
        assert not running.done()
        assert ended[0] == (errno.EAGAIN, 0.001)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
