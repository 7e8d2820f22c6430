"""Signing in to the console: by its own page only."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.requests import Request

from gateway.access.database import AccessDatabase
from gateway.access.gate import Gate
from gateway.access.principal import gateway_itself
from gateway.access.roles import Role
from gateway.cli.web_app import ConsoleDoors
from gateway.errors import NotAllowed


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with closing(AccessDatabase(tmp_path / "records.db")) as database:
        yield Gate(database)


def _form(**headers: str) -> Request:
    plain = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/sign-in", "headers": plain, "client": ("10.0.0.7", 1)})


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_signs_nobody_in(gate: Gate, site: str) -> None:
    """With a token of its own it would let people act in its name."""
    token = gate.tokens.create(time.time_ns(), gateway_itself(), "mallory", Role.VIEWER).text
    doors = ConsoleDoors(gate)
    with pytest.raises(NotAllowed):
        doors.begin(_form(sec_fetch_site=site), token)
    assert not gate.sessions.all(time.time_ns())
    for headers in ({}, {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}):
        assert doors.begin(_form(**headers), token)
