"""The folder of truth that a run of the simulators wrote (device_sims/truth/), as far as scoring asks of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gateway.errors import CommandError
from gateway.score.troubles import Expected

__all__ = ["FORMAT", "TruthRun", "open_run"]

FORMAT = 2
_REMEDY = "Name the folder that `cityloom sim run --truth FOLDER` wrote."


@dataclass(frozen=True, slots=True)
class TruthRun:
    """What is known of a run besides its rows."""

    folder: Path
    story: dict[str, Any]
    """What run.json says."""
    expected: dict[str, Any]
    """What a gateway ought to count."""
    troubles: tuple[Expected, ...]

    @property
    def scenario(self) -> str:
        """Its name; empty: none."""
        return str((self.story["scenario"] or {}).get("name", ""))

    @property
    def rules(self) -> dict[str, Any]:
        """By which `expected` was reckoned."""
        found: dict[str, Any] = self.expected["rules"]
        return found

    def table(self, name: str) -> pa.Table:
        """One of its small tables: `devices`, `troubles`, `faults`."""
        return pq.read_table(self.folder / f"{name}.parquet")


def open_run(folder: Path) -> TruthRun:
    """Read what is small.

    Raises:
        CommandError: there is no run, it has not ended, or it is of another format; exit code 2.
    """
    try:
        story = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if story["format"] != FORMAT:
            raise CommandError(f"{folder} is a run of format {story['format']}, not {FORMAT}.", _REMEDY, 2)
        if story["ended_at"] is None:
            raise CommandError(
                f"The run in {folder} has not ended, or was killed: its files are not complete.",
                "Wait until the simulators have ended (Ctrl-C ends them cleanly), or run them again.", 2,
            )  # fmt: skip
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        troubles = tuple(_trouble(row) for row in pq.read_table(folder / "troubles.parquet").to_pylist())
    except OSError as error:
        raise CommandError(f"{folder} is no run: {error.strerror or error}.", _REMEDY, 2) from error
    except (json.JSONDecodeError, KeyError, TypeError, pa.ArrowInvalid) as error:
        raise CommandError(f"{folder} is no run that can be read: {error}.", _REMEDY, 2) from error
    return TruthRun(folder, story, expected, troubles)


def _trouble(row: dict[str, Any]) -> Expected:
    return Expected(
        kind=row["kind"], start=row["start"], end=row["end"], expect=row["expect"], at=row["at"], zone=row["zone"],
        within=row["within"], over=row["over"], sentence=row["sentence"], also=tuple(row["also"]),
        zones=tuple(row["zones"]),
    )  # fmt: skip
