"""A small SMTP server on asyncio: takes mails, or refuses them as scripted. As much of RFC 5321 as smtplib speaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

__all__ = ["SmtpReceiver", "smtp_receiving"]


class SmtpReceiver:
    """`refuse`: command -> what to answer instead, such as {"RCPT": "550 no such user"}; changed while it runs."""

    def __init__(self, refuse: dict[str, str] | None = None) -> None:
        self.refuse = dict(refuse or {})
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.commands: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""

        async def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())
            await writer.drain()

        sender, to = "", list[str]()
        try:
            await say("220 receiver")
            while line := (await reader.readline()).decode().strip():
                verb = line.split(":")[0].split()[0].upper()
                self.commands.append(verb)
                if verb in self.refuse:
                    await say(self.refuse[verb])
                    continue
                match verb:
                    case "EHLO" | "HELO":
                        await say("250-receiver\r\n250-AUTH PLAIN\r\n250 SIZE 1000000")
                    case "AUTH":
                        await say("235 welcome")
                    case "MAIL":
                        sender, to = line.partition("<")[2].partition(">")[0], []
                        await say("250 ok")
                    case "RCPT":
                        to.append(line.partition("<")[2].partition(">")[0])
                        await say("250 ok")
                    case "DATA":
                        await say("354 go on")
                        body = await reader.readuntil(b"\r\n.\r\n")
                        self._keep(sender, to, body[:-3])
                        await say("250 taken")
                    case "QUIT":
                        await say("221 bye")
                        return
                    case _:
                        await say("250 ok")
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def _keep(self, sender: str, to: list[str], body: bytes) -> None:
        found = message_from_bytes(body, policy=default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        self.envelopes.append((sender, list(to)))


@asynccontextmanager
async def smtp_receiving(refuse: dict[str, str] | None = None) -> AsyncIterator[SmtpReceiver]:
    """A receiver on a free port."""
    made = SmtpReceiver(refuse)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
