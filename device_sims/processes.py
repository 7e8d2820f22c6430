"""Several processes that share a city: each has every P-th device, and together they say what one process says.

    --processes 4  -->  --share 0/4 | --share 1/4 | --share 2/4 | --share 3/4  -->  one summary, one truth

A signal is passed on, so that each process drains what is under way; a device keeps to one process, and its messages
to their order.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

from device_sims.fleet.fleet import Share
from device_sims.run import STOPPING, Summary

__all__ = ["HEAD_START", "parse_share", "run_processes"]

HEAD_START = 2_000_000_000
"""ns that processes need until they are up: so much later the city's clock begins, where nobody says when."""


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
    arguments: Sequence[str], processes: int, *, devices: int, messages: int | None, rate: float | None,
    connections: int,
) -> tuple[Summary, int]:  # fmt: skip
    """Run `python -m device_sims` with `arguments` so many times at once; what they did together, and the exit code.

    Args:
        arguments: with fixed times, so that all have one clock; what each has of its own is put behind them.
        devices: of the city.
        messages, rate, connections: of all together; they are divided.

    Raises:
        OSError: a process can't be started, or the truth not be written.
    """
    running: list[subprocess.Popen[str]] = []
    with ExitStack() as stack:
        asked = stack.enter_context(_passed_on(running))
        for rest in range(processes):
            if asked:
                break
            own = ["--processes", "1", "--share", f"{rest}/{processes}", "--json"]
            own += ["--connections", str(max(1, _divided(connections, rest, processes)))]
            own += ["--messages", str(_divided(messages, rest, processes))] if messages is not None else []
            own += ["--rate", str(rate / processes)] if rate is not None else []
            # a process that starts yet keeps a signal until it can drain: run.py takes it then
            before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
            try:
                # out of reach of the terminal's Ctrl-C: a second signal would end them without a drain
                running.append(
                    subprocess.Popen(  # noqa: S603 - the arguments are those of our own command line
                        [sys.executable, "-m", "device_sims", *arguments, *own],
                        stdout=subprocess.PIPE, text=True, start_new_session=True,
                    )
                )  # fmt: skip
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
        said = [process.communicate()[0] for process in running]
    codes = [abs(process.returncode) for process in running] or [1]
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
        for name in ("messages", "sent", "readings", "resent", "refused"):
            setattr(summary, name, getattr(summary, name) + told[name])
        summary.faults.update(told["faults"])
        summary.reached = max(summary.reached, told["reached"])
        if told["lag_ms"] is not None:
            lags.append(told["lag_ms"])
    if lags:
        summary.lag_ms = {name: max(lag[name] for lag in lags) for name in lags[0]}
    return summary


@contextmanager
def _passed_on(running: Sequence["subprocess.Popen[str]"]) -> Iterator[list[int]]:
    """Pass SIGTERM and SIGINT on to the processes; gives those that came."""
    asked: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        asked.append(number)
        for process in running:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in STOPPING}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
