"""The chaos report: a row a trial, as JSON lines while they come and as a table at the end of the session.

Rows travel as properties of a test's report, so that it makes no difference which worker of pytest-xdist had the test.
`tests/conftest.py` registers the plugin, for there is one report however the tests are chosen.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

__all__ = ["PROPERTY", "ChaosReport", "Row", "rendered"]

PROPERTY = "chaos"
_HEAD = ("fault", "seed", "messages", "lost", "twice", "balanced", "alarms", "normal after s", "outcome")


@dataclass(slots=True)
class Row:
    """What came of one trial."""

    fault: str
    seed: int
    messages: int | None = None
    """Acknowledged by the broker; None: it was not judged."""
    lost: int = 0
    """Readings that must be stored and are not, in any of its stores."""
    twice: int = 0
    """Readings that are there more often than they were sent, or that nobody sent."""
    balanced: bool = False
    """The ledger, and what it says is stored with what is."""
    alarms_right: int = 0
    alarms_wrong: int = 0
    back_secs: float | None = None
    """From the mending until all that had come was worked on and stored: the longest of the trial."""
    outcome: str = "not judged"
    """`held`, or what did not."""
    figures: dict[str, Any] = field(default_factory=dict)
    """Whatever else the trial measured."""


def rendered(rows: Iterable[Row]) -> str:
    """A table in Markdown; below it what else was measured."""
    rows = list(rows)
    lines = ["| " + " | ".join(_HEAD) + " |", "|" + "---|" * len(_HEAD)]
    for row in rows:
        total = row.alarms_right + row.alarms_wrong
        judged = row.messages is not None
        cells = (
            row.fault, row.seed, f"{row.messages:,}" if row.messages is not None else "", row.lost if judged else "",
            row.twice if judged else "", ("yes" if row.balanced else "NO") if judged else "",
            f"{row.alarms_right} of {total}" if judged else "", "" if row.back_secs is None else f"{row.back_secs:.1f}",
            row.outcome.replace("|", "/").replace("\n", " ")[:200],
        )  # fmt: skip
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    for row in rows:
        if row.figures:
            lines += ["", f"{row.fault}: " + ", ".join(f"{name} {figure}" for name, figure in row.figures.items())]
    return "\n".join(lines) + "\n"


class ChaosReport:
    """Collects rows in the process that reports."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._rows: list[Row] = []
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lines.unlink(missing_ok=True)

    @property
    def _lines(self) -> Path:
        assert self._path is not None
        return self._path.with_suffix(".jsonl")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test has ended: keep its rows."""
        if report.when != "call":
            return
        for name, value in report.user_properties:
            if name == PROPERTY:
                self._add(Row(**json.loads(str(value))))

    def _add(self, row: Row) -> None:
        self._rows.append(row)
        if self._path is not None:
            with self._lines.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(row)) + "\n")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table: to the terminal, and to the file that was asked for."""
        if not self._rows:
            return
        text = rendered(self._rows)
        terminalreporter.section("chaos report")
        terminalreporter.write(text)
        if self._path is not None:
            self._path.write_text(text, encoding="utf-8")
            terminalreporter.write_line(f"written to {self._path} and {self._lines}")
