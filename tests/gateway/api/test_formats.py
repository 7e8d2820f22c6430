"""Which format is chosen: by name, by weight, by what there is."""

import pytest
from starlette.requests import Request

from gateway.api.formats import Format, chosen
from gateway.api.problems import Problem


def _request(accept: str | None) -> Request:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers, "query_string": b""})


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, Format.JSON), ("", Format.JSON), ("*/*", Format.JSON), ("text/csv", Format.CSV),
        ("application/vnd.apache.arrow.stream", Format.ARROW), ("application/vnd.apache.parquet", Format.PARQUET),
        ("application/x-parquet", Format.PARQUET), ("text/html, text/csv;q=0.5, */*;q=0.1", Format.CSV),
        ("application/json;q=0.2, text/csv;q=0.9", Format.CSV), ("TEXT/CSV ; header=present", Format.CSV),
        ("application/json;q=0, */*", Format.CSV), ("text/csv;q=0, */*", Format.JSON),
        ("text/csv;q=0, application/json", Format.JSON), ("text/csv;q=x, application/*", Format.JSON),
    ],
)  # fmt: skip
def test_by_the_accept_header(accept: str | None, kind: Format) -> None:
    assert chosen(_request(accept), None) is kind


def test_a_format_by_name_goes_first() -> None:
    assert chosen(_request("application/json"), Format.PARQUET) is Format.PARQUET


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "application/pdf, text/html", "text/csv;q=0, text/*"])
def test_what_there_is_not_is_refused_with_what_there_is(accept: str) -> None:
    with pytest.raises(Problem) as refused:
        chosen(_request(accept), None)
    assert refused.value.kind == "not-acceptable"
    assert "text/csv" in refused.value.remedy
