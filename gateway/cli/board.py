"""A run of simulated devices at work: one row of figures that stays in its place, or a line now and then."""

import asyncio
from collections.abc import Callable, Mapping

from rich.console import Console
from rich.live import Live
from rich.table import Table

__all__ = ["FRAME_SECS", "show_board"]

FRAME_SECS = 0.25
_LINE_SECS = 5.0
"""Where there is no terminal: a line so often."""
_TEXTS = ("city time", "faults so far")


async def show_board(out: Console, figures: Callable[[], Mapping[str, str]]) -> None:
    """Until cancelled. figures: name -> what is shown."""
    if not out.is_terminal:
        while True:
            await asyncio.sleep(_LINE_SECS)
            out.print("  ".join(f"{name}: {value}" for name, value in figures().items()))
    with Live(console=out, auto_refresh=False, transient=True) as live:
        while True:
            live.update(_table(figures()), refresh=True)
            await asyncio.sleep(FRAME_SECS)


def _table(figures: Mapping[str, str]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in figures:
        table.add_column(name, justify="left" if name in _TEXTS else "right")
    table.add_row(*figures.values())
    return table
