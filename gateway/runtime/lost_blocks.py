"""Which call gave a lost block: by its place between blocks whose calls are known by their checksums."""

from collections.abc import Mapping

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
        if block.kind != "step":
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
    """The lost blocks by position, where the calls in between gave just as many outputs."""
    out: dict[int, bytes] = {}
    calls = _call_of(plan)
    for low, high, positions in _runs(plan, calls):
        found = [bodies[k] for k in sorted(bodies) if low < k < high]
        if len(found) == len(positions):
            out.update(zip(positions, found, strict=True))
    return out


def _runs(plan: OutboxPlan, calls: Mapping[int, int]) -> list[tuple[int, int, list[int]]]:
    """Lost positions by the calls that their neighbours came of: behind `low`, before `high`."""
    out: dict[tuple[int, int], list[int]] = {}
    known = sorted(calls)
    for at in plan.missing:
        low = max((calls[k] for k in known if k < at), default=0)
        high = min((calls[k] for k in known if k > at), default=plan.last_step + 1)
        out.setdefault((low, high), []).append(at)
    return [(low, high, positions) for (low, high), positions in out.items()]
