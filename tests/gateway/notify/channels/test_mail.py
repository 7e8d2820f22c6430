"""E-mail against a real SMTP server, on asyncio."""

from typing import Any

import pytest

from gateway.notify.channels.base import Undelivered
from gateway.notify.channels.mail import Mail, MailOptions
from tests.gateway.notify.support import change, rendered
from tests.support.smtp_receiver import SmtpReceiver, smtp_receiving


def mail(receiver: SmtpReceiver, **more: Any) -> Mail:
    options: dict[str, Any] = {
        "host": "127.0.0.1", "port": receiver.port, "security": "none", "sender": "loom@city.example",
        "to": ("duty@city.example", "chief@city.example"),
    }  # fmt: skip
    return Mail("mail", MailOptions(**(options | more)))


async def test_a_mail_says_what_happened_and_where() -> None:
    async with smtp_receiving() as receiver:
        await mail(receiver).send(rendered())

    (got,) = receiver.mails
    assert receiver.envelopes == [("loom@city.example", ["duty@city.example", "chief@city.example"])]
    assert got["Subject"] == "[high] Combustible gas at gas-a1 (tianhe)"
    assert got["Message-ID"] == f"<{rendered().id}@cityloom>"
    assert got["Date"] == "Mon, 02 Mar 2026 04:00:00 +0000"
    text = got.get_content()
    assert "2026-03-02 11:59:59 raised: Combustible gas at gas-a1 (high, level 1, value 26.5; alarm a1)" in text


async def test_a_name_from_outside_adds_no_header_and_any_script_comes_through() -> None:
    async with smtp_receiving() as receiver:
        await mail(receiver).send(rendered(change(asset="gas\r\nBcc: x@evil.example\r\n\r\n燃气")))
    (got,) = receiver.mails
    assert got["Bcc"] is None
    assert "燃气" in got["Subject"]


async def test_a_password_goes_out_where_one_is_given() -> None:
    async with smtp_receiving() as receiver:
        await mail(receiver, username="loom", password="x").send(rendered())
    assert "AUTH" in receiver.commands
    assert "password=" not in repr(MailOptions("h", 1, "none", "a@b", ("c@d",), password="x"))


@pytest.mark.parametrize(
    ("refuse", "refused"),
    [
        ({"RCPT": "550 no such user"}, True), ({"RCPT": "451 come again"}, False), ({"DATA": "554 spam"}, True),
        ({"MAIL": "452 full"}, False), ({"AUTH": "535 wrong password"}, False),
    ],
)  # fmt: skip
async def test_a_refusal_is_told_from_trouble(refuse: dict[str, str], refused: bool) -> None:
    async with smtp_receiving(refuse) as receiver:
        with pytest.raises(Undelivered) as error:
            await mail(receiver, username="loom", password="x").send(rendered())
    assert error.value.refused is refused
    assert next(iter(refuse.values()))[:3] in error.value.problem
    assert receiver.mails == []


async def test_a_server_without_encryption_gets_nothing_where_it_is_asked_for() -> None:
    async with smtp_receiving() as receiver:
        with pytest.raises(Undelivered, match="STARTTLS"):
            await mail(receiver, security="starttls", username="loom", password="x").send(rendered())
    assert "AUTH" not in receiver.commands


async def test_a_server_that_is_not_there_is_trouble() -> None:
    async with smtp_receiving() as receiver:
        pass
    with pytest.raises(Undelivered) as error:
        await mail(receiver).send(rendered())
    assert not error.value.refused
