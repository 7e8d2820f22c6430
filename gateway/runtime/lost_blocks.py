"""Which call gave a lost block: by its place between blocks whose calls are known by their checksums."""

from bisect import bisect_left
from collections.abc import Mapping

from gateway.journal.block_queue import PACKED, THINNED
from gateway.journal.salvage.outbox_rebuild import OutboxPlan

__all__ = ["assign", "calls_wanted"]


def _call_of(plan: OutboxPlan) -> dict[int, int]:
    """The call of each whole block that a call gave; positions and calls rise together."""
    by_checksum: dict[int, list[int]] = {}
    for step in sorted(plan.wreck.steps):
        by_checksum.setdefault(plan.wreck.steps[step].checksum, []).append(step)
    out: dict[int, int] = {}
    last = 0
    for at in sorted(plan.wreck.blocks):
        block = plan.wreck.blocks[at]
        if block.kind not in ("step", PACKED):  # one that is packed and no call's has no call's checksum
            continue
        step = next((k for k in by_checksum.get(block.checksum, ()) if k > last), 0)
        if step:
            out[at] = last = step
    return out


def calls_wanted(plan: OutboxPlan) -> frozenset[int]:
    """The calls that may have given the lost blocks; none where no block is lost."""
    if not plan.missing:
        return frozenset()
    calls = _call_of(plan)
    wanted: set[int] = set()
    for low, high, _ in _runs(plan, calls):
        wanted |= {k for k in plan.wreck.steps if low < k < high}
    return frozenset(wanted)


def assign(plan: OutboxPlan, bodies: Mapping[int, bytes]) -> dict[int, bytes]:
    """The lost blocks by position, where the calls in between gave just as many outputs.

    In between there are also blocks that are whole and don't tell their call: those whose readings were dropped. What
    the index of blocks says of a lost one, which a revision may have given too, must agree.
    """
    out: dict[int, bytes] = {}
    calls = _call_of(plan)
    for low, high, positions in _runs(plan, calls):
        found = [bodies[k] for k in sorted(bodies) if low < k < high]
        if len(found) == len(positions) and all(map(plan.may_be, positions, found)):
            out.update((at, body) for at, body in zip(positions, found, strict=True) if at in plan.missing)
    return out


def _runs(plan: OutboxPlan, calls: Mapping[int, int]) -> list[tuple[int, int, list[int]]]:
    """Lost positions, and whole ones that don't tell their call, by the calls that their neighbours came of: behind
    `low`, before `high`. Of runs without a lost one nothing is said."""
    out: dict[tuple[int, int], list[int]] = {}
    known = sorted(calls)
    silent = [at for at, block in plan.wreck.blocks.items() if block.kind == THINNED and at > plan.begin]
    for at in sorted((*plan.missing, *silent)):
        before = bisect_left(known, at)
        low = calls[known[before - 1]] if before else 0
        high = calls[known[before]] if before < len(known) else plan.last_step + 1
        out.setdefault((low, high), []).append(at)
    missing = set(plan.missing)
    return [(low, high, some) for (low, high), some in out.items() if not missing.isdisjoint(some)]
