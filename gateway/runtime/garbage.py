"""How often Python looks for cycles of garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["earlier_objects_left_out", "seldom_looked_for"]

_AFTER = 50_000
"""Containers made."""


@contextmanager
def seldom_looked_for() -> Iterator[None]:
    """A batch is thousands of tuples and no cycle: looking for one after every 700 of them cost 0.7 us a message.

    Imports make no garbage either, and took a quarter longer.
    """
    before = gc.get_threshold()
    gc.set_threshold(_AFTER, 10, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def earlier_objects_left_out() -> Iterator[None]:
    """What is there by now, modules above all, is not looked at."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()  # what stays frozen is never freed, and DuckDB's binding says so when the process ends
