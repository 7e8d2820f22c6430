"""The tools around the targets do what they are for: inputs shrink, a corpus stays few, progress is told."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.engine.results import LedgerKey
from gateway.errors import ConfigError
from tests.fuzz import limits, session
from tests.fuzz.__main__ import main
from tests.fuzz.catalogue import NAMES, subject
from tests.fuzz.coverage import fewest, ways
from tests.fuzz.ledger import balances
from tests.fuzz.limits import TooDear, within_limits
from tests.fuzz.line_reference import parse_line
from tests.fuzz.refusals import well_said
from tests.fuzz.session import progress
from tests.fuzz.shrink import shrunk
from tests.fuzz.source import Source
from tests.fuzz.topic_reference import filter_takes, filter_valid, template_takes


def fails_with_two_signs(data: bytes) -> None:
    if b"<" in data and b">" in data:
        raise ValueError("both")
    if b"!" in data:
        raise KeyError("another failure")


def test_an_input_shrinks_to_what_fails_in_the_same_place() -> None:
    assert shrunk(fails_with_two_signs, b"some text < with ! a lot around > it" * 3) == b"<>"


def test_what_does_not_fail_cannot_shrink() -> None:
    with pytest.raises(ValueError, match="doesn't fail"):
        shrunk(fails_with_two_signs, b"fine")


def test_an_input_that_takes_long_or_much_memory_is_called_too_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    within_limits(lambda _: None)(b"x")
    spent = iter([0.0, 1.1])
    monkeypatch.setattr(limits, "process_time", lambda: next(spent, 0.0))
    with pytest.raises(TooDear, match=r"1 bytes took 1\.1 s of CPU"):
        within_limits(lambda _: None)(b"x")
    peaks = iter([50 << 20, 160 << 20])
    monkeypatch.setattr(limits, "peak_bytes", lambda: next(peaks))
    with pytest.raises(TooDear, match="1 bytes took 110 MB more"):
        within_limits(lambda _: None)(b"x")


def test_a_corpus_keeps_the_smallest_inputs_that_take_every_way_and_none_that_fails() -> None:
    target = subject("packing").target
    inputs = [b"\x00", b"\x00plain", b"\x01\x1f\x8b", b"\x01\x1f\x8bmore of the same", b"\x03\x28\xb5\x2f\xfd"]

    def fails_on_long(data: bytes) -> None:
        assert len(data) < 100
        target(data)

    kept = fewest(fails_on_long, [*inputs, b"\x00" * 200], 1_000)
    assert kept == sorted(kept, key=len)
    every = {way for data in inputs for way in ways(target, data)}
    assert {way for data in kept for way in ways(target, data)} == every
    assert b"\x00plain" not in kept
    assert b"\x00" * 200 not in kept
    assert sum(map(len, fewest(target, inputs, 4))) <= 4


def test_progress_says_how_far_a_run_is_and_what_it_broke() -> None:
    clock, said = iter([0, 1, 1, 9, 9, 9]), list[str]()
    progress(
        [
            "INFO: Seed: 1\n", "#2\tINITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 60Mb\n",
            "#2048\tpulse  cov: 1512 ft: 9000 corp: 37/1234b lim: 4 exec/s: 1024 rss: 99Mb\n",
            " === Uncaught Python exception: ===\n", "AssertionError: lost\n", "0x1,0x2\n", "stat::peak: 1\n",
        ], said.append, lambda: float(next(clock)),
    )  # fmt: skip
    assert said[0].split() == [
        "9",
        "s",
        "2,048",
        "runs",
        "1,024/s",
        "coverage",
        "1,512",
        "features",
        "9,000",
        "corpus",
        "37",
    ]
    assert said[1:] == [" === Uncaught Python exception: ===", "AssertionError: lost"]


def test_the_command_replays_and_shrinks_without_a_fuzzer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "input"
    given.write_bytes(b"\x00a/b")
    assert main(["topic_router", "--replay", str(given)]) == 0
    assert main(["topic_router", "--shrink", str(given)]) == 0
    monkeypatch.setattr("tests.fuzz.targets.topic_router._routes", fails_on_a_slash)
    given.write_bytes(b"\x00" + b"some/where" * 5)
    assert main(["topic_router", "--replay", str(given)]) == 1
    assert main(["topic_router", "--shrink", str(given)]) == 1
    out = capsys.readouterr().out
    assert "2 bytes: b'\\x00/'" in out
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.split()[::3] == list(NAMES)


def fails_on_a_slash(source: Source) -> None:
    if b"/" in source.rest():
        raise ValueError("a slash")


def test_without_a_fuzzer_the_command_says_how_to_get_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "find_spec", lambda _: None)
    assert main(["packing"]) == 2
    assert "pip install 'atheris" in capsys.readouterr().out


def test_the_fuzzer_itself_runs_and_adds_to_its_corpus(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris is not installed: pip install 'atheris>=3,<4'")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.fuzz", "packing", "--minutes", "0.05", "--seed", "1"]
    import os

    paths = os.pathsep.join([str(root), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, timeout=100,
        check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Done" in done.stdout
    assert len(list((tmp_path / ".fuzz" / "packing" / "corpus").iterdir())) > 3


# ---- the references that targets are compared with ----


@pytest.mark.parametrize(
    ("text", "topic", "takes"),
    [
        ("a/+/c", "a/b/c", True), ("a/#", "a", True), ("#", "a/b", True), ("#", "$SYS/a", False), ("+/a", "$SYS/a",
        False),
        ("a/+", "a", False), ("+", "", True), ("a/+", "a/", True), ("$share/g/a", "a", True), ("a", "A", False),
    ],
)  # fmt: skip
def test_the_reference_knows_filters(text: str, topic: str, takes: bool) -> None:
    assert filter_valid(text)
    assert filter_takes(text, topic) is takes


def test_the_reference_knows_what_is_no_filter() -> None:
    assert not any(map(filter_valid, ("", "a#", "#/a", "a+/b", "$share/g", "$share/+/a", "a\0")))


def test_the_reference_knows_templates() -> None:
    assert template_takes("a/x{v}y/{w...}/z", "a/x1y/b/c/z") == {"v": "1", "w": "b/c"}
    assert template_takes("{v}/a", "$s/a") is None
    assert template_takes("a/{v}", "a/") is None
    assert template_takes("a{v}a", "aa") is None


def test_the_reference_reads_lines_and_refuses_what_is_none() -> None:
    line = r"a\ b%0A,device=x\,y\=1 v=1.5,v_flag=4i 17"
    assert parse_line(line) == ("a b\n", {"device": "x,y=1"}, {"v": 1.5, "v_flag": 4}, 17)
    for broken in ("", "m", "m v=1", "m,device= v=1 1", "m v=1,v=2 1", "m v=x 1", "m v=1 1 1"):
        with pytest.raises(ValueError, match=r"."):
            parse_line(broken)


def test_counts_that_do_not_add_up_are_seen() -> None:
    decoded, accepted = LedgerKey("message", "decoded", "", "0", "p"), LedgerKey("reading", "accepted", "", "", "p")
    read = accepted._replace(term="decoded")
    balances({decoded: 2, read: 3, accepted: 3}, 2)
    for counts, messages in (({decoded: 1}, 2), ({decoded: 2, read: 3}, 2), ({decoded: 2, read: 1, accepted: -1}, 2)):
        with pytest.raises(AssertionError):
            balances(counts, messages)


@pytest.mark.parametrize(
    ("what", "remedy", "file"), [("", "Do.", "f"), ("is wrong", "", "f"), ("is", "Do.", "g"), ("\x1b[31m", "Do.", "f")]
)
def test_an_error_that_does_not_help_is_seen(what: str, remedy: str, file: str) -> None:
    well_said(ConfigError("f", "key", "is wrong", "Do."), "f")
    with pytest.raises(AssertionError):
        well_said(ConfigError(file, "key", what, remedy), "f")
