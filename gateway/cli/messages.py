"""MESSAGES of the commands that look at messages: recordings, raw payloads, or standard input."""

import gzip
import json as jsonlib
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.cli.replay import parse_recorded, read_recordings
from gateway.errors import CommandError
from gateway.workshop.message import Heard

__all__ = ["read_messages"]

_STDIN = Path("-")
_MOST_BYTES = 16 << 20
"""A raw payload may be this long; a broker takes far less."""


def read_messages(files: Sequence[Path], topic: str, received_at: int | None) -> Iterator[Heard]:
    """The messages of recordings, as they are; or a payload a file, of `topic`.

    Raises:
        CommandError: there is none, a file can't be read, or nobody says which topic a payload has.
    """
    if not files:
        raise CommandError(
            "Which messages?", "Name recordings (JSON lines), payloads with --topic, or - for standard input.", 2
        )
    for file in files:
        if str(file).startswith("--"):
            raise CommandError(f"There is no option {file}.", "`--help` lists them.", 2)
        if file == _STDIN:
            yield from _from_bytes(sys.stdin.buffer.read(_MOST_BYTES + 1), "standard input", topic, received_at)
        elif _is_recording(file):
            for row in read_recordings([file]):
                yield Heard(row.received_at, row.topic, row.payload, retained=False)
        else:
            try:
                with file.open("rb") as stream:
                    content = stream.read(_MOST_BYTES + 1)
            except OSError as error:
                raise _unreadable(file, error) from error
            yield from _from_bytes(content, str(file), topic, received_at)


def _from_bytes(content: bytes, name: str, topic: str, received_at: int | None) -> Iterator[Heard]:
    """One payload, or the lines of a recording."""
    if _is_recorded_line(content.split(b"\n", 1)[0]):
        for number, line in enumerate(content.split(b"\n"), 1):
            if line.strip():
                at, its_topic, payload = parse_recorded(line, Path(name), number)
                yield Heard(at, its_topic, payload)
        return
    if not topic:
        raise CommandError(
            f"{name} is no recording, and nobody says which topic it came on.",
            'For a raw payload give --topic; a recording has lines of received_at, topic and payload.', 2,
        )  # fmt: skip
    if len(content) > _MOST_BYTES:
        raise CommandError(
            f"{name} is longer than {_MOST_BYTES >> 20} MiB.", "Name a payload, or a recording (.jsonl, .jsonl.gz).", 2
        )
    if any(sign in topic for sign in "+#\0"):
        raise CommandError(
            f"{topic!r} is a filter, and a payload has one topic.", "Write the topic that it came on.", 2
        )
    # an editor ends a file with a line end that no device sent
    yield Heard(received_at, topic, content.removesuffix(b"\n").removesuffix(b"\r"))


def _is_recording(file: Path) -> bool:
    if ".jsonl" in file.suffixes:
        return True
    try:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
            return _is_recorded_line(lines.readline(_MOST_BYTES))
    except FileNotFoundError as error:
        raise _unreadable(file, error) from error
    except (OSError, EOFError, zlib.error):
        return False


def _is_recorded_line(line: bytes) -> bool:
    try:
        found = jsonlib.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "received_at" in found and "topic" in found


def _unreadable(file: Path, error: OSError) -> CommandError:
    return CommandError(f"{file} can't be read: {error.strerror}.", "Name a recording, or a payload with --topic.", 2)
