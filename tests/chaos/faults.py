"""Faults that trials share: each breaks something of a trial and mends it again, inside `async with trial.fault():`.

`SOAK` is what a soak draws from; who writes a fault that needs nothing but a gateway with a link adds it there.
"""

import asyncio
import os
import random
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.chaos.trial import Trial
from tests.support.strace import tampered

__all__ = ["KILLING", "SOAK", "SYNCS", "slow_disk", "torn_write"]

SYNCS = "fsync,fdatasync"
Fault = Callable[[Trial], Awaitable[None]]


async def killed(trial: Trial) -> None:
    """kill -9, and started again."""
    await trial.killed()
    await trial.restart()


async def killed_in_recovery(trial: Trial) -> None:
    """kill -9, twice more while it starts."""
    await trial.killed()
    for _ in range(2):
        await trial.gateway.start()
        await asyncio.sleep(trial.dice.uniform(0.3, 2.0))
        await trial.killed()
    await trial.restart()


async def stood_still(trial: Trial) -> None:
    """SIGSTOP for some seconds."""
    trial.gateway.freeze()
    await asyncio.sleep(trial.dice.uniform(2.0, 10.0))
    trial.gateway.freeze(False)


async def cut(trial: Trial) -> None:
    """The connection to the broker is reset, several times."""
    for _ in range(trial.dice.randrange(1, 6)):
        trial.link.cut()
        await asyncio.sleep(trial.dice.uniform(0.0, 1.5))


async def stalled(trial: Trial) -> None:
    """Nothing passes between broker and gateway, with the connection open."""
    trial.link.stall()
    await asyncio.sleep(trial.dice.uniform(2.0, 10.0))
    trial.link.resume()


async def refused(trial: Trial) -> None:
    """The broker can't be reached for a while."""
    trial.link.refuse()
    trial.link.cut()
    await asyncio.sleep(trial.dice.uniform(2.0, 10.0))
    trial.link.refuse(False)


async def slow_disk(trial: Trial, secs: float = 8.0, sync_ms: int = 250) -> None:
    """Each sync takes so long; gives what the gateway said of its last one in the row's figures."""
    slow = f"{SYNCS}:delay_enter={sync_ms * 1000}"
    async with tampered(trial.gateway.pid, trial.folder / "slow.log", trace=SYNCS, inject=slow):
        await asyncio.sleep(secs)
        status = await trial.gateway.ask("status")
        assert status is not None
        assert status["inbox"]["fsync_ms"] >= sync_ms, status["inbox"]
        trial.row.figures["fsync_ms"] = round(status["inbox"]["fsync_ms"])


async def torn_write(trial: Trial) -> None:
    """Killed as it asks for a sync: what is at the end of that file was acknowledged by nobody, and is torn then."""
    log = trial.data_dir / trial.dice.choice(("inbox.db-wal", "outbox.db-wal"))
    calls = trial.folder / "torn.log"
    kill = f"{SYNCS}:signal=SIGKILL:when={trial.dice.randrange(5, 60)}"
    async with tampered(trial.gateway.pid, calls, trace=f"pwrite64,{SYNCS}", inject=kill, of=log):
        assert await trial.gateway.ended(60.0) < 0
    torn = await asyncio.to_thread(_tear, log, calls, trial.dice)
    trial.row.figures["torn"] = "; ".join([*filter(None, [trial.row.figures.get("torn")]), torn])
    await trial.restart()


def _tear(log: Path, calls: Path, dice: random.Random) -> str:
    """Let the last write to `log` end somewhere in its midst; where the file was longer before, zeros follow.

    Not where it was synced already: a checkpoint syncs the log once more, and what is in it then was acknowledged.
    """
    text = calls.read_text(encoding="utf-8", errors="replace")
    *_, last = re.finditer(r"pwrite64\(.*, (\d+), (\d+)\)", text)
    length, offset = map(int, last.groups())
    if re.search(r"sync\b.*= 0$", text[last.end() :], re.MULTILINE):
        return f"{log.name} was synced: nothing"
    kept = dice.randrange(length)
    with log.open("r+b") as out:
        size = out.seek(0, os.SEEK_END)
        if offset + length == size:
            out.truncate(offset + kept)
        else:
            out.seek(offset + kept)
            out.write(bytes(length - kept))
    return f"{log.name} {kept} of {length} bytes at {offset}"


KILLING: dict[str, Fault] = {
    "kill -9": killed, "kill -9 in recovery": killed_in_recovery, "torn last write": torn_write,
}  # fmt: skip
"""The gateway is another process afterwards."""
SOAK: dict[str, Fault] = {
    "SIGSTOP": stood_still, "cuts": cut, "nothing passes": stalled, "no broker": refused, "slow disk": slow_disk,
}  # fmt: skip
"""It is the same."""
