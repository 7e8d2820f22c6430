"""`cityloom listen` against real brokers: both versions of MQTT, brokers that come late, logins, Ctrl-C."""

import json
import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.runtime.ports import free_ports
from tests.support.brokers import PlainMosquitto, running_embedded
from tests.support.certificates import make_certificates
from tests.support.command import Process, cityloom, publish
from tests.support.strangers_device import sound_levels


def listening(folder: Path, port: int, *arguments: str) -> Process:
    process = Process(folder, "listen", "--broker", f"127.0.0.1:{port}", *arguments)
    process.says("listening to")
    return process


def send(port: int) -> list[tuple[str, bytes]]:
    messages = list(sound_levels(time.time_ns()))
    publish(port, messages)
    return messages


def test_what_was_heard_of_mosquitto_can_be_replayed_and_drafted(tmp_path: Path) -> None:
    with PlainMosquitto.running(tmp_path) as broker:
        process = listening(
            tmp_path, broker.port, "--topic", "acme/#", "--save", "h.jsonl.gz", "--limit", "30", "--json"
        )
        messages = send(broker.port)
        assert process.ended() == 0, process.said

    found = json.loads(process.said.splitlines()[-1])
    assert found["messages"] == 30
    assert found["topics"][0]["count_of_topics"] == 3
    assert "hunter2" not in process.said
    assert cityloom(tmp_path, "replay", "h.jsonl.gz", "--json").json["ledger"]["messages"]["received"] == len(messages)
    assert cityloom(tmp_path, "profile", "draft", "h.jsonl.gz").code == 0


def test_a_broker_of_the_older_version_is_heard_too(tmp_path: Path) -> None:
    with running_embedded() as broker:
        process = listening(tmp_path, broker.v4_port, "--limit", "30")
        send(broker.port)
        assert process.ended() == 0

    assert "MQTT 3.1.1" in process.said
    assert "30 messages of 1 kind of topic" in process.said


def test_a_broker_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    broker = PlainMosquitto(tmp_path)
    process = Process(tmp_path, "listen", "--broker", f"127.0.0.1:{broker.port}", "--limit", "30")
    try:
        process.says("can not reach")
        broker.start()
        process.says("listening to")
        send(broker.port)
        assert process.ended() == 0, process.said
    finally:
        broker.kill()


def test_ctrl_c_ends_with_what_was_heard(tmp_path: Path) -> None:
    with running_embedded() as broker:
        process = listening(tmp_path, broker.port, "--save", "h.jsonl")
        send(broker.port)
        process.interrupt()
        assert process.ended() == 0, process.said

    assert "kind of topic" in process.said or "Nothing was heard" in process.said
    assert "Traceback" not in process.said
    for line in (tmp_path / "h.jsonl").read_text().splitlines():
        json.loads(line)


def test_a_retained_message_is_told_apart(tmp_path: Path) -> None:
    with PlainMosquitto.running(tmp_path) as broker:
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        client.publish("acme/n-1/state", b"on", qos=1, retain=True).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()
        process = listening(tmp_path, broker.port, "--limit", "1", "--json")
        assert process.ended() == 0

    (line,) = json.loads(process.said.splitlines()[-1])["topics"]
    assert (line["retained"], line["sample"]) == (1, "on")


def test_a_wrong_login_is_said_and_not_tried_again(tmp_path: Path) -> None:
    with PlainMosquitto.running(tmp_path, listener="allow_anonymous false\n") as broker:
        done = cityloom(tmp_path, "listen", "--broker", f"127.0.0.1:{broker.port}", "--for", "20s")

    assert done.code == 1
    assert "does not let us in" in done.err
    assert "--password-file" in done.err


def test_a_broker_that_never_comes_is_a_failure(tmp_path: Path) -> None:
    done = cityloom(tmp_path, "listen", "--broker", f"127.0.0.1:{free_ports(1)[0]}", "--for", "1s")

    assert done.code == 1
    assert "The broker was not reached." in done.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--topic", "a/#/b"], "has a #"),
        (["--limit", "0"], "--limit must be 1"),
        (["--broker", "http://x"], "is no broker"),
        (["--broker", "mqtt://u:p@x:1"], "--password-file"),
        (["--for", "soon"], "no length of time"),
        (["--username", "me"], "Name it by --broker"),
        (["--save", "there"], "exists"),
    ],
)
def test_bad_arguments_are_said(words: list[str], sentence: str, tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    done = cityloom(tmp_path, "listen", *words)

    assert done.code == 2
    assert sentence in done.err


def test_client_certificates_and_the_configured_broker_are_taken(tmp_path: Path) -> None:
    """By options and by -c; a stranger's authority is a reason, said and tried again."""
    pem = make_certificates(tmp_path / "pem", "localhost")
    secure = f"cafile {pem}/ca.pem\ncertfile {pem}/server.pem\nkeyfile {pem}/server.key\nrequire_certificate true\n"
    files = ("--ca-file", f"{pem}/ca.pem", "--cert-file", f"{pem}/client.pem", "--key-file", f"{pem}/client.key")
    with PlainMosquitto.running(tmp_path, listener=secure) as broker:
        (tmp_path / "c.toml").write_text(
            f'[mqtt]\nhost = "localhost"\nport = {broker.port}\ntls = "on"\nca_file = "{pem}/ca.pem"\n'
            f'cert_file = "{pem}/client.pem"\nkey_file = "{pem}/client.key"\n'
        )
        named = ("listen", "--broker", f"mqtts://localhost:{broker.port}")
        by_options = cityloom(tmp_path, *named, *files, "--for", "2s")
        by_config = cityloom(tmp_path, "listen", "-c", "c.toml", "--for", "2s")
        stranger = cityloom(tmp_path, *named, "--for", "2s")

    assert "listening to" in by_options.out
    assert "listening to" in by_config.out
    assert (by_options.code, by_config.code, stranger.code) == (0, 0, 1)
    assert "certificate verify failed" in stranger.out
