"""A mosquitto of our own for a measurement: found on this machine, without caps on what is in flight or queued."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import CommandError
from gateway.runtime.ports import HOST, free_ports

__all__ = ["mosquitto"]

_READY_SECS = 10.0
_CONFIG = """\
listener {port} {host}
allow_anonymous true
max_inflight_messages 0
max_queued_messages 0
persistence false
"""


@contextmanager
def mosquitto(folder: Path | None) -> Iterator[tuple[str, int]]:
    """Host and port of one that runs until the block ends. Raises CommandError where there is none."""
    path = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise CommandError("There is no mosquitto on this machine.", "`apt-get install mosquitto`.")
    [port] = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="loom-mosquitto-", dir=folder) as made:
        config = Path(made) / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""  # it would become a user that can't read this folder
        config.write_text(_CONFIG.format(port=port, host=HOST) + user, encoding="utf-8")
        with (Path(made) / "log").open("wb") as log:
            process = subprocess.Popen([path, "-c", config], stdout=log, stderr=log, start_new_session=True)  # noqa: S603
        try:
            deadline = time.monotonic() + _READY_SECS
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    said = (Path(made) / "log").read_text(encoding="utf-8", errors="replace").strip()
                    raise CommandError(f"mosquitto did not come up: {said[-300:] or 'it said nothing'}", "")
                time.sleep(0.02)
            yield HOST, port
        finally:
            process.terminate()
            process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=0.5):
            return True
    except OSError:
        return False
