"""Questions over a Unix socket: answers, refusals, nobody there, and folders whose path is too long for an address."""

import json
import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from device_sims.testbed.door import ask
from device_sims.testbed.errors import CityError


class _Gateway(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        given = self.rfile.read(int(self.headers["Content-Length"]))
        refused = {"problem": "There is no such thing.", "remedy": "Ask for another.", "exit_code": 1}
        answers = {
            "/echo": (200, given),
            "/refuse": (409, json.dumps(refused).encode()),
            "/fail": (500, b"Internal Server Error"),
        }
        status, body = answers[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a Unix socket"

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def _gateway(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)  # a path of any length, by a short name
    try:
        with socketserver.UnixStreamServer(f"/proc/self/fd/{descriptor}/control.sock", _Gateway) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield
            server.shutdown()
            thread.join()
    finally:
        os.close(descriptor)


pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc for a socket on a long path")


@pytest.mark.parametrize("long", [False, True])
def test_what_is_answered_is_given(data_folder: Path, long: bool) -> None:
    folder = data_folder / ("x" * 120) if long else data_folder
    folder.mkdir(exist_ok=True)

    with _gateway(folder):
        assert ask(folder, "echo", device="loop-0001", start=5) == {"device": "loop-0001", "start": 5}


def test_a_refusal_says_why(data_folder: Path) -> None:
    with _gateway(data_folder), pytest.raises(CityError, match=r"There is no such thing\. Ask for another\."):
        ask(data_folder, "refuse")


def test_no_answer_in_json_is_said(data_folder: Path) -> None:
    with _gateway(data_folder), pytest.raises(CityError, match=r"failed to answer 'fail' \(500\)"):
        ask(data_folder, "fail")


def test_nobody_there_is_an_error_of_the_system(data_folder: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        ask(data_folder, "echo")
