"""Webhooks: CloudEvents 1.0 in JSON ("structured mode"), signed after Standard Webhooks 1.0.

    POST, Content-Type: application/cloudevents+json
    webhook-id: ID               the same for every try of a message: who has seen it may drop it
    webhook-timestamp: SECONDS   real time of this try
    webhook-signature: v1,BASE64(HMAC-SHA256(secret, "ID.SECONDS.BODY"))

Sources: CloudEvents 1.0.2, JSON format and HTTP binding; Standard Webhooks 1.0, "Signature scheme" (both memory); of
Retry-After: RFC 9110, 10.2.3. A secret that begins with whsec_ is base64 behind it, as that specification has it.
"""

import base64
import binascii
import hashlib
import hmac
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import time
from typing import Any

import httpx
import msgspec

from gateway.live.events import time_text
from gateway.notify.channels.base import Undelivered
from gateway.notify.render import Rendered

__all__ = ["Webhook", "cloud_event", "sign"]

_TYPE = "org.cityloom.notification"
_LONGEST_AFTER = 3600.0
_SAID_BYTES = 200
_TRANSIENT = frozenset({408, 425, 429})


class Webhook:
    """A `Channel`."""

    def __init__(
        self, name: str, url: str, secret: str, *, source: str, timeout_secs: float, ca_file: Path | None = None,
        proxy: str | None = None, clock: Callable[[], float] = time,
    ) -> None:  # fmt: skip
        """`source`: who speaks, a URI reference. `clock`: real seconds, by which receivers judge a signature's age."""
        self.name = name
        self._url, self._key, self._source, self._clock = url, _key(secret), source, clock
        self._options: dict[str, Any] = {"timeout": timeout_secs, "proxy": proxy, "trust_env": False}
        self._ca_file = ca_file
        self._client: httpx.AsyncClient | None = None

    async def send(self, message: Rendered) -> None:
        """See Channel."""
        body = msgspec.json.encode(cloud_event(message, self._source))
        stamp = str(int(self._clock()))
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8", "webhook-id": message.id,
            "webhook-timestamp": stamp, "webhook-signature": sign(self._key, message.id, stamp, body),
        }  # fmt: skip
        try:
            answer = await self._opened().post(self._url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise Undelivered(f"{type(error).__name__}: {_without(str(error), self._url)}") from error
        code = answer.status_code
        if answer.is_success:
            return
        said = answer.text[:_SAID_BYTES].strip()
        raise Undelivered(
            f"HTTP {code}{f': {_without(said, self._url)}' if said else ''}",
            after=retry_after(answer.headers.get("retry-after", ""), self._clock()),
            refused=400 <= code < 500 and code not in _TRANSIENT,
        )

    async def close(self) -> None:
        """See Channel."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            trust = ssl.create_default_context(cafile=self._ca_file)
            self._client = httpx.AsyncClient(verify=trust, follow_redirects=False, **self._options)
        return self._client


def cloud_event(message: Rendered, source: str) -> dict[str, Any]:
    """The document of a message."""
    return {
        "specversion": "1.0", "id": message.id, "source": source, "type": f"{_TYPE}.{message.kind}",
        "subject": message.zone or "-", "time": time_text(message.created), "datacontenttype": "application/json",
        "data": message.data,
    }  # fmt: skip


def sign(key: bytes, name: str, stamp: str, body: bytes) -> str:
    """The value of webhook-signature."""
    digest = hmac.digest(key, b"%b.%b.%b" % (name.encode(), stamp.encode(), body), hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def retry_after(text: str, now: float) -> float | None:
    """Seconds that Retry-After asks for, an hour at most; None where it says nothing that can be read."""
    if text.isdecimal():
        return min(float(text), _LONGEST_AFTER)
    with suppress(ValueError, TypeError):
        when = parsedate_to_datetime(text)
        when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
        return min(max((when - datetime.fromtimestamp(now, UTC)).total_seconds(), 0.0), _LONGEST_AFTER)
    return None


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        with suppress(binascii.Error):
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    return secret.encode()


def _without(text: str, url: str) -> str:
    """The address may hold a key."""
    return text.replace(url, "(address)")
