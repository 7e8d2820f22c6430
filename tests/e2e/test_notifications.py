"""From a reading on the wire to a signed webhook, with the gateway killed between intent and outcome."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.brokers import running_embedded
from tests.support.command import Place, asked, eventually, publish

pytestmark = pytest.mark.xdist_group("notifications")
TOPIC = "city/tianhe/gas/detector/{}/reading"


class Hooks:
    """What a webhook's receiver got; `status` is what it answers."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 204
        self.url = ""

    @property
    def ids(self) -> list[str]:
        return [event["id"] for event in self.got]

    def changes(self) -> list[str]:
        return [f"{item['change']} {item['asset']}" for event in self.got for item in event["data"]["items"]]


@contextmanager
def receiving() -> Iterator[Hooks]:
    hooks = Hooks()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if hooks.status < 300:
                hooks.got.append(json.loads(body))
            self.send_response(hooks.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hooks.url = f"http://127.0.0.1:{server.server_address[1]}/key-4711"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hooks
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Rig(Place):
    """A broker, a receiver, and a configuration that joins them."""

    def __init__(self, folder: Path, data_dir: Path, port: int, hooks: Hooks, more: str = "") -> None:
        super().__init__(data_dir, folder / "c.toml", port)
        self.folder, self.hooks = folder, hooks
        self.config.write_text(
            f'[mqtt]\nport = {port}\nwatch_sys = "off"\n[http]\nport = 0\n'
            "[notify]\ngroup_secs = 0\nretry_max_secs = 0.2\n"
            f'[[notify.webhooks]]\nname = "duty"\nurl = "{hooks.url}"\nsecret = "s3cret"\n'
            f'[[notify.routes]]\nname = "gas"\ndomains = ["gas"]\nchannels = ["duty"]\n{more}',
            encoding="utf-8",
        )

    def send(self, name: str, lel: float) -> None:
        publish(self.port, [(TOPIC.format(name), json.dumps({"ts": time.time(), "lel": lel}).encode())])

    def listed(self, *words: str) -> list[dict[str, Any]]:
        found = self.asked("notifications", "list", "--json", *words)
        messages: list[dict[str, Any]] = found.json["notifications"]
        return messages


@pytest.fixture
def rig(tmp_path: Path, data_folder: Path) -> Iterator[Rig]:
    with running_embedded() as broker, receiving() as hooks:
        yield Rig(tmp_path, data_folder, broker.port, hooks)


def test_an_alarm_comes_as_a_webhook_and_so_does_its_end_and_a_restart_repeats_nothing(rig: Rig) -> None:
    with rig.gateway() as gateway:
        rig.subscribed()
        rig.send("gas-9001", 60)
        eventually(lambda: rig.hooks.changes() == ["raised gas-9001"], "it is told")
        (alarm,) = rig.asked("alarms", "list", "--json").json["alarms"]
        assert rig.hooks.got[0]["data"]["items"][0]["alarm"] == alarm["alarm"]
        eventually(lambda: [m["state"] for m in rig.listed()] == ["sent"], "it is noted")
        shown = rig.asked("notifications", "list").out
        assert "raised gas.lel gas-9001" in shown
        gateway.stop()
    with rig.gateway() as gateway:
        rig.subscribed()
        rig.send("gas-9002", 60)
        eventually(lambda: rig.hooks.changes() == ["raised gas-9001", "raised gas-9002"], "only the new one is told")
        gateway.stop()
    assert "4711" not in gateway.said
    assert "s3cret" not in gateway.said


@pytest.mark.parametrize(("place", "arrivals"), [("before-notification", 1), ("after-notification", 2)])
def test_a_kill_between_intent_and_outcome_sends_it_again_under_its_id(place: str, arrivals: int, rig: Rig) -> None:
    with rig.gateway(CITYLOOM_KILL_AT=f"{place}:1") as gateway:
        rig.subscribed()
        rig.send("gas-9001", 60)
        eventually(lambda: not gateway.running, "it is killed")
    assert [(m["state"], m["attempts"]) for m in rig.listed()] == [("sending", 1)]
    with rig.gateway() as gateway:
        eventually(lambda: [m["state"] for m in rig.listed()] == ["sent"], "it is sent")
        assert len(rig.hooks.ids) == arrivals
        assert set(rig.hooks.ids) == {rig.listed()[0]["id"]}
        assert rig.listed()[0]["attempts"] == 2
        gateway.stop()


def test_what_failed_is_seen_and_can_be_sent_again(rig: Rig) -> None:
    text = rig.config.read_text(encoding="utf-8")
    rig.config.write_text(text.replace("[notify]\n", "[notify]\nretry_for_secs = 0.001\n"), encoding="utf-8")
    rig.hooks.status = 503
    with rig.gateway() as gateway:
        rig.subscribed()
        rig.send("gas-9001", 60)
        eventually(lambda: [m["state"] for m in rig.listed()] == ["failed"], "it has failed")
        assert rig.listed("--state", "failed")[0]["problem"] == "HTTP 503"
        assert rig.listed("--state", "sent") == []
        status = rig.asked("status")
        assert "1 FAILED: `cityloom notifications list --state failed`" in status.out
        assert "notification failed" in gateway.said

        rig.hooks.status = 204
        name = rig.listed()[0]["id"]
        wrong = rig.asked("notifications", "retry", "zzzz")
        assert (wrong.code, wrong.err.splitlines()[0]) == (1, "error: There is no message 'zzzz'.")
        done = rig.asked("notifications", "retry", name[:8])
        assert (done.code, done.out.strip()) == (0, "1 to be sent again")
        eventually(lambda: rig.hooks.ids == [name], "it arrives")
        eventually(lambda: rig.listed()[0]["state"] == "sent", "it is noted")
        again = rig.asked("notifications", "retry", name)
        assert again.code == 1
        assert "is sent" in again.err
        gateway.stop()


def test_a_folder_without_a_gateway_has_none(data_folder: Path) -> None:
    found = asked("notifications", "list", "--data-dir", data_folder)
    assert found.code == 1
    assert "no journal" in found.err
