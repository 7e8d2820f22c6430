"""Days of the simulated city, replayed, and all reports of them: by the command, on files and beside a gateway."""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from gateway.cli.desk_link import desk_link
from gateway.clock import ManualClock
from gateway.reports.make import DOMAINS, reported
from gateway.reports.model import Report, Verdict
from gateway.reports.period import day_of
from gateway.reports.source import Source
from tests.support.brokers import running_embedded
from tests.support.command import Result, asked
from tests.support.reports import figure_of, table_of
from tests.support.running import running_gateway, settings_of

MORNING = 1_772_499_600_000_000_000  # 2026-03-03 09:00 in Guangzhou
DAY = "2026-03-02"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _right(done: Result) -> dict[str, Any]:
    assert done.code == 0, f"{done.out[-3000:]}{done.err[-1000:]}"
    return done.json


def _replayed(folder: Path, scenario: str, begin: str, end: str) -> Path:
    recording, data = folder / "r.jsonl.gz", folder / "data"
    _right(asked(
        "sim", "run", "--scenario", scenario, "--no-recordings", "--origin", begin, "--until", end,
        "--record", recording, "--json",
    ))  # fmt: skip
    _right(asked("replay", recording, "--data-dir", data, "--step", "120", "--json"))
    return data


@pytest.fixture(scope="module")
def burst() -> Iterator[Path]:
    """A whole day of a metered area whose main bursts in the night."""
    with tempfile.TemporaryDirectory(prefix="reports-") as name:  # short, for the control socket
        yield _replayed(Path(name), "burst-main", "2026-03-02T00:00:00+08:00", "2026-03-03T00:30:00+08:00")


@pytest.fixture(scope="module")
def storm() -> Iterator[Path]:
    """Three hours around a cloudburst: roads, drains, meters."""
    with tempfile.TemporaryDirectory(prefix="reports-") as name:
        yield _replayed(Path(name), "storm", "2026-03-02T14:30:00+08:00", "2026-03-02T17:00:00+08:00")


def _report(data: Path, domain: str) -> Report:
    async def work() -> Report:
        settings = settings_of(data, 1)
        async with desk_link(settings) as link:
            source = await Source.of(link, day_of(DAY, link.city.city.timezone))
            return await reported(source, domain, "en")

    return asyncio.run(work())


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_command_makes_every_report_in_both_forms_the_same_each_time(burst: Path, tmp_path: Path) -> None:
    first = _right(asked("report", "make", "--data-dir", burst, "--day", DAY, "--out", tmp_path / "a", "--json"))
    _right(asked("report", "make", "--data-dir", burst, "--day", DAY, "--out", tmp_path / "b", "--json"))

    made, again = _files(tmp_path / "a"), _files(tmp_path / "b")
    assert sorted(made) == sorted(f"{domain}-{DAY}.{form}" for domain in DOMAINS for form in ("html", "pdf"))
    assert [file["bytes"] for file in first["files"]] == [len(made[Path(file["file"]).name]) for file in first["files"]]
    # the books are told as of now, by the machine's clock
    assert {name for name in made if made[name] != again[name]} <= {f"data-{DAY}.html", f"data-{DAY}.pdf"}
    for name, body in made.items():
        if name.endswith("html"):
            ET.fromstring(body.decode().partition("\n")[2])
        else:
            assert body.startswith(b"%PDF-")
            assert re.search(rb"/Type /Page\b", body)


def test_the_night_flow_pressure_and_alarm_of_a_burst_are_told(burst: Path) -> None:
    report = _report(burst, "water")

    area = next(row for row in table_of(report, "Night flow of each area").rows if row[3] is not None)
    assert isinstance(area[2], float)
    # the main bursts from 03:30 to 04:20: the mean from 02 to 04 h has half an hour of it, the least hour has none
    assert area[2] > float(area[3] or 0) + 20
    assert ("Burst main", "critical", 1, 1) in [row[:4] for row in table_of(report, "Alarms by condition").rows]
    assert figure_of(report, "Alarms announced").verdict == Verdict.WARN


def test_alarms_and_books_of_that_day_are_told(burst: Path) -> None:
    alarms, data = _report(burst, "alarms"), _report(burst, "data")

    assert int(figure_of(alarms, "Alarms announced").value or 0) >= 1
    assert figure_of(data, "ledger").value == "balances"
    water = [row for row in table_of(data, "What came").rows if row[0] == "water-flow"]
    assert water[0][2] == 1
    assert figure_of(data, "silent devices").verdict == Verdict.WARN


def test_hours_of_a_storm_have_rain_full_drains_and_say_what_is_not_known(storm: Path) -> None:
    report = _report(storm, "drainage")

    assert float(figure_of(report, "Rain").value or 0) > 5
    assert float(figure_of(report, "Highest filling").value or 0) > 50
    assert any("Less than nine tenths" in remark for remark in report.remarks)
    rows = table_of(report, "The").rows
    assert all(float(row[-1] or 0) < 15 for row in rows)  # per cent of the day


@pytest.mark.parametrize("domain", ["traffic", "grid"])
def test_a_day_of_which_a_part_is_known_is_told_as_far_as_it_is(storm: Path, domain: str) -> None:
    report = _report(storm, domain)

    assert figure_of(report, "Alarms announced").value is not None
    if domain == "grid":
        voltage = figure_of(report, "Voltage within limits")
        assert (voltage.value, voltage.verdict) == (None, Verdict.UNKNOWN)
        assert "not judged" in voltage.note


async def test_beside_a_gateway_the_reports_are_those_of_its_files(burst: Path, tmp_path: Path) -> None:
    words = ("report", "make", "--data-dir", burst, "--domain", "water", "--domain", "alarms", "--lang", "zh")
    await asyncio.to_thread(lambda: _right(asked(*words, "--day", DAY, "--out", tmp_path / "down", "--json")))
    with running_embedded() as broker:
        settings = settings_of(burst, broker.port)
        async with running_gateway(settings, clock=ManualClock(MORNING)):
            # by the city's clock of that gateway it is the day before
            done = await asyncio.to_thread(lambda: _right(asked(*words, "--out", tmp_path / "up", "--json")))

    assert done["period"] == DAY
    assert _files(tmp_path / "up") == _files(tmp_path / "down")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--day", "2026-03-02", "--week", "2026-W10"), "a day or of a week"),
        (("--day", "monday"), "'monday' is no day"),
        (("--week", "2026-10"), "'2026-10' is no week"),
    ],
)
def test_what_is_no_period_is_said_before_anything_is_read(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    result = asked("report", "make", "--data-dir", tmp_path, *words)

    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_without_a_gateway_or_its_files_there_is_a_sentence_and_a_remedy(tmp_path: Path) -> None:
    result = asked("report", "make", "--data-dir", tmp_path / "nothing", "--day", DAY, "--out", tmp_path / "out")

    assert (result.code, result.out) == (1, "")
    assert "There is no journal in" in result.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_can_not_be_written_is_said(burst: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    result = asked("report", "make", "--data-dir", burst, "--day", DAY, "--domain", "gas", "--out", tmp_path / "file")

    assert result.code == 1
    assert "can't be written" in result.err


def test_both_helps_point_at_each_other() -> None:
    assert "daily and weekly reports" in " ".join(asked("report", "--help").out.split())
    assert "citizens' reports" in " ".join(asked("report", "make", "--help").out.split())
