"""Talk to InfluxDB 2: write, query, make buckets. Synchronous, for the store's threads; foreign errors end here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import influxdb_client
import msgspec
import urllib3
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.rest import ApiException
from isal import igzip

from gateway.errors import Halt, Retry
from gateway.stores.influx_answers import NO_INFLUXDB, BodyTooLarge, PointsRefused, judge, message_of
from gateway.stores.influx_config import Bucket, InfluxConfig
from gateway.stores.influx_results import Series, bucket_remedy, results_of, what_query

__all__ = ["InfluxConnection"]


_STORED = 204
# the client is only partly annotated
_influx: Any = influxdb_client


class _Rule(msgspec.Struct):
    every_secs: int = msgspec.field(name="everySeconds", default=0)


class _Bucket(msgspec.Struct):
    rules: list[_Rule] = msgspec.field(name="retentionRules", default_factory=list)


class _Buckets(msgspec.Struct):
    buckets: list[_Bucket]


class InfluxConnection:
    """A connection pool. Safe for use from several threads, as urllib3's pools are."""

    def __init__(self, config: InfluxConfig) -> None:
        self._config = config
        self._client = _influx.InfluxDBClient(
            config.url, config.token, org=config.org, timeout=round(config.timeout_secs * 1000),
            ssl_ca_cert=config.ca_file, retries=False,
        )  # fmt: skip
        self._write = _influx.WriteService(self._client.api_client)

    def write(self, bucket: str, body: memoryview | bytes) -> None:
        """Write lines. Raises Retry, Halt, PointsRefused or BodyTooLarge."""
        with self._translated(f"bucket '{bucket}'"):
            _, status, _ = self._write.post_write_with_http_info(
                self._config.org, bucket, igzip.compress(body, 1),
                precision="ns", content_encoding="gzip", content_type="text/plain; charset=utf-8",
            )  # fmt: skip
        if status != _STORED:
            # a page in front of it says "fine" to anything
            raise Halt(f"What answers at {self._config.url} is no InfluxDB: it says {status} to a write.", NO_INFLUXDB)

    def query(self, bucket: str, statements: list[str]) -> list[list[Series]]:
        """Run InfluxQL statements on a bucket; times come as ns. Raises Retry or Halt."""
        if not statements:
            return []
        with self._translated(what_query(bucket)):
            response = self._client.api_client.call_api(
                "/query", "POST",
                query_params=[("db", bucket), ("epoch", "ns")],
                header_params={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
                post_params=[("q", ";".join(statements))],
                _preload_content=False, _return_http_data_only=True,
            )  # fmt: skip
            data = response.data
            response.release_conn()
        return results_of(data, len(statements), bucket, self._config.org)

    def retention_of(self, bucket: str) -> int | None:
        """Seconds that a bucket keeps its points (0: for good); None where the token sees no such bucket."""
        with self._translated("the list of buckets"):
            try:
                response = self._client.api_client.call_api(
                    "/api/v2/buckets", "GET", query_params=[("name", bucket), ("org", self._config.org)],
                    header_params={"Accept": "application/json"}, _preload_content=False, _return_http_data_only=True,
                )  # fmt: skip
                data = response.data
                response.release_conn()
            except ApiException as error:
                if error.status == 404 and b"bucket" in _body(error):
                    return None
                raise
        try:
            found = msgspec.json.decode(data, type=_Buckets).buckets
        except msgspec.DecodeError as error:
            raise self._illegible("the list of buckets") from error
        rules = [rule for entry in found for rule in entry.rules]
        return None if not found else sum(rule.every_secs for rule in rules[:1])

    def make_bucket(self, bucket: Bucket) -> None:
        """Make a bucket. Raises Halt where the token may not."""
        rules = [_influx.BucketRetentionRules(type="expire", every_seconds=bucket.retention_secs)]
        with self._translated("the list of buckets"):
            try:
                with self._legible("a new bucket"):
                    self._client.buckets_api().create_bucket(
                        bucket_name=bucket.name, org=self._config.org, retention_rules=rules
                    )
            except InfluxDBError as error:
                # a token without rights does not even see its organisation, which is no answer of the server's
                if isinstance(error, ApiException) and error.status not in (401, 403):
                    raise
                command = f"influx bucket create --name {bucket.name} --org {self._config.org}"
                raise Halt(
                    f"The token sees no bucket '{bucket.name}' and may not make one.",
                    f"Run `{command} --retention {bucket.retention_secs}s` and give the token access to it.",
                ) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def _legible(self, what: str) -> Iterator[None]:
        """What the client makes of an answer that is not InfluxDB's, such as the page of a proxy: any error at all."""
        try:
            yield
        except (InfluxDBError, urllib3.exceptions.HTTPError, OSError):
            raise
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise self._illegible(what) from error

    def _illegible(self, what: str) -> Halt:
        problem = f"What answers at {self._config.url} is no InfluxDB: its answer to {what} can't be read."
        return Halt(problem, NO_INFLUXDB)

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """The one place where errors of the client and of urllib3 become ours."""
        try:
            yield
        except ApiException as error:
            if not error.status:
                raise Halt(
                    f"InfluxDB at {self._config.url}: no TLS: {error.reason}", "Check its certificate and `ca_file`."
                ) from error
            message = message_of(_body(error)) or str(error.reason)
            verdict = judge(error.status, message, error.headers or {}, what, self._config.org)
            if isinstance(verdict, PointsRefused) and not what.startswith("bucket "):
                raise Halt(f"InfluxDB refuses {what}: {verdict.message}", bucket_remedy(self._config.org)) from error
            if isinstance(verdict, BodyTooLarge) and not what.startswith("bucket "):
                raise Halt(f"InfluxDB answers 413 to {what}: {verdict}", NO_INFLUXDB) from error
            raise verdict from error
        except InfluxDBError as error:
            raise Halt(f"InfluxDB at {self._config.url}: {error}", bucket_remedy(self._config.org)) from error
        except (urllib3.exceptions.LocationParseError, urllib3.exceptions.LocationValueError) as error:
            raise Halt(f"'{self._config.url}' is no URL: {error}", "Write http://host:8086 or https://host.") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Retry(f"InfluxDB at {self._config.url} does not answer: {error}") from error


def _body(error: Any) -> bytes:
    body = error.body
    return body.encode() if isinstance(body, str) else bytes(body or b"")
