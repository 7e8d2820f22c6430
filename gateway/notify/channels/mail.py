"""E-mail by SMTP (standard library, in a thread). The Message-ID is the message's id, by which repeats can be told."""

import asyncio
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from gateway.notify.channels.base import Undelivered
from gateway.notify.render import Rendered

__all__ = ["Mail", "MailOptions", "mail_of"]

_PERMANENT = 500


@dataclass(frozen=True, slots=True)
class MailOptions:
    """Where and from whom to whom."""

    host: str
    port: int
    security: str
    """starttls, tls or none."""
    sender: str
    to: tuple[str, ...]
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_secs: float = 10.0


class Mail:
    """A `Channel`. A connection a message: they are few, and servers close idle ones."""

    def __init__(self, name: str, options: MailOptions, context: ssl.SSLContext | None = None) -> None:
        self.name = name
        self._options = options
        self._context = context

    async def send(self, message: Rendered) -> None:
        """See Channel."""
        await asyncio.to_thread(self._send, mail_of(message, self._options))

    async def close(self) -> None:
        """See Channel."""

    def _send(self, mail: EmailMessage) -> None:
        try:
            with self._connected() as server:
                server.send_message(mail)  # where some recipients are refused the others have it: that is sent
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise Undelivered(f"SMTP {min(codes)}: no recipient was taken", refused=min(codes) >= _PERMANENT) from error
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error
            text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
            refused_it = error.smtp_code >= _PERMANENT and not isinstance(error, smtplib.SMTPAuthenticationError)
            raise Undelivered(f"SMTP {error.smtp_code}: {text}", refused=refused_it) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(f"{type(error).__name__}: {error}") from error

    def _connected(self) -> smtplib.SMTP:
        options = self._options
        context = self._context or ssl.create_default_context()
        name = socket.gethostname()  # smtplib would ask the network for a longer one
        server: smtplib.SMTP
        if options.security == "tls":
            server = smtplib.SMTP_SSL(
                options.host, options.port, local_hostname=name, timeout=options.timeout_secs, context=context
            )
        else:
            server = smtplib.SMTP(options.host, options.port, local_hostname=name, timeout=options.timeout_secs)
        try:
            if options.security == "starttls":
                server.starttls(context=context)
            if options.username is not None:
                server.login(options.username, options.password or "")
        except BaseException:
            server.close()
            raise
        return server


def mail_of(message: Rendered, options: MailOptions) -> EmailMessage:
    """The mail of a message; names from outside can't break out of a header."""
    mail = EmailMessage()
    mail["From"], mail["To"] = options.sender, ", ".join(options.to)
    mail["Subject"] = " ".join(message.subject.split())
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.created // 1_000_000_000, UTC))
    mail["Message-ID"] = f"<{message.id}@cityloom>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Priority"] = str(min(message.priority, 5))
    mail.set_content(f"{message.text}\n\nMessage {message.id} of CityLoom, {message.data['city']}.\n")
    return mail
