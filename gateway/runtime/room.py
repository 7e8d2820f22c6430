"""Makes room in a full outbox: packs what waits, then lets the oldest readings go, if `[outbox] on_full` says so.

Nothing is done before the quota is used up. Then an eighth of it is freed at once, so that the engine, which waits
meanwhile, is held up rarely and not for long. Readings go where packing has not freed enough for the call that waits;
where too little is left to drop, too, the engine waits until a store has taken blocks. A store that is up loses
nothing as long as it takes blocks fast enough: for some seconds the engine rather waits for it, and for one that has
not answered yet since the start.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from time import monotonic

from gateway.errors import JournalCorrupt, JournalFull, QuotaFull
from gateway.journal.outbox import Outbox
from gateway.journal.outbox_drops import Dropped
from gateway.runtime.writer import StoreWriter

__all__ = ["RoomMaker"]

_MAY_TAKE = ("starting", "writing")
"""What a store is that may take blocks at any moment."""
_PARTS = 8
_TELL_SECS = 10.0
_RECENT_SECS, _JUST_SECS = 60.0, 5.0
_PATIENCE_SECS = 5.0
"""How long the engine waits for stores that are up before these lose readings, too."""


class RoomMaker:
    """One task. `told` hears what a store lost, `stuck` that the engine has to wait."""

    def __init__(
        self, outbox: Outbox, writers: Sequence[StoreWriter], stores: Collection[str], *, drops: bool,
        write_readings: int,
        told: Callable[[str, Dropped], None], stuck: Callable[[str], None],
    ) -> None:  # fmt: skip
        """`drops`: `stores` may lose readings; `write_readings`: how many one of them takes at once, at most."""
        self._outbox = outbox
        self._writers = writers
        self._stores = stores
        self.drops = drops
        self._write_readings = write_readings
        self._told = told
        self._stuck = stuck
        self._asked: QuotaFull | None = None
        self._wake = asyncio.Event()
        self._stopping = False
        self._full_since: float | None = None
        self._untold: dict[str, Dropped] = {}
        self._told_at = -_TELL_SECS
        self._newest: dict[str, float] = {}

    @property
    def losing(self) -> list[str]:
        """The stores that lost something just now, or lately and are not back."""
        now = monotonic()
        up = {writer.name for writer in self._writers if writer.state == "writing"}
        return [name for name, at in self._newest.items() if now - at < (_JUST_SECS if name in up else _RECENT_SECS)]

    def full(self, error: QuotaFull) -> None:
        """A call found no room."""
        self._asked = error
        self._wake.set()

    def stop(self) -> None:
        """End after what is under way."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Make room whenever it is asked for, until stopped."""
        try:
            while not self._stopping:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TELL_SECS if self._untold else None):
                        await self._wake.wait()
                self._wake.clear()
                asked, self._asked = self._asked, None
                if asked is not None:
                    # a full disk: the call is repeated, and asks again
                    with suppress(JournalFull):
                        try:
                            await self._make_room(asked)
                        except JournalCorrupt as error:
                            # of a damaged block no room is made; it halts whom it was for, and nobody else
                            self._stuck(error.problem)
                if monotonic() - self._told_at >= _TELL_SECS:
                    self._tell()
        finally:
            self._tell()

    async def _make_room(self, asked: QuotaFull) -> None:
        outbox = self._outbox
        await asyncio.to_thread(outbox.trim)
        if outbox.fits(asked.wanted):
            self._full_since = None
            return
        goal = outbox.quota_bytes - max(outbox.quota_bytes // _PARTS, 2 * asked.wanted)
        await asyncio.to_thread(outbox.pack_blocks, goal, self._write_readings)
        lost: dict[str, Dropped] = {}
        if self.drops and not outbox.fits(asked.wanted):
            patient = self._full_since is None or monotonic() - self._full_since < _PATIENCE_SECS
            up = [writer.name for writer in self._writers if writer.state in _MAY_TAKE] if patient else []
            lost = await asyncio.to_thread(outbox.drop_readings, goal, self._write_readings, up)
        for name in self._stores:
            if name in lost:
                self._untold[name] = lost[name].joined(self._untold.get(name))
                self._newest[name] = monotonic()
        if outbox.fits(asked.wanted):
            self._full_since = None
            return
        self._full_since = self._full_since or monotonic()
        if not self.drops or monotonic() - self._full_since >= _PATIENCE_SECS:
            self._stuck(asked.problem)

    def _tell(self) -> None:
        for name, lost in self._untold.items():
            self._told(name, lost)
            self._told_at = monotonic()
        self._untold.clear()
