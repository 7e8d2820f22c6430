"""How often Python looks for cycles of garbage while the engine runs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["seldom_looked_for"]

_AFTER = 50_000
"""Containers made."""


@contextmanager
def seldom_looked_for() -> Iterator[None]:
    """A batch is thousands of tuples and no cycle: looking for one after every 700 of them cost 0.7 us a message.

    What is there already, modules above all, is left out altogether.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_AFTER, 10, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()  # what stays frozen is never freed, and DuckDB's binding says so when the process ends
