"""Real brokers for whoever needs one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.ports import free_ports
from tests.support.brokers import PlainMosquitto, running_embedded


@pytest.fixture
def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    return free_ports(1)[0]


@pytest.fixture
def embedded_broker() -> Iterator[EmbeddedBroker]:
    """The embedded broker, started: `.port` speaks MQTT 5, `.v4_port` MQTT 3.1.1."""
    with running_embedded() as broker:
        yield broker


@pytest.fixture
def mosquitto_broker(tmp_path: Path) -> Iterator[PlainMosquitto]:
    """A plain mosquitto, started; skips with how to get it where there is none."""
    with PlainMosquitto.running(tmp_path) as broker:
        yield broker
