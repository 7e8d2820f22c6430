"""Make a data folder as an older version left it: `python make.py TREE NAME`, TREE being that version checked out.

    git worktree add /tmp/old COMMIT && python tests/cases/old_files/make.py /tmp/old tables-1-1-2

A real gateway of that version on a real broker (mosquitto), stopped cleanly with work waiting:
  - MESSAGES messages of three readings each are stored in DuckDB and wait for an InfluxDB that never came;
  - one unreadable message is a dead letter, and is brought back: it waits in the inbox.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

HERE = Path(__file__).resolve().parent
MESSAGES = 60
CONFIG = """\
data_dir = "{data}"
[mqtt]
port = {mqtt}
[http]
port = {http}
[stores.duckdb]
threads = 1
[stores.influxdb]
enabled = true
url = "http://127.0.0.1:9"
org = "o"
token = "t"
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def main(tree: Path, name: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="old-"))
    mqtt, http, data = free_port(), free_port(), folder / "data"
    config = folder / "cityloom.toml"
    config.write_text(CONFIG.format(data=data, mqtt=mqtt, http=http))
    (folder / "broker.conf").write_text(f"listener {mqtt} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen(["mosquitto", "-c", folder / "broker.conf"], stderr=subprocess.DEVNULL)
    command = [sys.executable, "-m", "gateway.cli"]
    environment = {**os.environ, "PYTHONPATH": str(tree)}

    def ask(*arguments: str) -> dict[str, Any]:
        out = subprocess.run(
            [*command, *arguments, "-c", config, "--json"],
            env=environment,
            cwd=tree,
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(out.stdout.splitlines()[-1])
        return found

    gateway = subprocess.Popen([*command, "run", "-c", config], env=environment, cwd=tree)
    try:

        def ready() -> bool:
            try:
                return int(urllib.request.urlopen(f"http://127.0.0.1:{http}/health/ready").status) == 200
            except OSError:
                return False

        until(ready, "the gateway is ready")
        client = paho.Client(CallbackAPIVersion.VERSION2, "devices")
        client.connect("127.0.0.1", mqtt)
        client.loop_start()
        now = time.time_ns() // 1_000_000
        for k in range(MESSAGES):
            body = {"ts": now - (MESSAGES - k) * 20_000, "speed": 20.5 + k, "flow": k % 60, "occ": 0.25}
            client.publish(f"city/tianhe/traffic/loop/made-up-{k % 3}/reading", json.dumps(body), 1).wait_for_publish(9)
        client.publish("city/tianhe/traffic/loop/made-up-0/reading", b"{", 1).wait_for_publish(9)
        client.loop_stop()

        def stored() -> bool:
            ledger = ask("ledger")
            return bool(ledger["stores"]["duckdb"]["stored"] == MESSAGES * 3 and not ledger["messages"]["waiting"])

        until(stored, "everything is stored")
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(30) == 0
        assert ask("dead-letters", "replay", "--reason", "unreadable")["replayed"] == 1
        ledger = ask("ledger")
        assert ledger["messages"]["waiting"] == 1
        with tarfile.open(HERE / f"{name}.tar.xz", "w:xz") as tar:
            for path in sorted(data.iterdir()):
                if path.name not in ("lock", "control.sock") and not path.name.endswith(("-shm", "-wal")):
                    tar.add(path, path.name, filter=_nobody)
    finally:
        gateway.kill()
        broker.terminate()


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
