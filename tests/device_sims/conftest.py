"""A broker for the publisher: rumqttd in a process of its own, without anything of the gateway."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from iotcore import Broker

from tests.support.mosquitto import free_port

LISTENER = """
[{section}]
name = "{section}"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[{section}.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 1000
dynamic_filters = true
"""
ROUTER = """
id = 0
[router]
max_connections = 100
max_outgoing_packet_count = 10000
max_segment_size = 104857600
max_segment_count = 10
"""


def broker_on(port: int, folder: Path) -> Broker:
    """Not started yet; MQTT 5 on `port`."""
    config = folder / "broker.toml"
    listeners = (("v5.1", port), ("v4.1", free_port()))
    text = ROUTER + "".join(LISTENER.format(section=section, port=number) for section, number in listeners)
    config.write_text(text, encoding="utf-8")
    return Broker(config_path=str(config))


@pytest.fixture(scope="module")
def broker_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a running MQTT 5 broker."""
    port = free_port()
    with broker_on(port, tmp_path_factory.mktemp("broker")):
        yield port
