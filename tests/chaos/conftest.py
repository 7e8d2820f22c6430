"""The fixture `chaos`: trials of the session's seed, whose rows go into the chaos report."""

import json
import random
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.chaos.report import PROPERTY
from tests.chaos.trial import Chaos, Plan, Trial


@pytest.fixture(scope="session")
def chaos_seed(request: pytest.FixtureRequest) -> int:
    """Of all moments at which something breaks."""
    given: int | None = request.config.getoption("--chaos-seed")
    if given is not None:
        return given
    return random.randrange(1 << 20) if request.config.getoption("--chaos") else 1


@pytest.fixture
def chaos(request: pytest.FixtureRequest, chaos_seed: int) -> Iterator[Chaos]:
    """`async with chaos(Plan(...)) as trial:` brings a city up; leaving the block winds up and judges."""
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as name:  # short, for the socket
        folders: list[Path] = []

        def made(plan: Plan) -> object:
            folder = Path(name) / f"{len(folders)}"
            folder.mkdir()
            folders.append(folder)
            trial = Trial(plan, folder, chaos_seed, lambda row: request.node.user_properties.append(
                (PROPERTY, json.dumps(asdict(row)))
            ))  # fmt: skip
            return trial.course()

        yield made  # type: ignore[misc]
