"""The embedded broker as a process."""

import asyncio
import signal
import socket
import subprocess
import sys
import time

import aiomqtt
import pytest

from gateway.errors import GatewayError
from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.ports import free_ports


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


async def _talk(port: int, version: aiomqtt.ProtocolVersion) -> bytes:
    async with aiomqtt.Client("127.0.0.1", port, protocol=version) as client:
        await client.subscribe("t", qos=1)
        await client.publish("t", b"hello", qos=1)
        async with asyncio.timeout(10):
            message = await anext(aiter(client.messages))
    assert isinstance(message.payload, bytes)
    return message.payload


async def test_it_speaks_both_versions_and_frees_its_ports() -> None:
    port, v4_port = free_ports(2)
    with EmbeddedBroker(port, v4_port) as broker:
        assert await _talk(broker.port, aiomqtt.ProtocolVersion.V5) == b"hello"
        assert await _talk(broker.v4_port, aiomqtt.ProtocolVersion.V311) == b"hello"
        assert broker.pid is not None
    assert broker.pid is None
    assert not _answers(port)
    with EmbeddedBroker(port, v4_port):
        assert _answers(port)


def test_a_taken_port_is_a_clear_error() -> None:
    port, other = free_ports(2)
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(GatewayError, match=f"Port {port} on 127.0.0.1 is taken"),
    ):
        EmbeddedBroker(other, port).start()


def test_a_broker_that_does_not_come_up_is_a_clear_error() -> None:
    port, v4_port = free_ports(2)
    with pytest.raises(GatewayError, match="The embedded broker ended with code"):
        EmbeddedBroker(port, v4_port, max_payload=-1).start()


def test_it_ends_with_its_parent_even_when_that_is_killed() -> None:
    port, v4_port = free_ports(2)
    code = (
        "import time\nfrom gateway.runtime.broker import EmbeddedBroker\n"
        f"broker = EmbeddedBroker({port}, {v4_port}).start()\nprint(broker.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _answers(port)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _answers(port) and time.monotonic() < deadline:
        pass
    assert not _answers(port), f"process {child} still listens"
