"""Secrets in-band: what a profile names is blanked out before a message is kept as a dead letter or logged."""

import re
from collections.abc import Collection, Iterator, Sequence

from gateway.codecs.compression import pack, packing_of, unpack
from gateway.config.bounds import Bounds
from gateway.config.paths import parse_path
from gateway.config.profile_model import Profile
from gateway.config.topic_template import TopicTemplate

__all__ = ["Redactor", "StrangerRedactor"]

_BLANK = "***"
_SHORT_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


class Redactor:
    """Works on bytes, so that an unreadable document is covered too: every scalar under a secret's key is blanked."""

    def __init__(self, profile: Profile, bounds: Bounds) -> None:
        self.templates = profile.templates
        self.variables = profile.redact.variables
        self._compression = profile.compression
        self._bounds = bounds
        self._pattern: re.Pattern[bytes] | None = None
        keys = {step for path in profile.redact.paths for step in parse_path(path).steps[-1:] if isinstance(step, str)}
        if keys:
            names = b"|".join(b"".join(map(_spellings, key)) for key in sorted(keys))
            scalar = rb'"(?:[^"\\]+|\\.)*"?|[^\s,\]}\[{"]+'
            self._pattern = re.compile(rb'("(?:' + names + rb')"\s*:\s*)(?:' + scalar + rb")", re.DOTALL)

    @property
    def has_secrets(self) -> bool:
        """Whether the profile names any."""
        return bool(self.variables) or self._pattern is not None

    def redact(self, topic: str, payload: bytes) -> tuple[str, bytes]:
        """Topic and payload without secrets; both as they are where the profile names none."""
        if self.variables:
            topic = self._topic(topic)
        return topic, self.redact_payload(payload)

    def redact_payload(self, payload: bytes) -> bytes:
        """The payload without secrets."""
        if self._pattern is None:
            return payload
        blank = rb'\1"' + _BLANK.encode() + b'"'
        # what should be packed and begins otherwise may be plain all the same
        packing = packing_of(payload, "auto" if self._compression in ("gzip", "zstd") else self._compression)
        if packing is None:
            return self._pattern.sub(blank, payload)
        content = unpack(payload, packing, self._bounds)
        if isinstance(content, bytes):
            return pack(self._pattern.sub(blank, content), packing)
        # what can't be unpacked might still hold the secret, so none of it is kept, unless it is plain
        return self._pattern.sub(blank, payload) if payload.isascii() else b""

    def _topic(self, topic: str) -> str:
        for template in self.templates:
            found = template.pattern.fullmatch(topic)
            if found is not None:
                secret = [found.span(name) for name in self.variables if name in template.variables]
                for start, end in sorted(secret, reverse=True):
                    topic = topic[:start] + _BLANK + topic[end:]
        return topic


class StrangerRedactor:
    """For messages that no profile takes: they may hold the secrets of one whose topics begin alike.

    template  /json/{apikey}/{device}/attrs
    topic     /json/4jggokgpepn/dev-1/status   ->  /json/***/dev-1/status
    """

    def __init__(self, redactors: Sequence[Redactor]) -> None:
        self._redactors = [one for one in redactors if one.has_secrets]

    def redact(self, topic: str, payload: bytes) -> tuple[str, bytes]:
        """Topic and payload without what may be a secret."""
        if not self._redactors:
            return topic, payload
        levels = topic.split("/")
        blanked = list(levels)
        for redactor in self._redactors:
            alike = [template for template in redactor.templates if _begins_alike(template, levels)]
            for template in alike:
                for place, text in _secrets(template, redactor.variables, levels):
                    blanked[place] = text
            if alike:
                payload = redactor.redact_payload(payload)
        return "/".join(blanked), payload


def _begins_alike(template: TopicTemplate, levels: Sequence[str]) -> bool:
    """Whether a topic has all the literal levels before the template's first variable."""
    for place, level in enumerate(template.levels):
        if level.variable is not None:
            return True
        if place >= len(levels) or levels[place] != level.prefix:
            return False
    return True


def _secrets(template: TopicTemplate, names: Collection[str], levels: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Places of secret levels, with the text that hides them, as far as a topic goes along with the template."""
    for place, level in enumerate(template.levels[: len(levels)]):
        text = levels[place]
        if level.many:
            # nobody knows where it ends in a topic that does not fit, so a secret may be anywhere behind
            if any(other.variable in names for other in template.levels[place:]):
                yield from ((k, _BLANK) for k in range(place, len(levels)))
            return
        if not (text.startswith(level.prefix) and text.endswith(level.suffix)):
            return
        if level.variable is None and text != level.prefix:
            return
        if level.variable in names and text:
            yield place, level.prefix + _BLANK + level.suffix


def _spellings(sign: str) -> bytes:
    """A pattern of all that JSON may write for one character of a key: itself, or an escape."""
    units = sign.encode("utf-16-be", "surrogatepass")
    escaped = b"".join(rb"\\u" + _hex(units[k : k + 2]) for k in range(0, len(units), 2))
    ways = [re.escape(sign.encode("utf-8", "surrogatepass")), escaped]
    if sign in _SHORT_ESCAPES:
        ways.append(re.escape(b"\\" + _SHORT_ESCAPES[sign].encode()))
    return b"(?:" + b"|".join(ways) + b")"


def _hex(unit: bytes) -> bytes:
    return b"".join(f"[{digit}{digit.upper()}]".encode() if digit.isalpha() else digit.encode() for digit in unit.hex())
