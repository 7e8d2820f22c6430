"""Messages that no profile reads: why, and what must not be kept of them."""

from typing import Any

import pytest

from gateway.reasons import Rejected
from tests.support.engine import SECOND, START, content, engine, message

TS = START // SECOND
KEYED: dict[str, Any] = {
    "name": "keyed", "topic": "/json/{apikey}/{device}/attrs", "interval_secs": 60, "identity": {"topic": "{device}"},
    "time": {"path": "ts", "format": "unix_s"}, "redact": {"paths": ["pin"], "variables": ["apikey"]},
    "fields": {"v": {"path": "v", "unit": "1"}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "kept", "reason"),
    [
        ("/json/s3cret/" + "d" * 300 + "/attrs", "/json/***/" + "d" * 300 + "/attrs", Rejected.IDENTITY_INVALID),
        ("/json/s3cret/d\n/attrs", "/json/***/d\n/attrs", Rejected.IDENTITY_INVALID),
        ("/json/s3cret/d/other", "/json/***/d/other", Rejected.TOPIC_UNKNOWN),
        ("/json/s3cret/#", "/json/***/#", Rejected.TOPIC_INVALID),
        ("/json/s3cret/" + "d" * 2000, "/json/***/" + "d" * 2000, Rejected.TOPIC_TOO_LONG),
    ],
)
def test_a_message_that_is_not_read_leaves_no_secret_behind(topic: str, kept: str, reason: Rejected) -> None:
    result = engine(content([KEYED])).step([message(topic, {"pin": "s3cret", "ts": TS}, START)], START, False)

    (letter,) = result.rejects
    assert (letter.reason, letter.topic, letter.payload) == (reason, kept, b'{"pin": "***", "ts": %d}' % TS)
    assert letter.profile == ("keyed" if reason is Rejected.IDENTITY_INVALID else "")
    assert [key.profile for key in result.counts if key.term == "rejected"] == [letter.profile]
