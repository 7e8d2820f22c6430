"""How commands print: rich for people, one JSON object as the last line of standard output for programs."""

import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO, cast

from rich.console import Console

__all__ = ["console", "current_stderr", "print_json"]

_WIDE = 240


def console(*, stderr: bool = False) -> Console:
    """Standard output, or error; wide where it is no terminal, so that no line is broken for a program."""
    if (sys.stderr if stderr else sys.stdout).isatty():
        return Console(highlight=False, stderr=stderr)
    return Console(highlight=False, stderr=stderr, width=_WIDE, soft_wrap=True)


def print_json(result: Mapping[str, Any]) -> None:
    """Print `result` as one line. NaN and Inf, which JSON doesn't have, are a defect of the caller: ValueError."""
    sys.stdout.write(json.dumps(result, ensure_ascii=False, allow_nan=False, default=str) + "\n")
    sys.stdout.flush()


class _CurrentStderr:
    """Of this module, which imports little: what a log handler reaches outlives the interpreter's modules."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


def current_stderr() -> TextIO:
    """Standard error as it is at the moment of writing: a live view takes its place, and prints lines above itself."""
    return cast(TextIO, _CurrentStderr())
