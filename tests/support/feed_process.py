"""A publisher that outlives the gateway: `python -m tests.support.feed_process PORT FILE`.

FILE has a JSON array [topic, payload as base64] a line. For each number read from standard input it publishes up to
that message, in order at QoS 1, and writes the number once the broker has acknowledged them all.
"""

import asyncio
import base64
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

__all__ = ["FeedProcess"]

_CONNECT_SECS = 20.0
_ACK_SECS = 60.0


class FeedProcess:
    """The process, seen from a test. `published` messages are acknowledged by the broker, `asked` are under way."""

    def __init__(self, port: int, file: Path, messages: Sequence[tuple[str, bytes]]) -> None:
        self.total = len(messages)
        self.asked = 0
        self.published = 0
        self._command = [sys.executable, "-m", "tests.support.feed_process", str(port), str(file)]
        lines = (json.dumps([topic, base64.b64encode(payload).decode()]) for topic, payload in messages)
        file.write_text("\n".join(lines), encoding="utf-8")
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._listening is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._listening

    def publish(self, messages: int) -> None:
        """Let so many more go, as far as there are any."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.returncode is None, "the publisher has ended"
        self.asked = min(self.asked + messages, self.total)
        self._process.stdin.write(f"{self.asked}\n".encode())

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.published = int(line)


def main() -> None:
    """Publish as standard input says."""
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    messages = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="feed", protocol=paho.MQTTv5)
    client.max_inflight_messages_set(20)
    client.connect("127.0.0.1", port)
    client.loop_start()
    at = 0
    for line in sys.stdin:
        upto = int(line)
        infos = [client.publish(topic, base64.b64decode(payload), qos=1) for topic, payload in messages[at:upto]]
        for info in infos:
            info.wait_for_publish(_ACK_SECS)
            assert info.is_published(), "the broker does not acknowledge"
        at = upto
        sys.stdout.write(f"{at}\n")
        sys.stdout.flush()
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
