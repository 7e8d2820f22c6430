"""What `cityloom api` is given wrongly is a sentence with a remedy; what goes wrong in passing ends nothing."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import FastAPI

from gateway.cli import api
from gateway.config.load import load_settings
from gateway.errors import CommandError, Retry
from tests.support.running import eventually


@pytest.mark.parametrize("there", [False, True])
def test_a_certificate_that_can_not_be_used_is_named(tmp_path: Path, there: bool) -> None:
    file = tmp_path / "some.pem"
    if there:
        file.write_text("no certificate", encoding="utf-8")
    settings = load_settings(None, {"data_dir": tmp_path, "web": {"cert_file": file, "key_file": file}})
    with pytest.raises(CommandError, match=r"some\.pem") as refused:
        api._options(FastAPI(), settings)
    assert (refused.value.exit_code, "PEM" in refused.value.remedy) == (2, True)


async def test_counts_of_denied_tries_are_written_on_when_records_could_not_be_for_a_while(
    monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    tries: list[int] = []

    class Denials:
        def due(self, now: int) -> None:
            tries.append(now)
            raise Retry("records.db is busy.")

    monkeypatch.setattr(api, "_DENIALS_SECS", 0.001)
    gate: Any = type("Gate", (), {"denials": Denials()})()
    task = asyncio.create_task(api._write_denials(cast(Any, gate)))
    await eventually(lambda: len(tries) >= 3 or task.done(), "it goes on")
    assert not task.done()
    task.cancel()
