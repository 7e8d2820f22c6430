"""A message as somebody heard or recorded it, and its texts made fit to be shown."""

import re
import unicodedata
from typing import NamedTuple

__all__ = ["Heard", "is_secret_name", "shown_payload", "tidy", "without_secrets"]

_NAMES_OF_SECRETS = (
    r"pass(?:word|wd|phrase)?|pwd|token|secret|api_?-?key|apikey|private_?key|psk|credentials?|authori[sz]ation"
)
_SECRET_NAME = re.compile(rf"(?:.*[_\-.])?(?:(?:[a-z0-9]*)(?:{_NAMES_OF_SECRETS}))(?:[_\-.].*)?", re.IGNORECASE)
_SECRET_MEMBER = re.compile(
    rf'("[\w.-]*(?:{_NAMES_OF_SECRETS})[\w.-]*"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,\]}}\[{{"]+)', re.IGNORECASE
)
_SECRET_PAIR = re.compile(rf"(\b[\w-]*(?:{_NAMES_OF_SECRETS})\s*[=|]\s*)([^\s,;|&#]+)", re.IGNORECASE)
_HEX_BYTES = 24


class Heard(NamedTuple):
    """One publication."""

    received_at: int | None
    """UTC ns; None: nobody knows when."""
    topic: str
    payload: bytes
    retained: bool = False


def is_secret_name(name: str) -> bool:
    """Whether a key looks like that of a password or a token."""
    return _SECRET_NAME.fullmatch(name) is not None


def without_secrets(text: str) -> str:
    """A text with the values of keys that look like secrets blanked out."""
    return _SECRET_PAIR.sub(r"\1***", _SECRET_MEMBER.sub(r'\1"***"', text))


def shown_payload(payload: bytes, limit: int = 120) -> str:
    """The beginning of a payload as text, or as hexadecimal figures where it is none. Not escaped for a terminal."""
    if not payload:
        return "(empty)"
    head = payload[: 4 * limit]
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if len(payload) == len(head) or error.start < len(head) - 4:
            figures = payload[:_HEX_BYTES].hex(" ")
            return f"hex {figures}{' ...' if len(payload) > _HEX_BYTES else ''}"
        text = head[: error.start].decode()
    return without_secrets(text)[: limit + 1]


def tidy(text: str, limit: int = 120) -> str:
    """A stranger's text on one line, without control characters, cut at `limit`."""
    safe = "".join(c if unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1])
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"
