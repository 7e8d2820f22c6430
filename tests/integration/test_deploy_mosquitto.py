"""The deploy files start a real mosquitto that keeps what it took and lets a device write its own topics only."""

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mosquitto import Mosquitto, find_executable
from tests.support.mqtt_peer import MqttPeer, RefusedError

USERS = {"gateway": "g-secret", "network-server": "n-secret", "loop-0007": "d-secret"}
OWN = "city/tianhe/traffic/loop/loop-0007/reading"
OTHERS = "city/tianhe/traffic/loop/loop-0008/reading"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto.running(tmp_path, USERS) as broker:
        yield broker


def _peer(broker: Mosquitto, user: str, session_expiry_secs: int = 0) -> MqttPeer:
    return MqttPeer(
        broker.ports[1883], f"{user}-client", user=user, password=USERS[user], session_expiry_secs=session_expiry_secs
    )


def test_the_gateway_hears_a_device_on_its_own_topic(broker: Mosquitto) -> None:
    with _peer(broker, "gateway") as gateway, _peer(broker, "loop-0007") as device:
        gateway.subscribe("city/#")
        device.publish(OWN, b"1")
        gateway.wait_for(1)
        assert gateway.received == [(OWN, b"1")]


@pytest.mark.parametrize(
    "topic",
    [OTHERS, "city/tianhe/traffic/loop-0007", "loop-0007", "cityloom/live/loop-0007", "v3/app/devices/loop-0007/up"],
)
def test_a_device_is_refused_on_every_other_topic(topic: str, broker: Mosquitto) -> None:
    with _peer(broker, "loop-0007") as device, pytest.raises(RefusedError, match="Not authorized"):
        device.publish(topic, b"1")


def test_a_device_hears_nothing(broker: Mosquitto) -> None:
    with _peer(broker, "loop-0007") as device, _peer(broker, "gateway") as gateway:
        device.subscribe("#")  # mosquitto grants it and judges each message
        device.publish(OWN, b"1")
        gateway.publish("cityloom/live/tianhe", b"1")
        gateway.subscribe("city/#")  # answered after what was sent before
        assert device.received == []


def test_the_gateway_hears_its_own_canary_and_nobody_else_can_send_it_one(broker: Mosquitto) -> None:
    topic = "cityloom/canary/cityloom"
    with _peer(broker, "gateway") as gateway, _peer(broker, "loop-0007") as device:
        gateway.subscribe(topic)
        gateway.publish(topic, b"1")
        gateway.wait_for(1)
        assert gateway.received == [(topic, b"1")]
        with pytest.raises(RefusedError, match="Not authorized"):
            device.publish(topic, b"2")


def test_the_gateway_cannot_speak_as_a_device(broker: Mosquitto) -> None:
    with _peer(broker, "gateway") as gateway, pytest.raises(RefusedError, match="Not authorized"):
        gateway.publish(OWN, b"1")


def test_a_network_server_speaks_for_its_devices(broker: Mosquitto) -> None:
    topic = "application/7/device/24e124136d490175/event/up"
    with _peer(broker, "gateway") as gateway, _peer(broker, "network-server") as server:
        gateway.subscribe("application/+/device/+/event/up")
        server.publish(topic, b"{}")
        gateway.wait_for(1)
        with pytest.raises(RefusedError, match="Not authorized"):
            server.publish(OWN, b"1")


@pytest.mark.parametrize(("user", "password"), [(None, None), ("loop-0007", "guess"), ("loop-0009", "d-secret")])
def test_a_stranger_is_not_let_in(user: str | None, password: str | None, broker: Mosquitto) -> None:
    with pytest.raises(RefusedError), MqttPeer(broker.ports[1883], "stranger", user=user, password=password):
        pass


def test_a_message_above_the_limit_is_refused_aloud(broker: Mosquitto) -> None:
    with _peer(broker, "loop-0007") as device:
        device.publish(OWN, bytes(1_000_000))
        with pytest.raises(RefusedError):
            device.publish(OWN, bytes(1_100_000))


def test_nothing_sent_while_the_gateway_is_away_is_lost_even_if_the_broker_is_killed(broker: Mosquitto) -> None:
    #  gateway  ==|                          |==     session expiry 24 h, longer than it is away
    #  device     1500        500
    #  broker   ===== save kill start =========
    first = [(OWN, b"%d" % number) for number in range(1500)]  # more than mosquitto holds by default
    second = [(OWN, b"%d" % number) for number in range(1500, 2000)]
    with _peer(broker, "gateway", session_expiry_secs=86400) as gateway:
        gateway.subscribe("city/#")
    with _peer(broker, "loop-0007") as device:
        device.publish_many(first)
    broker.save()
    broker.kill()
    broker.start()
    with _peer(broker, "loop-0007") as device:
        device.publish_many(second)
    with _peer(broker, "gateway", session_expiry_secs=86400) as gateway:
        gateway.wait_for(2000)
        assert gateway.received == first + second


# ---- mutual TLS ----


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority, the broker's certificate, one of loop-0007 and one of another authority."""
    openssl = find_executable("openssl", "apt-get install openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    for authority in ("ca", "strange-ca"):
        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={authority}",
            "-keyout", f"{authority}.key", "-out", f"{authority}.crt")  # fmt: skip
    for name, subject, authority in (
        ("server", "localhost", "ca"), ("device", "loop-0007", "ca"), ("strange", "loop-0007", "strange-ca"),
    ):  # fmt: skip
        run("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={subject}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", "2", "-out", f"{name}.crt")  # fmt: skip
    return folder


@pytest.fixture
def tls_broker(tmp_path: Path, certificates: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path, USERS)
    (broker.config / "conf.d" / "tls.conf").write_bytes((broker.config / "tls.conf").read_bytes())
    (broker.config / "certs").mkdir()
    for name in ("ca.crt", "server.crt", "server.key"):
        (broker.config / "certs" / name).write_bytes((certificates / name).read_bytes())
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


def _context(certificates: Path, name: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates / "ca.crt")
    context.check_hostname = False  # the test connects to 127.0.0.1
    if name is not None:
        context.load_cert_chain(certificates / f"{name}.crt", certificates / f"{name}.key")
    return context


def test_a_certificate_names_the_device(tls_broker: Mosquitto, certificates: Path) -> None:
    tls = _context(certificates, "device")
    with _peer(tls_broker, "gateway") as gateway, MqttPeer(tls_broker.ports[8883], "any", tls=tls) as device:
        gateway.subscribe("city/#")
        device.publish(OWN, b"1")
        gateway.wait_for(1)
        with pytest.raises(RefusedError, match="Not authorized"):
            device.publish(OTHERS, b"1")


@pytest.mark.parametrize("name", [None, "strange"])
def test_without_a_certificate_of_our_authority_nobody_gets_in(
    name: str | None, tls_broker: Mosquitto, certificates: Path
) -> None:
    tls = _context(certificates, name)
    with (
        pytest.raises((RefusedError, OSError)),
        MqttPeer(tls_broker.ports[8883], "any", user="loop-0007", password="d-secret", tls=tls),
    ):
        pass
