"""Work that goes on together."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["first_ended"]

T = TypeVar("T")


async def first_ended(*works: Coroutine[Any, Any, T]) -> T:
    """Do all at once until one has ended, cancel the others and wait for them; give what the one gave, or raise it.

    Of several that ended together the first named counts. What others raise while they are cancelled is nobody's.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task.done()).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.exception()  # seen, so that asyncio does not tell it at some later time
