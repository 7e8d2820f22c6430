"""Get lines into a bucket, and say which of them InfluxDB will never take."""

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from gateway.errors import Halt
from gateway.reasons import Unstored
from gateway.stores.base import Refused
from gateway.stores.influx_answers import BodyTooLarge, Conflict, OutsideRetention, PointsRefused, partial_write
from gateway.stores.influx_connection import InfluxConnection
from gateway.stores.line_protocol import Lines
from gateway.stores.refusals import RefusedLine, TooManyRefusals, bisect

__all__ = ["Delivery"]

_MAX_DETAIL = 300


class Delivery:
    """Sends bodies one after the other. Whatever it raises, sending everything again does no harm."""

    def __init__(self, connection: InfluxConnection, max_batch_lines: int, max_refusal_requests: int) -> None:
        self._connection = connection
        self._max_batch_lines = max_batch_lines
        self._max_refusal_requests = max_refusal_requests

    def deliver(self, bucket: str, lines: Lines, kind: str, owners: Sequence[str]) -> list[Refused]:
        """Store all lines but those given back. `kind` is that of `Refused`. Raises Retry or Halt."""
        refused = []
        for part in lines.split(self._max_batch_lines):
            refused += [_refused(part, line, kind, owners) for line in self._send(bucket, part)]
        return refused

    def _send(self, bucket: str, lines: Lines) -> list[RefusedLine]:
        try:
            self._connection.write(bucket, lines.body())
        except BodyTooLarge as error:
            if len(lines) == 1:
                return [RefusedLine(0, f"a single line is too large: {error}")]
            half = len(lines) // 2
            return self._send_both(bucket, lines, np.arange(half), np.arange(half, len(lines)))
        except PointsRefused as error:
            return self._sort_out(bucket, lines, error.message)
        return []

    def _send_both(
        self, bucket: str, lines: Lines, first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> list[RefusedLine]:
        return [
            RefusedLine(int(which[line]), detail)
            for which in (first, second)
            if len(which)
            for line, detail in self._send(bucket, lines.take(which))
        ]

    def _sort_out(self, bucket: str, lines: Lines, message: str) -> list[RefusedLine]:
        everything = np.arange(len(lines))
        match partial_write(message):
            case OutsideRetention(dropped):
                return _oldest(lines, everything, dropped, message)
            case Conflict(field, measurement, dropped):
                suspects = _suspects(lines, field, measurement)
                if len(suspects) == dropped:
                    refused = [RefusedLine(int(line), message) for line in suspects]
                elif len(suspects) > dropped:
                    refused = self._bisect(bucket, lines, suspects, None)
                else:
                    return self._bisect(bucket, lines, everything, message)
                # the answer names one trouble only, so what is left is sent again
                rest = np.setdiff1d(everything, suspects)
                return refused + self._send_both(bucket, lines, rest, rest[:0])
        return self._bisect(bucket, lines, everything, message)

    def _bisect(self, bucket: str, lines: Lines, which: NDArray[np.int64], known: str | None) -> list[RefusedLine]:
        outside = []

        def attempt(part: NDArray[np.int64]) -> str | None:
            try:
                self._connection.write(bucket, lines.take(part).body())
            except PointsRefused as error:
                verdict = partial_write(error.message)
                if isinstance(verdict, OutsideRetention):
                    outside.extend(_oldest(lines, part, verdict.dropped, error.message))
                    return None
                return error.message
            except BodyTooLarge as error:
                return str(error)
            return None

        try:
            return bisect(which, attempt, self._max_refusal_requests, known) + outside
        except TooManyRefusals as error:
            raise Halt(
                f"InfluxDB refuses too much of a block for bucket '{bucket}': {error}",
                "Look at the message and the server's log: this is no matter of a few bad points.",
            ) from error


def _refused(lines: Lines, line: RefusedLine, kind: str, owners: Sequence[str]) -> Refused:
    reason = Unstored.RETENTION if isinstance(partial_write(line.detail), OutsideRetention) else Unstored.REFUSED
    return Refused(
        kind,
        owners[int(lines.owner[line.line])],
        int(lines.ts[line.line]),
        reason.value,
        line.detail[:_MAX_DETAIL],
        int(lines.readings[line.line]),
    )


def _oldest(lines: Lines, which: NDArray[np.int64], dropped: int, message: str) -> list[RefusedLine]:
    """Retention is a bound in time: the dropped points are the oldest ones."""
    order = which[np.argsort(lines.ts[which], kind="stable")]
    return [RefusedLine(int(line), message) for line in order[:dropped]]


def _suspects(lines: Lines, field: str, measurement: str) -> NDArray[np.int64]:
    """The lines that may carry the field under the measurement; may be more than do."""
    text = lines.text
    named = pc.match_substring(text, f"{field}=".encode())
    under = pc.starts_with(text, f"{measurement},".encode())
    return np.flatnonzero(pc.and_(named, under).to_numpy(zero_copy_only=False))
