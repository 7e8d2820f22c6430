"""What InfluxDB answers to InfluxQL, whoever asked: series, or why there are none."""

from collections.abc import Mapping

import msgspec

from gateway.errors import Halt, Retry, StoreError
from gateway.stores.influx_answers import PointsRefused, judge, message_of

__all__ = ["Series", "bucket_remedy", "query_error", "results_of", "what_query"]


class Series(msgspec.Struct):
    """One series of an InfluxQL answer. `values` stays JSON until the reader says what types its columns have."""

    name: str = ""
    tags: dict[str, str] = {}
    columns: list[str] = []
    values: msgspec.Raw = msgspec.Raw(b"[]")


class _Result(msgspec.Struct):
    series: list[Series] = []
    error: str = ""


class _Answer(msgspec.Struct):
    results: list[_Result] = []


def what_query(bucket: str) -> str:
    """What a request was, in the words of errors."""
    return f"a query on bucket '{bucket}'"


def bucket_remedy(org: str) -> str:
    """Where a query is refused."""
    return f"Check the bucket's name and what the token may read in organisation '{org}'."


def results_of(data: bytes, statements: int, bucket: str, org: str) -> list[list[Series]]:
    """The series of each statement. Raises Retry or Halt."""
    try:
        answer = msgspec.json.decode(data, type=_Answer)
    except msgspec.DecodeError as error:
        raise Retry(f"InfluxDB's answer to a query can't be read: {error}") from error
    for result in answer.results:
        if result.error:
            raise Halt(f"InfluxDB can't answer a query on bucket '{bucket}': {result.error}", bucket_remedy(org))
    if len(answer.results) != statements:
        raise Retry(f"InfluxDB answered {len(answer.results)} of {statements} statements.")
    return [result.series for result in answer.results]


def query_error(status: int, body: bytes, reason: str, headers: Mapping[str, str], bucket: str, org: str) -> StoreError:
    """The error to raise for an answer to a query that is no success."""
    what = what_query(bucket)
    verdict = judge(status, message_of(body) or reason, headers, what, org)
    if isinstance(verdict, PointsRefused):
        return Halt(f"InfluxDB refuses {what}: {verdict.message}", bucket_remedy(org))
    # 413 is of writes; of a query it is a page in front
    return verdict if isinstance(verdict, StoreError) else Halt(f"InfluxDB answers {status} to {what}.")
