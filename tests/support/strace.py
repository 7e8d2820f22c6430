"""strace on a running process: its system calls made slow, or its end at one of them."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

__all__ = ["tampered"]

_ATTACH_SECS = 30.0


@asynccontextmanager
async def tampered(pid: int, log: Path, *, trace: str, inject: str, of: Path | None = None) -> AsyncIterator[None]:
    """Inject into the calls of all threads of `pid` inside the block, in strace's words; calls traced are in `log`.

    of: only calls on this file. Skips the test without strace, or without the right to trace.
    """
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("no strace here: apt-get install strace")
    process = await asyncio.create_subprocess_exec(
        strace, "-f", "-y", "-p", str(pid), "-o", str(log), "-e", f"trace={trace}", "-e", f"inject={inject}",
        *(["-P", str(of)] if of is not None else []),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    async with asyncio.timeout(_ATTACH_SECS):
        said = await process.stderr.readline()
    if b"attached" not in said:
        await process.wait()
        pytest.skip(f"may not trace here: {said.decode(errors='replace').strip()}")
    listening = asyncio.create_task(process.stderr.read())
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await process.wait()
        await listening
