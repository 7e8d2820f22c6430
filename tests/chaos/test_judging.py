"""The judge finds what a trial is there to find: a reading gone, one too many, an alarm more or less."""

import asyncio
import gzip
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from tests.chaos.city import alarms_in, recorded, replayed
from tests.chaos.judging import Left, Verdict, judge, judge_alarms
from tests.chaos.places import toml
from tests.chaos.plan import MINUTES

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(300)]


async def _judged(left: Left) -> Verdict:
    verdict = Verdict()
    await asyncio.to_thread(judge, left, verdict)
    return verdict


def _sql(data: Path, text: str) -> None:
    with duckdb.connect(str(data / "readings.duckdb")) as db:
        (table,) = db.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'readings_2%' ORDER BY 1"
        ).fetchall()[0]
        db.execute(text.format(table=table))


async def test_a_reading_gone_or_doubled_and_an_alarm_missing_are_seen(data_folder: Path) -> None:
    recording = await recorded(MINUTES, data_folder, truth=True)
    with gzip.open(recording) as lines:
        assert sum(1 for _ in lines) > 1000
    await replayed(recording, data_folder / "d")
    config = data_folder / "c.toml"
    config.write_text(toml({"data_dir": data_folder / "d"}), encoding="utf-8")
    end = MINUTES.times().end
    assert end is not None
    left = Left(config, data_folder / "run", ("duckdb",), end)

    clean = await _judged(left)
    assert (clean.wrong, clean.lost, clean.twice, clean.balanced) == ([], 0, 0, True)
    alarms = await asyncio.to_thread(alarms_in, config, None)
    await asyncio.to_thread(judge_alarms, left, clean, [], alarms)
    assert clean.wrong == []
    assert clean.alarms_right == len(alarms) + 2
    for undisturbed in (alarms[1:], [*alarms, replace(alarms[0], asset="another")]):
        verdict = Verdict()
        await asyncio.to_thread(judge_alarms, left, verdict, [], undisturbed)
        assert (verdict.alarms_wrong, len(verdict.wrong)) == (1, 1)

    _sql(left.config.parent / "d", "DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table})")
    gone = await _judged(left)
    assert (gone.lost, gone.twice, gone.balanced) == (1, 0, False)
