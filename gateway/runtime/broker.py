"""The embedded broker: rumqttd (package `iotcore`) in a child process, for trying CityLoom out.

It is not for production. It keeps sessions and queued messages in memory only: what it acknowledged to a device is gone
when it stops, and nothing limits who connects. Use mosquitto with the settings in `deploy/` (or another MQTT 5 broker)
for anything that must last.

    with EmbeddedBroker(port=1883, v4_port=1884):
        ...                        # MQTT 5 on 1883, MQTT 3.1.1 on 1884, loopback only

or by hand: `python -m gateway.runtime.broker --port 1883 --v4-port 1884`. It ends with its parent: the child reads a
pipe that only the parent holds, and leaves when it closes, however the parent ended.
"""

import argparse
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from iotcore import IotCoreBroker

from gateway.errors import CommandError, GatewayError
from gateway.runtime.ports import HOST, is_free

__all__ = ["EmbeddedBroker", "main", "render_config"]

READY_SECS = 10.0
POLL_SECS = 0.02

_LISTENER = """\
[{section}]
name = "{name}"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[{section}.connections]
connection_timeout_ms = 60000
max_payload_size = {max_payload}
max_inflight_count = 100
dynamic_filters = true
"""

_ROUTER = """\
id = 0
[router]
max_connections = 10010
max_outgoing_packet_count = 10000
max_segment_size = 104857600
max_segment_count = 10
"""


def render_config(port: int, v4_port: int, max_payload: int) -> str:
    """The broker's own TOML: an MQTT 5 listener and an MQTT 3.1.1 one (it asks for both), on the loopback."""
    listeners = [
        _LISTENER.format(section=section, name=name, host=HOST, port=p, max_payload=max_payload)
        for section, name, p in (("v5.1", "mqtt5", port), ("v4.1", "mqtt311", v4_port))
    ]
    return _ROUTER + "".join(listeners)


class EmbeddedBroker:
    """A broker of our own in a child process. Not thread-safe; start it once.

    max_payload: bytes. Its window is 100 messages in flight to one subscriber, which nothing changes. Raises
    GatewayError where a port is taken or the child doesn't come up.
    """

    def __init__(self, port: int, v4_port: int, *, max_payload: int = 1 << 20) -> None:
        self.port = port
        self.v4_port = v4_port
        self.max_payload = max_payload
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def start(self) -> Self:
        """Start and return when both listeners accept connections (up to 10 s)."""
        for port in (self.port, self.v4_port):
            if not is_free(port):
                raise CommandError(
                    f"Port {port} on {HOST} is taken, so the embedded broker can't listen there.",
                    "Choose another port, or point the gateway at the broker that is running already.",
                    2,
                )
        command = [sys.executable, "-m", "gateway.runtime.broker", "--child"]
        command += ["--port", str(self.port), "--v4-port", str(self.v4_port)]
        command += ["--max-payload", str(self.max_payload)]
        # A session of its own: Ctrl-C in a terminal is for the gateway, which still drains from this broker.
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
        deadline = time.monotonic() + READY_SECS
        while not (_answers(self.port) and _answers(self.v4_port)):
            code = self._child.poll()
            if code is not None or time.monotonic() > deadline:
                self.stop()
                fate = f"ended with code {code}" if code is not None else f"did not listen within {READY_SECS:.0f} s"
                raise GatewayError(
                    f"The embedded broker {fate}.", "Its messages are above; `pip install iotcore` repairs it."
                )
            time.sleep(POLL_SECS)
        return self

    def stop(self) -> None:
        """End the child and free its ports. Safe to call twice."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(5.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdin is not None:
            child.stdin.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=0.5):
            return True
    except OSError:
        return False


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()  # returns when the parent's end of the pipe closes
    os._exit(0)


def main(arguments: list[str] | None = None) -> None:
    """Run the broker in this process until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m gateway.runtime.broker", description="An MQTT broker to try out.")
    parser.add_argument("--port", type=int, default=1883, help="MQTT 5 port (default 1883)")
    parser.add_argument("--v4-port", type=int, default=1884, help="MQTT 3.1.1 port (default 1884)")
    parser.add_argument("--max-payload", type=int, default=1 << 20, help="largest payload in bytes (default 1 MiB)")
    parser.add_argument("--child", action="store_true", help="end when standard input closes")
    options = parser.parse_args(arguments)
    if options.child:
        threading.Thread(target=_leave_with_parent, daemon=True).start()
    # rumqttd reports every packet it routes as an error span.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    handle, name = tempfile.mkstemp(prefix="cityloom-broker-", suffix=".toml")
    path = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(render_config(options.port, options.v4_port, options.max_payload))
    broker = IotCoreBroker(config_path=name)
    path.unlink()  # read at construction; a terminated process leaves nothing behind
    broker.run_forever()


if __name__ == "__main__":
    main()
