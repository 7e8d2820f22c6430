"""Webhooks against a real HTTP server: document, signature, and what each answer means."""

import base64
import hashlib
import hmac
import json

import pytest

from gateway.notify.channels.base import Undelivered
from gateway.notify.channels.webhook import Webhook, retry_after, sign
from tests.gateway.notify.support import NOON, SECOND, rendered
from tests.support.http_receiver import Answer, Receiver, receiving

SECRET = "a long random text"


def hook(receiver: Receiver, secret: str = SECRET, timeout_secs: float = 5.0) -> Webhook:
    return Webhook("duty", receiver.url, secret, source="/cityloom/x", timeout_secs=timeout_secs, clock=lambda: 1700.9)


async def failure(receiver: Receiver, timeout_secs: float = 5.0) -> Undelivered:
    channel = hook(receiver, timeout_secs=timeout_secs)
    try:
        with pytest.raises(Undelivered) as error:
            await channel.send(rendered())
    finally:
        await channel.close()
    return error.value


async def test_the_document_is_a_cloud_event_and_the_signature_is_that_of_its_bytes() -> None:
    async with receiving() as receiver:
        channel = hook(receiver)
        await channel.send(rendered())
        await channel.send(rendered())
        await channel.close()
        await channel.close()

    one, again = receiver.got
    event = json.loads(one.body)
    assert {name: event[name] for name in ("specversion", "source", "type", "subject", "datacontenttype")} == {
        "specversion": "1.0", "source": "/cityloom/x", "type": "org.cityloom.notification.alarm", "subject": "tianhe",
        "datacontenttype": "application/json",
    }  # fmt: skip
    assert event["time"] == "2026-03-02T04:00:00.000000000Z"
    assert event["data"]["items"][0]["condition"] == "gas.lel"
    assert one.headers["content-type"].startswith("application/cloudevents+json")
    assert (one.headers["webhook-id"], one.headers["webhook-timestamp"]) == (event["id"], "1700")
    digest = hmac.new(SECRET.encode(), f"{event['id']}.1700.".encode() + one.body, hashlib.sha256).digest()
    assert one.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert (again.body, again.headers["webhook-id"]) == (one.body, one.headers["webhook-id"])


def test_the_signature_is_that_of_a_case_worked_by_openssl() -> None:
    # printf 'msg_1.1700.{"a":1}' | openssl dgst -sha256 -hmac key -binary | base64
    assert sign(b"key", "msg_1", "1700", b'{"a":1}') == "v1,HjHT9yAoGadRIeat2G1gk4uQFGW6Qi2GD0Q25lyrZBQ="


async def test_a_secret_may_be_given_as_base64_behind_its_prefix() -> None:
    async with receiving() as receiver:
        channel = hook(receiver, "whsec_" + base64.b64encode(SECRET.encode()).decode())
        await channel.send(rendered())
        await channel.close()
        plain = hook(receiver)
        await plain.send(rendered())
        await plain.close()
    assert receiver.got[0].headers["webhook-signature"] == receiver.got[1].headers["webhook-signature"]


@pytest.mark.parametrize(
    ("answer", "after", "refused"),
    [
        (Answer(500, body="oops"), None, False), (Answer(503, {"Retry-After": "7"}), 7.0, False),
        (Answer(429, {"Retry-After": "Thu, 01 Jan 1970 00:30:00 GMT"}), 99.1, False), (Answer(408), None, False),
        (Answer(404), None, True), (Answer(413), None, True), (Answer(302, {"Location": "/other"}), None, False),
    ],
)  # fmt: skip
async def test_what_is_no_success_says_when_to_come_again(answer: Answer, after: float | None, refused: bool) -> None:
    async with receiving(answer) as receiver:
        error = await failure(receiver)
    assert (error.problem.split(":")[0], error.refused) == (f"HTTP {answer.status}", refused)
    assert error.after == (pytest.approx(after) if after is not None else None)
    assert len(receiver.got) == 1


async def test_who_does_not_answer_or_is_not_there_is_tried_again() -> None:
    async with receiving(Answer(hang=True)) as receiver:
        assert not (await failure(receiver, 0.2)).refused
    assert "Timeout" not in (await failure(receiver)).problem  # nobody listens there any more


async def test_the_address_is_in_no_sentence() -> None:
    async with receiving(then=Answer(400)) as receiver:
        receiver.then = Answer(400, body=f"bad request to {receiver.url}")
        assert receiver.url not in (await failure(receiver)).problem


@pytest.mark.parametrize(("text", "secs"), [("", None), ("soon", None), ("-4", None), ("99999999", 3600.0)])
def test_a_retry_after_that_makes_no_sense_is_none_and_one_too_long_is_an_hour(text: str, secs: float | None) -> None:
    assert retry_after(text, NOON / SECOND) == secs
