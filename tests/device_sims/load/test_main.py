"""The face for measurements: JSON lines, and an exit code."""

import json

import pytest

from device_sims.load.__main__ import main
from tests.perf.ack_sink import running_sink


def test_the_last_line_tells_how_long_all_took(capsys: pytest.CaptureFixture[str]) -> None:
    with running_sink() as (port, told):
        code = main(["--port", str(port), "--messages", "5000", "--devices", "100", "--zones", "tianhe,yuexiu"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert lines[-1]["sent"] == lines[-1]["acked"] == told["messages"] == 5000
    assert lines[-1]["secs"] > 0
    assert all("secs" not in line for line in lines[:-1])


def test_arguments_that_make_no_sense_are_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--messages", "10", "--devices", "1", "--connections", "2"]) == 2
    assert "2 connections need at least as many devices" in capsys.readouterr().err
