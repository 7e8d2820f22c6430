"""docs/strangers-device.md, done as it stands: every command is run, every output is what the page shows.

What differs from day to day (times, rates, the port) is masked on both sides.
"""

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brokers import running_embedded
from tests.support.command import COMMAND, Process, door, environment, eventually, publish, subscribed
from tests.support.strangers_device import sound_levels

ROOT = Path(__file__).resolve().parents[2]
READINGS = 120
PAGE = ROOT / "docs" / "strangers-device.md"
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?Z?"), "TIME"),
    (re.compile(r"TIME to TIME"), "TIME"),
    (re.compile(r"\b1[789]\d{8,17}\b"), "EPOCH"),
    (re.compile(r"\d+(?:\.\d)? (?:s|min) before receipt"), "LAG"),
    (re.compile(r"(\b30 +)\d+\.\d( )"), r"\1RATE\2"),
    (re.compile(r"in \d+ s\b"), "in SECS"),
    (re.compile(r"^(city .*|data folder .*|digest .*)$", re.MULTILINE), "OTHERS"),
    (re.compile(r"127\.0\.0\.1:\d+"), "BROKER"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r" $", re.MULTILINE), ""),
)


def masked(text: str) -> str:
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return text.strip()


def blocks() -> Iterator[tuple[str, str, str]]:
    """(language, file, content) of the page's blocks, in order."""
    for found in _BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        yield found[1], found[2] or "", found[3]


@pytest.mark.slow
def test_the_page_is_what_happens(tmp_path: Path) -> None:
    with running_embedded() as broker:
        walk = Walk(tmp_path, broker.port)
        try:
            for language, file, content in blocks():
                walk.block(language, file, content)
        finally:
            walk.end()
    assert walk.commands >= 8


class Walk:
    """The page's reader, in a folder of their own."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port
        self._said: str | None = None
        self._gateway: Process | None = None
        self.commands = 0

    def block(self, language: str, file: str, content: str) -> None:
        if language == "toml" and file:
            target = self._folder / file
            if target.exists():  # what a command wrote
                assert masked(target.read_text(encoding="utf-8")) == masked(content)
            else:
                target.write_text(content.replace("1883", str(self._port)), encoding="utf-8")
        elif language == "csv":
            (self._folder / file).write_text(content, encoding="utf-8")
        elif language == "sh":
            for line in content.splitlines():
                self._said = self._run(line)
                self.commands += 1
        elif language == "text":
            assert self._said is not None
            assert masked(self._said) == masked(content)

    def _run(self, line: str) -> str:
        words = shlex.split(line.replace("127.0.0.1:1883", f"127.0.0.1:{self._port}"))
        if words[0] != "cityloom":
            subprocess.run(words, cwd=self._folder, check=True)
            return ""
        if words[1] == "run":
            self._start(words[1:-1])
            return ""
        command = [*COMMAND, *words[1:]]
        assert command[0] == sys.executable
        running = subprocess.Popen(
            command, cwd=self._folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert running.stdout is not None
        out = ""
        if words[1] == "listen":
            while "listening to" not in out:
                line = running.stdout.readline()
                assert line, out
                out += line
            publish(self._port, sound_levels(time.time_ns()))
        rest, _ = running.communicate(timeout=60)
        return out + rest

    def _start(self, arguments: list[str]) -> None:
        self._gateway = Process(self._folder, *arguments)
        eventually(lambda: subscribed(self._folder / "data"), "it subscribes")
        publish(self._port, sound_levels(time.time_ns()))
        eventually(self._stored, "all of it is stored")

    def _stored(self) -> bool:
        status = door(self._folder / "data")
        return status is not None and status["ledger"]["stores"]["duckdb"]["stored"] == READINGS

    def end(self) -> None:
        if self._gateway is not None:
            self._gateway.stop()
