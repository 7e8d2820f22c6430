"""Several processes that share a city: each has every P-th device, and together they say what one process says.

    --processes 4  -->  --share 0/4 | --share 1/4 | --share 2/4 | --share 3/4  -->  one summary, one truth

A signal is passed on, so that each process drains what is under way; a device keeps to one process, and its messages
to their order.
"""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from device_sims.fleet import Share
from device_sims.run import Summary

__all__ = ["parse_share", "run_processes"]


def parse_share(text: str) -> Share:
    """Read `1/4`, the second of four shares.

    Raises:
        ValueError: it is none.
    """
    rest, separator, processes = text.partition("/")
    if not (separator and rest.isdigit() and processes.isdigit() and int(rest) < int(processes)):
        raise ValueError(f"--share must be such as 0/4, the first of four, not {text!r}")
    return Share(int(rest), int(processes))


def run_processes(
    arguments: Sequence[str], processes: int, *, devices: int, truth: Path | None, messages: int | None,
    rate: float | None, connections: int,
) -> tuple[Summary, int]:  # fmt: skip
    """Run `python -m device_sims` with `arguments` so many times at once; what they did together, and the exit code.

    Args:
        arguments: with fixed times, so that all have one clock; what each has of its own is put behind them.
        devices: of the city.
        truth: where the parts of the truth are put together.
        messages, rate, connections: of all together; they are divided.

    Raises:
        OSError: a process can't be started, or the truth not be written.
    """
    running: list[subprocess.Popen[str]] = []
    parts = [None if truth is None else truth.with_name(f"{truth.name}.{rest}") for rest in range(processes)]
    with ExitStack() as stack:
        asked = stack.enter_context(_passed_on(running))
        for rest, part in enumerate(parts):
            if asked:
                break
            own = ["--processes", "1", "--share", f"{rest}/{processes}", "--json"]
            own += ["--connections", str(max(1, _divided(connections, rest, processes)))]
            own += ["--truth", str(part)] if part is not None else []
            own += ["--messages", str(_divided(messages, rest, processes))] if messages is not None else []
            own += ["--rate", str(rate / processes)] if rate is not None else []
            # out of reach of the terminal's Ctrl-C: a second signal would end them without a drain
            running.append(
                subprocess.Popen(  # noqa: S603 - the arguments are those of our own command line
                    [sys.executable, "-m", "device_sims", *arguments, *own],
                    stdout=subprocess.PIPE, text=True, start_new_session=True,
                )
            )  # fmt: skip
        said = [process.communicate()[0] for process in running]
    codes = [abs(process.returncode) for process in running] or [1]
    if truth is not None:
        _joined([part for part in parts if part is not None], truth)
    return _together(devices, said), max(codes)


def _divided(number: int, rest: int, processes: int) -> int:
    return number // processes + (rest < number % processes)


def _together(devices: int, said: Sequence[str]) -> Summary:
    summary = Summary(devices)
    lags = []
    for text in said:
        lines = text.splitlines()
        if not lines:  # it said on standard error what was wrong
            continue
        told = json.loads(lines[-1])
        for name in ("messages", "sent", "readings", "resent"):
            setattr(summary, name, getattr(summary, name) + told[name])
        if told["lag_ms"] is not None:
            lags.append(told["lag_ms"])
    if lags:
        summary.lag_ms = {name: max(lag[name] for lag in lags) for name in lags[0]}
    return summary


def _joined(parts: Sequence[Path], truth: Path) -> None:
    with truth.open("wb") as out:
        for part in parts:
            if part.exists():
                with part.open("rb") as told:
                    shutil.copyfileobj(told, out)
                part.unlink()


@contextmanager
def _passed_on(running: Sequence["subprocess.Popen[str]"]) -> Iterator[list[int]]:
    """Pass SIGTERM and SIGINT on to the processes; gives those that came."""
    asked: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        asked.append(number)
        for process in running:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
