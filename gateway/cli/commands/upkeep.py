"""Putting right what stayed behind or broke: dead letters, stores, files."""

from gateway.cli.commands.table import Group, command

__all__ = ["GROUPS"]

_DEAD_LETTERS = (
    command(
        "list",
        "gateway.cli.dead_letters:listing",
        "List dead letters, newest first.",
        "cityloom dead-letters list --reason unreadable -n 10",
    ),
    command(
        "show",
        "gateway.cli.dead_letters:show",
        "Show one dead letter whole.",
        "cityloom dead-letters show 1f0c2a9b77e3",
    ),
    command(
        "replay",
        "gateway.cli.dead_letters:replay",
        "Send dead letters through the engine again.",
        "cityloom dead-letters replay 1f0c2a9b77e3",
        "cityloom dead-letters replay --reason device_unknown",
    ),
    command(
        "purge",
        "gateway.cli.dead_letters:purge",
        "Delete dead letters for good; they stay counted.",
        "cityloom dead-letters purge --reason topic_unknown",
    ),
)

_STORES = (
    command(
        "adopt",
        "gateway.cli.stores:adopt",
        "Go on with a store that was deleted or replaced.",
        "cityloom stores adopt duckdb",
    ),
)

_JOURNAL = (
    command(
        "check",
        "gateway.cli.journal:check",
        "Read every file of a data folder through and say what is damaged.",
        "cityloom journal check",
        "cityloom journal check --data-dir data --json | tail -n 1",
    ),
    command(
        "salvage",
        "gateway.cli.journal:salvage",
        "Save what is whole of damaged files; say what is gone.",
        "cityloom journal salvage",
        "cityloom journal salvage --data-dir data --json | tail -n 1",
    ),
)

GROUPS = (
    Group("dead-letters", "What could not be used: look at it, send it through again.", _DEAD_LETTERS),
    Group("stores", "Stores that were deleted or replaced.", _STORES),
    Group("journal", "The files of a data folder: is anything damaged, and what can be saved.", _JOURNAL),
)
