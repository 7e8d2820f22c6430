"""Logs carry no secret and nothing that a terminal obeys."""

import io
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from gateway.telemetry.logs import MASK, Logger, capture_stdlib, make_logger

SECRET = "correct horse"


def _logged(form: str, level: str = "info") -> tuple[Logger, io.StringIO]:
    out = io.StringIO()
    return make_logger(level, form, out, [SECRET, "pw", ""]), out


def _json(**facts: Any) -> dict[str, Any]:
    logger, out = _logged("json")
    logger.info("something happened", **facts)
    (line,) = out.getvalue().splitlines()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_a_json_line_has_event_level_and_utc_time() -> None:
    line = _json(amount=3, share=0.5, name="广州")

    assert (line["event"], line["level"], line["amount"], line["name"]) == ("something happened", "info", 3, "广州")
    assert line["timestamp"].endswith("Z")


def test_figures_end_at_a_thousandth() -> None:
    line = _json(secs=0.17394921699997212, count=123_456_789, share=1e-9)

    assert (line["secs"], line["count"], line["share"]) == (0.174, 123_456_789, 0.0)


def test_a_console_line_is_one_line_without_colour_where_no_terminal_is() -> None:
    logger, out = _logged("console")

    logger.warning("store retrying", store="duckdb", problem="a\nb")

    assert out.getvalue().count("\n") == 1
    assert "\x1b" not in out.getvalue()
    assert "store retrying" in out.getvalue()


@pytest.mark.parametrize("form", ["console", "json"])
def test_what_is_below_the_level_is_not_written(form: str) -> None:
    logger, out = _logged(form, "warning")

    logger.info("quiet")
    logger.debug("quieter")

    assert out.getvalue() == ""


@pytest.mark.parametrize(
    "key", ["password", "mqtt_password", "token", "authorization", "api_key", "ApiKey", "client_secret", "private_key"]
)
def test_values_under_telling_keys_are_masked(key: str) -> None:
    assert _json(**{key: "x1"})[key] == MASK
    assert _json(inner={key: "x1", "n": [{key: "x2"}]})["inner"] == {key: MASK, "n": [{key: MASK}]}


def test_a_known_secret_is_masked_wherever_it_occurs() -> None:
    line = _json(
        topic=f"city/{SECRET}/x", raw=SECRET.encode(), deep=[{"a": (SECRET,)}], wrapped=SecretStr("other"),
        error=ValueError(f"refused {SECRET}"),
    )  # fmt: skip

    assert SECRET not in json.dumps(line)
    assert line["topic"] == f"city/{MASK}/x"
    assert line["wrapped"] == MASK


def test_a_secret_is_masked_in_the_message_and_in_a_traceback() -> None:
    logger, out = _logged("json")

    try:
        raise ValueError(f"no {SECRET} here")
    except ValueError:
        logger.exception("failed with %s", SECRET)

    assert SECRET not in out.getvalue()
    assert "ValueError" in out.getvalue()


def test_credentials_in_a_url_are_masked() -> None:
    assert _json(url="http://admin:hunter2@db:8086/x")["url"] == f"http://{MASK}@db:8086/x"


def test_a_secret_too_short_to_tell_masks_nothing() -> None:
    assert _json(text="pwned")["text"] == "pwned"


@pytest.mark.parametrize("form", ["console", "json"])
def test_control_characters_of_strangers_do_not_reach_the_terminal(form: str) -> None:
    logger, out = _logged(form)

    logger.info("rejected", topic="city/\x1b[2J\x07/\u202eevil\u2028x", detail={"\x00k": ["\r\nfake line"]})

    assert out.getvalue().count("\n") == 1
    assert not set(out.getvalue()) & set("\x1b\x07\u202e\u2028\x00\r")


@given(st.text(), st.binary())
@pytest.mark.parametrize("form", ["console", "json"])
def test_whatever_a_device_sends_is_one_printable_line(form: str, topic: str, payload: bytes) -> None:
    logger, out = _logged(form)

    logger.info("rejected", topic=topic, payload=payload)

    text = out.getvalue()
    assert text.endswith("\n")
    assert len(text[:-1].splitlines()) == 1
    text.encode()


def test_a_very_long_text_is_cut() -> None:
    assert len(_json(topic="x" * 100_000)["topic"]) < 3000


def test_what_libraries_log_comes_out_the_same_way() -> None:
    logger, out = _logged("json")
    library = logging.getLogger("some.library")
    with capture_stdlib(lambda: logger):
        library.warning("lost %s to %s", "connection", SECRET)
        library.info("chatter")
    library.warning("no longer")

    (line,) = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (line["event"], line["level"], line["logger"]) == (f"lost connection to {MASK}", "warning", "some.library")
