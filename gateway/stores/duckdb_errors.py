"""What an operator should do about an error of DuckDB. It names most causes in words only, so words are matched."""

from pathlib import Path

import duckdb

from gateway.errors import Halt

__all__ = ["NOT_OPEN", "halt"]

NOT_OPEN = "`cityloom status` says what the store lacks; it is opened again within a minute."

_REMEDIES = (
    (("set lock on file", "already open", "being used by another process"),
     "Another process holds the file; only one can.",
     "Stop it (`cityloom status` asks a running gateway instead of opening the file), then start again."),
    (("no space left", "disk full", "file too large"),
     "There is no room on the disk.",
     "Make room: writing goes on by itself within a minute, and nothing is lost meanwhile."),
    (("database has been invalidated",), "The file was closed after an error.", NOT_OPEN),
    (("permission denied", "read-only", "read only", "operation not permitted"),
     "The file or its folder can't be written.", "Let the gateway's user write there, or choose another folder."),
    (("not a valid duckdb", "corrupt", "checksum", "serialization error"),
     "The file is damaged or is no DuckDB database.", "Put back a backup, or move the file away."),
    (("version number", "older version", "newer version"),
     "The file was written by another version of DuckDB.", "Use that version, or export and import the data."),
    (("is a directory", "not a directory", "file exists", "no such file"),
     "The path can't hold a file.", "Give the store a path to a file in a folder that can be made."),
)  # fmt: skip


def halt(error: duckdb.Error | OSError, path: Path, memory_mb: int) -> Halt:
    """The error as a Halt with its remedy. None of these passes by itself, so none is a Retry."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, duckdb.OutOfMemoryException):
        return Halt(
            f"{path}: DuckDB needs more than its {memory_mb} MB of memory: {text}", "Raise the store's memory limit."
        )
    lowered = text.lower()
    for words, problem, remedy in _REMEDIES:
        if any(word in lowered for word in words):
            return Halt(f"{path}: {problem} ({text})", remedy)
    return Halt(f"{path}: DuckDB failed: {text}", "See the message; if the file is damaged, put back a backup.")
