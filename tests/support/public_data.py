"""Data sets that nobody here wrote, where a machine has them: the whole files that our recordings are cut from."""

import os
from pathlib import Path

import pytest

__all__ = ["public_data"]

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"


def public_data(name: str) -> Path:
    """Path of the file `name` in CITYLOOM_TEST_DATA, or else beside the clone; skips the test where it isn't."""
    folder = Path(os.environ.get("CITYLOOM_TEST_DATA", _BESIDE))
    if not (folder / name).is_file():
        pytest.skip(
            f"no {name}: set CITYLOOM_TEST_DATA to a folder with it (where from: seeds/recordings/PROVENANCE.md)"
        )
    return folder / name
