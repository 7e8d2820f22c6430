"""The newest reading of many series, in every format."""

import io

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def test_series_are_named_or_chosen(client: httpx.Client) -> None:
    named = client.get("/latest", params={"series": ["gas-0001:lel", "seg-0001:speed"]}).json()["latest"]
    assert [(each["device"], each["value"], each["unit"]) for each in named] == [
        ("gas-0001", 55.0, "%LEL"), ("seg-0001", 9.0, "km/h"),
    ]  # fmt: skip
    chosen = client.get("/latest", params={"quantity": "lel", "zone": "panyu"}).json()["latest"]
    assert [each["device"] for each in chosen] == ["gas-0001", "gas-0002", "stray-1"]
    assert chosen[0]["time"] == "2026-03-02T00:57:30.000000000Z"
    assert client.get("/latest", params={"zone": "haizhu"}).json()["latest"] == []


def test_rows_are_the_same_in_every_format(client: httpx.Client) -> None:
    query = {"device": "gas-0001"}
    rows = client.get("/latest", params=query).json()["latest"]
    arrow = pa.ipc.open_stream(client.get("/latest", params={**query, "format": "arrow"}).content).read_all()
    parquet = pq.read_table(
        io.BytesIO(client.get("/latest", params=query, headers={"Accept": "application/vnd.apache.parquet"}).content)
    )
    csv = client.get("/latest", params=query, headers={"Accept": "text/csv"}).text.splitlines()
    assert arrow.column("value").to_pylist() == parquet.column("value").to_pylist() == [row["value"] for row in rows]
    assert arrow.column("quantity").to_pylist() == [row["quantity"] for row in rows]
    assert len(csv) == len(rows) + 1


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400), ({"series": "gas-0001"}, 400), ({"device": "nobody"}, 404),
        ({"device": "gas-0001", "store": "x"}, 400),
        ({"device": [f"d{k}" for k in range(1001)]}, 422), ({"device": "gas-0001", "format": "xml"}, 422),
    ],
)  # fmt: skip
def test_what_can_not_be_answered_says_what_to_ask(client: httpx.Client, query: dict[str, str], status: int) -> None:
    answer = client.get("/latest", params=query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["remedy"]


def test_another_kind_of_answer_is_not_made(client: httpx.Client) -> None:
    answer = client.get("/latest?device=gas-0001", headers={"Accept": "image/png"})
    assert (answer.status_code, answer.json()["title"]) == (406, "No such format")
