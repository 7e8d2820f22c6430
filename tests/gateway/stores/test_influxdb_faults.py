"""What the InfluxDB store makes of a server in trouble, over a real socket."""

import re
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from gateway.errors import Halt, Retry
from gateway.stores.influx_config import Bucket, InfluxConfig
from gateway.stores.influxdb import InfluxStore
from tests.support.blocks import T0, Journal, aggregates, figure, readings
from tests.support.influx_double import HANG, RESET, STORED, TRUNCATED, Answer, InfluxDouble, influx_double, said

TOKEN = "a-secret-token"
OUTSIDE = (
    "failure writing points to database: partial write: dropped {0} points outside retention policy of duration 1h0m0s"
    " - oldest point a,device=x at 2023-11-14T22:13:20Z dropped because it violates a Retention Policy Lower Bound at"
    " 2026-11-23T20:07:53.29Z, newest point a,device=x at 2023-11-14T22:13:20Z dropped because it violates a Retention"
    " Policy Lower Bound at 2026-11-23T20:07:53.29Z dropped={0} for database: ca2d for retention policy: autogen"
)
CONFLICT = (
    'failure writing points to database: partial write: field type conflict: input field "speed" on measurement'
    ' "loop_detector" is type float, already exists as type integer dropped={0}'
)


@pytest.fixture
def server() -> Iterator[InfluxDouble]:
    with influx_double() as double:
        yield double


def config(server: InfluxDouble, timeout_secs: float = 10.0, **changes: object) -> InfluxConfig:
    raw, long = Bucket("the-raw-one", 86_400), Bucket("the-long-one", 0)
    settings = {"aggregates": {60: long}, "timeout_secs": timeout_secs, "max_refusal_requests": 200} | changes
    return InfluxConfig(server.url, "the-city", TOKEN, raw, **settings)  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def store(server: InfluxDouble) -> AsyncIterator[InfluxStore]:
    made = InfluxStore(config(server))
    await made.open()
    yield made
    await made.close()


def block_of(journal: Journal, count: int) -> tuple[tuple[int, int, float, int, int], ...]:
    """One reading of each of `count` devices, a second apart."""
    return tuple((journal.series(f"D{k}"), T0 + k * 10**9, float(k), 1, 0) for k in range(count))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 507])
async def test_trouble_of_the_server_is_tried_again(server: InfluxDouble, store: InfluxStore, status: int) -> None:
    journal = Journal()
    block = journal.block(store, readings(*block_of(journal, 3)))
    server.on_write = lambda bucket, lines: said(status, "not now")
    with pytest.raises(Retry, match="not now") as caught:
        await store.write(block)
    assert caught.value.after is None
    server.on_write = lambda bucket, lines: STORED
    assert await store.write(block) == []
    assert server.requests[0] == server.requests[1]
    assert len(server.stored) == 3


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "0"}, 0.0),
        ({"Retry_After": "999999"}, 3600.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "Wed, 21 Oct 2015 07:28:10 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 10.0),
        ({"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT", "Date": "Wed, 21 Oct 2015 07:29:00 GMT"}, 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_the_time_that_the_server_names_is_handed_on(
    server: InfluxDouble, store: InfluxStore, status: int, headers: dict[str, str], after: float | None
) -> None:
    journal = Journal()
    server.on_write = lambda bucket, lines: said(status, "busy", **headers)
    rows = readings(*block_of(journal, 1))
    with pytest.raises(Retry) as caught:
        await journal.write(store, rows)
    assert caught.value.after == after


async def test_a_server_that_hangs_is_tried_again_after_the_timeout(server: InfluxDouble) -> None:
    store, journal = InfluxStore(config(server, timeout_secs=0.2)), Journal()
    server.on_write = lambda bucket, lines: HANG
    started = time.monotonic()
    with pytest.raises(Retry, match="does not answer"):
        await journal.write(store, readings(*block_of(journal, 1)))
    assert 0.15 < time.monotonic() - started < 5
    await store.close()


async def test_a_connection_that_is_reset_is_tried_again(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    block = journal.block(store, readings(*block_of(journal, 2)))
    server.on_write = lambda bucket, lines: RESET
    with pytest.raises(Retry, match="does not answer"):
        await store.write(block)
    server.on_write = lambda bucket, lines: STORED
    assert await store.write(block) == []
    assert len(server.stored) == 2


async def test_an_answer_that_is_cut_off_is_no_answer(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    block = journal.block(store, readings(*block_of(journal, 2)))
    server.on_write = lambda bucket, lines: TRUNCATED
    with pytest.raises(Retry, match="does not answer"):
        await store.write(block)
    server.on_write = lambda bucket, lines: STORED
    assert await store.write(block) == []
    assert len(server.stored) == 2


async def test_a_body_that_is_cut_off_is_no_answer(server: InfluxDouble) -> None:
    store = InfluxStore(config(server))
    server.on_query = lambda statements: Answer(200, '{"results": [{"statement_id": 0}]}', {"Content-Length": "99"})
    with pytest.raises(Retry, match="does not answer"):
        await store.open()
    server.on_buckets = lambda name: Answer(200, '{"buckets": []}', {"Content-Length": "99"})
    with pytest.raises(Retry, match="does not answer"):
        await store.open()
    await store.close()


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_a_page_that_says_fine_to_everything_has_stored_nothing(
    server: InfluxDouble, store: InfluxStore, status: int
) -> None:
    journal = Journal()
    server.on_write = lambda bucket, lines: Answer(status, "<html>Welcome!</html>")
    with pytest.raises(Halt, match="is no InfluxDB") as caught:
        await journal.write(store, readings(*block_of(journal, 1)))
    assert "url" in caught.value.remedy


@pytest.mark.parametrize(
    "page", ["<html>Log in, please</html>", '{"buckets": 7}', '{"buckets": [7]}', "[]", "", "null"]
)
async def test_a_page_in_place_of_the_list_of_buckets_stops_the_store_alone(server: InfluxDouble, page: str) -> None:
    store = InfluxStore(config(server))
    server.on_buckets = lambda name: Answer(200, page)
    with pytest.raises(Halt, match="no InfluxDB") as caught:
        await store.open()
    assert "url" in caught.value.remedy
    await store.close()


@pytest.mark.parametrize(
    "page", ["<html>Log in, please</html>", '{"results": 7}', '{"results": [{"series": 7}]}', "[]", "", "null", "{"]
)
async def test_garbage_in_place_of_a_queries_answer_is_tried_again(server: InfluxDouble, page: str) -> None:
    store = InfluxStore(config(server))
    server.on_query = lambda statements: Answer(200, page)
    with pytest.raises(Retry, match=r"can't be read|answered 0 of"):
        await store.open()
    await store.close()


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    with influx_double() as gone:
        pass
    store = InfluxStore(config(gone, timeout_secs=2.0))
    with pytest.raises(Retry, match="does not answer"):
        await store.open()
    await store.close()


async def test_the_page_of_a_proxy_is_no_reason_to_give_up(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    server.on_write = lambda bucket, lines: Answer(502, "<html>Bad gateway</html>")
    with pytest.raises(Retry, match="Bad gateway"):
        await journal.write(store, readings(*block_of(journal, 1)))


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "token"), (403, "the-raw-one"), (404, "the-raw-one"), (405, "url"), (307, "url"), (411, "url")],
)
async def test_what_an_operator_must_put_right_stops_the_store(
    server: InfluxDouble, store: InfluxStore, status: int, remedy: str
) -> None:
    journal = Journal()
    server.on_write = lambda bucket, lines: said(status, "no")
    with pytest.raises(Halt) as caught:
        await journal.write(store, readings(*block_of(journal, 1)))
    assert remedy in caught.value.remedy
    assert TOKEN not in str(caught.value)


async def test_a_url_that_is_none_stops_the_store(server: InfluxDouble) -> None:
    store = InfluxStore(InfluxConfig("http://[broken", "o", TOKEN, Bucket("r", 0), {}))
    with pytest.raises(Halt, match="is no URL"):
        await store.open()
    await store.close()
    assert TOKEN not in repr(config(server))


async def test_what_is_not_http_is_tried_again(server: InfluxDouble) -> None:
    store = InfluxStore(InfluxConfig(server.url.replace("http:", "https:"), "o", TOKEN, Bucket("r", 0), {}))
    with pytest.raises((Halt, Retry)):
        await store.open()
    await store.close()


async def test_one_poison_line_among_many_is_refused_alone(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()

    def refuse_the_whole_body(bucket: str, lines: list[str]) -> Answer:
        bad = [line for line in lines if ",device=D617 " in line]
        return said(400, f"unable to parse '{bad[0]}': bad timestamp") if bad else STORED

    server.on_write = refuse_the_whole_body
    [refused] = await journal.write(store, readings(*block_of(journal, 1000)))
    assert refused.kind == "reading"
    assert (refused.device, refused.ts, refused.readings) == ("D617", T0 + 617 * 10**9, 1)
    assert refused.reason == "refused"
    assert "bad timestamp" in refused.detail
    assert len(set(server.stored)) == 999
    assert len(server.requests) < 25


async def test_refused_lines_of_all_quantities_count_their_readings(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    rows = [(journal.series("D1", quantity), T0, 1.0, 1, 0) for quantity in ("a", "b", "c")]
    rows.append((journal.series("D2", "a"), T0, 1.0, 1, 0))
    server.on_write = lambda bucket, lines: said(422, "no") if any("D1" in line for line in lines) else STORED
    [refused] = await journal.write(store, readings(*rows))
    assert (refused.device, refused.readings) == ("D1", 3)


async def test_a_refused_aggregate_counts_no_reading(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    series = journal.series("D1")
    server.on_write = lambda bucket, lines: said(400, "no") if bucket == "the-long-one" else STORED
    [refused] = await journal.write(
        store, readings((series, T0, 1.0, 1, 0)), None, aggregates((series, 60, T0, 0, 1, 1.0))
    )
    assert refused[:4] == ("aggregate", "D1", T0, "refused")
    assert refused.readings == 0
    assert len(server.stored) == 1


async def test_a_refused_figure_is_found_among_the_others_and_counts_no_reading(
    server: InfluxDouble, store: InfluxStore
) -> None:
    journal = Journal()
    series = journal.series("D1")
    server.on_write = lambda bucket, lines: (
        said(400, "no") if any("asset=road-7 " in line for line in lines) else STORED
    )
    told = [figure(f"road-{k % 10}", "tpi", T0 + k // 10, float(k)) for k in range(100)]
    refused = await store.write(journal.block(store, readings((series, T0, 1.0, 1, 0)), figures=told))
    assert [point[:4] for point in refused] == [("figure", "road-7", T0 + k, "refused") for k in range(10)]
    assert {point.readings for point in refused} == {0}
    assert len(set(server.stored)) == 1 + 90
    assert sum(book.stored for book in store.by_day.values()) == 1


async def test_a_long_reason_is_cut(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    server.on_write = lambda bucket, lines: said(400, "x" * 100_000)
    [refused] = await journal.write(store, readings(*block_of(journal, 1)))
    assert len(refused.detail) <= 300


async def test_a_server_that_refuses_everything_stops_the_store(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    server.on_write = lambda bucket, lines: said(400, "everything is wrong")
    with pytest.raises(Halt, match="refuses too much"):
        await journal.write(store, readings(*block_of(journal, 1000)))
    assert len(server.requests) <= 201


async def test_trouble_amid_the_search_is_tried_again_from_the_start(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    block = journal.block(store, readings(*block_of(journal, 64)))
    answers = [said(400, "bad"), STORED, said(503, "later")]
    server.on_write = lambda bucket, lines: answers[min(len(server.requests), 3) - 1]
    with pytest.raises(Retry):
        await store.write(block)
    server.on_write = lambda bucket, lines: STORED
    assert await store.write(block) == []
    assert len(set(server.stored)) == 64


async def test_a_body_that_is_too_large_goes_in_parts(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    server.on_write = lambda bucket, lines: STORED if len(lines) <= 10 else said(413, "too large")
    assert await journal.write(store, readings(*block_of(journal, 100))) == []
    assert sorted(server.stored) == sorted(set(server.stored))
    assert len(server.stored) == 100


async def test_a_line_that_is_too_large_alone_is_refused(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    huge = re.compile(",device=D3 ")
    server.on_write = lambda bucket, lines: said(413, "too large") if any(map(huge.search, lines)) else STORED
    [refused] = await journal.write(store, readings(*block_of(journal, 8)))
    assert refused.device == "D3"
    assert len(server.stored) == 7


async def test_no_request_has_more_lines_than_configured(server: InfluxDouble) -> None:
    store, journal = InfluxStore(config(server, max_batch_lines=30)), Journal()
    await journal.write(store, readings(*block_of(journal, 100)))
    assert [len(lines) for _, lines in server.requests] == [30, 30, 30, 10]
    await store.close()


async def test_outside_retention_is_not_looked_for_line_by_line(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()
    server.on_write = lambda bucket, lines: said(422, OUTSIDE.format(40))
    refused = await journal.write(store, readings(*block_of(journal, 100)))
    assert [point.ts for point in refused] == [T0 + k * 10**9 for k in range(40)]
    assert {point.reason for point in refused} == {"retention"}
    assert len(server.requests) == 1


async def test_outside_retention_amid_a_search_is_told_apart(server: InfluxDouble, store: InfluxStore) -> None:
    journal = Journal()

    def answer(bucket: str, lines: list[str]) -> Answer:
        if any(",device=D50 " in line for line in lines):
            return said(400, "bad")
        old = sum(1 for line in lines if int(line.split()[-1]) < T0 + 10 * 10**9)
        return said(422, OUTSIDE.format(old)) if old else STORED

    server.on_write = answer
    refused = await journal.write(store, readings(*block_of(journal, 100)))
    assert sorted((point.ts - T0) // 10**9 for point in refused if point.reason == "retention") == list(range(10))
    assert [point.device for point in refused if point.reason == "refused"] == ["D50"]
    assert len(server.requests) < 25


async def test_a_conflict_that_hits_more_lines_than_it_could_is_looked_for(server: InfluxDouble) -> None:
    store, journal = InfluxStore(config(server)), Journal()
    hit = {3, 7}

    def answer(bucket: str, lines: list[str]) -> Answer:
        bad = sum(1 for line in lines if any(f",device=D{k} " in line for k in hit))
        return said(422, CONFLICT.format(bad)) if bad else STORED

    server.on_write = answer
    refused = await journal.write(store, readings(*block_of(journal, 20)))
    assert {point.device for point in refused} == {"D3", "D7"}
    await store.close()


async def test_a_mark_that_is_too_large_for_somebody_is_tried_again(
    server: InfluxDouble, store: InfluxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal()
    block = journal.block(store, readings(*block_of(journal, 2)))
    with monkeypatch.context() as changed:
        changed.setattr(server, "write", lambda bucket, lines: said(413, "too large"))
        with pytest.raises(Retry, match="413 to the journal's mark") as caught:
            await store.write(block)
    assert "stands before InfluxDB" in caught.value.remedy
    assert await store.write(block) == []
    assert len(server.stored) == 2


@pytest.mark.parametrize("which", ["on_query", "on_buckets"])
async def test_a_question_that_is_too_large_for_somebody_stops_the_store(server: InfluxDouble, which: str) -> None:
    store = InfluxStore(config(server))
    setattr(server, which, lambda asked: said(413, "too large"))
    with pytest.raises(Halt, match="too large"):
        await store.open()
    await store.close()


async def test_a_mark_that_is_refused_stops_the_store(server: InfluxDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    store, journal = InfluxStore(config(server)), Journal()
    monkeypatch.setattr(server, "write", lambda bucket, lines: said(422, CONFLICT.format(1)))
    with pytest.raises(Halt, match="journal's mark"):
        await journal.write(store, readings(*block_of(journal, 1)))
    await store.close()
