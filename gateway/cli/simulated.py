"""A folder of the demo is marked: no gateway goes on in simulated data, and no demo in a gateway's."""

from pathlib import Path

from gateway.errors import CommandError

__all__ = ["mark_simulated", "must_be_real", "must_be_simulated"]

_MARK = "SIMULATED"
_SENTENCE = "`cityloom demo` made this folder: simulated devices, in a city clock of their own.\n"


def mark_simulated(folder: Path) -> None:
    """Say that what is in `folder` is simulated."""
    (folder / _MARK).write_text(_SENTENCE, encoding="utf-8")


def must_be_simulated(folder: Path) -> None:
    """Before a demo: the folder is new, or a demo's."""
    if (folder / "inbox.db").exists() and not (folder / _MARK).exists():
        raise CommandError(
            f"{folder} holds the data of a gateway; a demo would mix simulated readings into it.",
            "Name another folder for the demo by --data-dir.", 2,
        )  # fmt: skip


def must_be_real(folder: Path) -> None:
    """Before a real run: the folder isn't a demo's."""
    if (folder / _MARK).exists():
        raise CommandError(
            f"{folder} holds the simulated city of `cityloom demo`, in a clock of its own.",
            "Name another folder by `data_dir` or --data-dir; or delete this one, if you are done with the demo.", 2,
        )  # fmt: skip
