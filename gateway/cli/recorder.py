"""Messages into a recording, in the format of `cityloom replay`: JSON lines, gzip'd where the name ends in .gz."""

import base64
import gzip
import json as jsonlib
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from gateway.errors import CommandError
from gateway.workshop.message import Heard

__all__ = ["Recorder"]


class Recorder:
    """A new file. Use as a context manager. Raises CommandError where it is there already, or can't be written."""

    def __init__(self, file: Path) -> None:
        self._name = file
        self.count = 0
        try:
            # messages may hold secrets
            file.touch(mode=0o600, exist_ok=False)
            made = gzip.GzipFile(file, "wb", 6) if file.suffix == ".gz" else file.open("wb")
            self._out: IO[bytes] | gzip.GzipFile = made
        except FileExistsError as error:
            raise CommandError(f"{file} exists.", "Name a new file: recordings are not overwritten.", 2) from error
        except OSError as error:
            raise CommandError(
                f"{file} can't be written: {error.strerror}.", "Name a file in a folder that is there.", 2
            ) from error

    def write(self, heard: Heard) -> None:
        """Append one message. Raises CommandError where the disk takes no more."""
        line: dict[str, Any] = {"received_at": heard.received_at, "topic": heard.topic, **_payload(heard.payload)}
        if heard.retained:
            line["retained"] = True
        try:
            self._out.write(
                jsonlib.dumps(line, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass") + b"\n"
            )
        except OSError as error:
            raise CommandError(
                f"{self._name} takes no more: {error.strerror}.", "Make room; what was written is kept."
            ) from error
        self.count += 1

    def flush(self) -> None:
        """Hand over what was written, so that it outlives this process."""
        self._out.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()


def _payload(payload: bytes) -> dict[str, Any]:
    """As JSON where reading it back gives the same bytes, else in base64."""
    try:
        value = jsonlib.loads(payload)
        if (
            isinstance(value, dict | list)
            and jsonlib.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() == payload
        ):
            return {"payload": value}
    except (ValueError, RecursionError):
        pass
    return {"payload_base64": base64.b64encode(payload).decode()}
