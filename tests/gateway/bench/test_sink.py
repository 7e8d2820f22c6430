"""The sink takes what InfluxDB's clients send, in pieces or whole, and remembers only the journal's mark."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from isal import igzip

from gateway.bench.children import Child
from gateway.bench.sink import Tally


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[tuple[Child, httpx.Client]]:
    with Child("gateway.bench.sink", log=tmp_path / "log") as child:
        port = child.line()["port"]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield child, client


def test_lines_of_whole_and_chunked_bodies_are_counted_by_bucket(sink: tuple[Child, httpx.Client]) -> None:
    child, client = sink
    body = b"loop,device=a speed=1 1\nloop,device=b speed=2 1\n"
    whole = igzip.compress(body)
    zipped = {"content-encoding": "gzip"}

    for content in (whole, iter([whole[:7], whole[7:]])):
        answer = client.post("/api/v2/write", params={"bucket": "raw"}, headers=zipped, content=content)
        assert answer.status_code == 204
    assert client.post("/api/v2/write", params={"bucket": "fine"}, content=b"x y=1 1").status_code == 204

    code, told = child.end()
    assert (code, told["requests"], told["lines"]) == (0, 3, {"raw": 4, "fine": 1})


def test_the_mark_of_the_journal_is_answered_as_it_was_written() -> None:
    tally = Tally()
    assert tally.query('SELECT "journal_id"')["results"] == [{"statement_id": 0}]

    tally.write("coarse", b'cityloom_journal,store=influxdb journal_id="abc",position=17i 0\n')

    [result] = json.loads(json.dumps(tally.query('SELECT "journal_id"')))["results"]
    assert result["series"][0]["values"] == [[0, "abc", 17]]
    assert not tally.lines


def test_a_child_may_be_any_executable(tmp_path: Path) -> None:
    program = 'import json; print(json.dumps({"word": "here"}))'
    with Child(Path(sys.executable), "-c", program, log=tmp_path / "log") as child:
        assert child.line() == {"word": "here"}
