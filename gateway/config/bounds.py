"""What a message may be at most, before anything decodes it; the reasons are in `gateway.reasons.Rejected`."""

from dataclasses import dataclass

__all__ = ["MAX_KEY_CHARS", "Bounds"]

MAX_KEY_CHARS = 256
"""A device's key may be this long."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes, levels and records; a message beyond one of them is rejected whole and kept as a dead letter."""

    max_payload_bytes: int = 256 * 1024
    max_topic_bytes: int = 1024
    max_depth: int = 32
    """Nesting of objects and lists."""
    max_records: int = 10_000
    """Records of one message; a document may open ten times as many objects and lists."""
    max_decompressed_bytes: int = 4 * 1024 * 1024
