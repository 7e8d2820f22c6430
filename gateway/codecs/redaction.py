"""Secrets in-band: what a profile names is blanked out before a message is kept as a dead letter or logged."""

import re

from isal import isal_zlib

from gateway.codecs.compression import GZIP_MAGIC, gunzip
from gateway.config.bounds import Bounds
from gateway.config.paths import parse_path
from gateway.config.profile_model import Profile

__all__ = ["Redactor"]

_BLANK = "***"


class Redactor:
    """Works on bytes, so that an unreadable document is covered too: every scalar under a secret's key is blanked."""

    def __init__(self, profile: Profile, bounds: Bounds) -> None:
        self._template = profile.template
        self._variables = profile.redact.variables
        self._compression = profile.compression
        self._bounds = bounds
        self._pattern: re.Pattern[bytes] | None = None
        keys = {step for path in profile.redact.paths for step in parse_path(path).steps[-1:] if isinstance(step, str)}
        if keys:
            names = b"|".join(re.escape(key.encode()) for key in sorted(keys))
            scalar = rb'"(?:[^"\\]+|\\.)*"?|[^\s,\]}\[{"]+'
            self._pattern = re.compile(rb'("(?:' + names + rb')"\s*:\s*)(?:' + scalar + rb")", re.DOTALL)

    def redact(self, topic: str, payload: bytes) -> tuple[str, bytes]:
        """Topic and payload without secrets; both as they are where the profile names none."""
        if self._variables:
            topic = self._topic(topic)
        if self._pattern is not None:
            payload = self._payload(payload, self._pattern)
        return topic, payload

    def _topic(self, topic: str) -> str:
        found = self._template.pattern.fullmatch(topic)
        if found is None:
            return topic
        for start, end in sorted((found.span(name) for name in self._variables), reverse=True):
            topic = topic[:start] + _BLANK + topic[end:]
        return topic

    def _payload(self, payload: bytes, pattern: re.Pattern[bytes]) -> bytes:
        blank = rb'\1"' + _BLANK.encode() + b'"'
        packed = self._compression != "none" and payload.startswith(GZIP_MAGIC)
        if not packed:
            return pattern.sub(blank, payload)
        content = gunzip(payload, self._bounds)
        # what can't be unpacked might still hold the secret, so none of it is kept
        return bytes(isal_zlib.compress(pattern.sub(blank, content), 1, 31)) if isinstance(content, bytes) else b""
