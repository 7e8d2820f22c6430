r"""Who asks an API: the ten commonest questions in turn, by the clock, each timed until its last byte.

    python -m gateway.bench.questions --url http://127.0.0.1:8481 --token-file F --secs 60 --rate 20 ...
    {"done": 17}                              now and then
    {"day chart": {"asked": 120, ...}, ...}   at the end

Open loop: a question that is due waits for none before it, and its time begins when it was due.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np

__all__ = ["Question", "main", "questions"]

_HOUR = 3600.0
_SECS = 30.0


class Question(NamedTuple):
    """One of the ten: its name, and its paths, taken in turn."""

    name: str
    paths: Sequence[str]


def questions(devices: Sequence[str], end: float, *, quantity: str = "speed") -> list[Question]:
    """About `devices`, whose data ends at `end` (unix seconds) and is a day long."""

    def span(hours: float) -> str:
        return f"from={_text(end - hours * _HOUR)}&to={_text(end)}"

    groups = [devices[k : k + 50] for k in range(0, len(devices) - 50, 50)] or [devices]
    of_many = ["&".join(f"device={each}" for each in group) for group in groups]
    series = ["&".join(f"series={each}:{quantity}" for each in group[:10]) for group in groups]
    return [
        Question("day chart", [
            f"readings?series={each}:{quantity}&{span(24)}&points=2000&time=unix_ms" for each in devices]),
        Question("day in quarters", [f"readings?series={each}:{quantity}&{span(24)}&step=15m" for each in devices]),
        Question("last hour of a device", [f"readings?device={each}&{span(1)}" for each in devices]),
        Question("hours of ten series", [f"readings?{each}&{span(24)}&step=1h" for each in series]),
        Question("latest of fifty devices", [f"latest?{each}" for each in of_many]),
        Question("an hour of fifty as CSV", [f"readings?{each}&{span(1)}&format=csv" for each in of_many]),
        Question("one device", [f"devices/{each}" for each in devices]),
        Question("devices of a zone", ["devices?zone=tianhe&limit=100"]),
        Question("open alarms", ["alarms"]),
        Question("status", ["status"]),
    ]  # fmt: skip


def _text(secs: float) -> str:
    return datetime.fromtimestamp(secs, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _ask_all(url: str, token: str, every: Sequence[Question], secs: float, rate: float) -> dict[str, object]:
    times: dict[str, list[float]] = {each.name: [] for each in every}
    failed: dict[str, list[str]] = {each.name: [] for each in every}
    sizes: dict[str, int] = {}

    async def one(client: httpx.AsyncClient, question: Question, path: str, due: float) -> None:
        try:
            answer = await client.get(f"/api/v1/{path}")
        except httpx.HTTPError as error:
            failed[question.name].append(type(error).__name__)
            return
        if answer.status_code != httpx.codes.OK:
            failed[question.name].append(f"{answer.status_code}: {answer.text[:200]}")
            return
        times[question.name].append((time.monotonic() - due) * 1000)
        sizes[question.name] = len(answer.content)

    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=_SECS, limits=limits) as client,
        asyncio.TaskGroup() as group,
    ):
        began = time.monotonic()
        for number in range(round(secs * rate)):
            due = began + number / rate
            await asyncio.sleep(due - time.monotonic())
            question = every[number % len(every)]
            path = question.paths[number // len(every) % len(question.paths)]
            group.create_task(one(client, question, path, due))
            if number % max(round(rate), 1) == 0:
                _tell({"done": number})
    return {name: _summary(times[name], failed[name], sizes.get(name, 0)) for name in times}


def _summary(ms: list[float], failed: list[str], size: int) -> dict[str, object]:
    out: dict[str, object] = {"asked": len(ms) + len(failed), "failed": len(failed), "bytes": size}
    if failed:
        out["problem"] = failed[0]
    if ms:
        p50, p95, p99 = np.percentile(ms, (50, 95, 99)).tolist()
        out |= {"p50": round(p50, 1), "p95": round(p95, 1), "p99": round(p99, 1), "max": round(max(ms), 1)}
    return out


def _tell(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201 - read by whoever started it


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--token-file", type=Path, required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--end", type=float, required=True)
    parser.add_argument("--secs", type=float, required=True)
    parser.add_argument("--rate", type=float, required=True)
    words = parser.parse_args(arguments)
    # in an order of their own, so that neighbours in the file are no neighbours in time
    order = np.random.default_rng(1).permutation(words.devices).tolist()
    every = questions([f"{words.prefix}-{k:05d}" for k in order], words.end)
    token = words.token_file.read_text(encoding="ascii").strip()
    _tell(asyncio.run(_ask_all(words.url, token, every, words.secs, words.rate)))


if __name__ == "__main__":
    main(sys.argv[1:])
