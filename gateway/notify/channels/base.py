"""The seam to the outside: one message out, or the reason why not."""

from typing import Protocol

from gateway.notify.render import Rendered

__all__ = ["Channel", "Undelivered"]


class Undelivered(Exception):
    """It did not arrive, as far as we know. Holds no secret: it is logged, stored and shown."""

    def __init__(self, problem: str, *, after: float | None = None, refused: bool = False) -> None:
        """`after`: seconds, where the other end said when to come again. `refused`: this message, not the channel."""
        super().__init__(problem)
        self.problem = problem
        self.after = after
        self.refused = refused


class Channel(Protocol):
    """One way to reach somebody. `send` is never called concurrently with itself."""

    name: str

    async def send(self, message: Rendered) -> None:
        """Return when the other end has taken it. Raises Undelivered."""
        ...

    async def close(self) -> None:
        """Release connections. Idempotent."""
        ...
