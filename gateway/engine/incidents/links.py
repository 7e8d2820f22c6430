"""Which troubles may share a cause: the table of kinds with its times, and the likely first cause of several.

An effect is linked to its cause where it began at most `slack` before it, and at most `within` after it (after its end,
where effects may come as long as it stands). Troubles of a kind are linked where they begin at about the same time, for
what stands for days is no cause of its like.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gateway.config.incidents import IncidentRules
from gateway.engine.incidents.incident_model import Head, Part

__all__ = ["Links"]

_SECOND = 1_000_000_000
_STANDS = 2**63 - 1


class _Link(NamedTuple):
    within: int
    while_standing: bool


class Links:
    """Made of a configuration."""

    def __init__(self, rules: IncidentRules) -> None:
        self._slack = round(rules.linking.slack_secs * _SECOND)
        self._alike = _Link(round(rules.linking.alike_secs * _SECOND), False)
        self._alone = {kind.name for kind in rules.reports if not kind.alike}
        self._table = {
            (rule.cause, effect): _Link(round(rule.within_secs * _SECOND), rule.while_standing)
            for rule in rules.links for effect in rule.effects
        }  # fmt: skip
        self._found: dict[tuple[str, str], _Link | None] = {}

    def between(self, cause: str, effect: str) -> _Link | None:
        """The row of two kinds: that of their names, else of a whole domain's; None: one is not the other's cause."""
        pair = (cause, effect)
        if pair not in self._found:
            self._found[pair] = self._look_up(cause, effect)
        return self._found[pair]

    def _look_up(self, cause: str, effect: str) -> _Link | None:
        for one in (cause, _domain(cause)):
            for other in (effect, _domain(effect)):
                # the row of a domain says nothing of a kind and itself
                if (one, other) in self._table and (cause != effect or one == cause == other):
                    return self._table[one, other]
        return self._alike if cause == effect and cause not in self._alone else None

    def related(self, one: str, other: str) -> bool:
        """Whether two kinds can be linked at all."""
        return self.between(one, other) is not None or self.between(other, one) is not None

    def linked(self, one: Part, other: Part) -> bool:
        """Whether two troubles that are near each other are so by kind and time."""
        return self._follows(one, other) or self._follows(other, one)

    def _follows(self, cause: Part, effect: Part) -> bool:
        link = self.between(cause.kind, effect.kind)
        if link is None:
            return False
        end = cause.latest if not link.while_standing else cause.over or _STANDS - link.within
        return cause.began - self._slack <= effect.latest and effect.began <= end + link.within

    def within_alike(self, over: int, began: int) -> bool:
        """Whether an alarm that begins is one that was over come again."""
        return began <= over + self._alike.within

    def first_cause(self, heads: Mapping[str, Sequence[Head | None]]) -> str:
        """Key of the part that is the likely first cause; `heads` has, by kind and depth, what began first.

        Of a kind, what lies higher in the asset graph comes first where it began within the slack, else what began
        first. Of the kinds, those that none of the others may have caused; of these the one that may have caused most,
        then the one that began first.
        """
        firsts = {kind: self._first(depths) for kind, depths in heads.items()}
        caused = {
            kind: {
                other for other, then in firsts.items()
                if other != kind and self.between(kind, other) is not None and head.began - self._slack <= then.began
            }
            for kind, head in firsts.items()
        }  # fmt: skip
        explained = set[str]().union(*caused.values())
        left = [kind for kind in firsts if kind not in explained] or list(firsts)
        best = min(left, key=lambda kind: (-len(_reached(kind, caused)), firsts[kind]))
        return firsts[best].key

    def _first(self, depths: Sequence[Head | None]) -> Head:
        began = min(head.began for head in depths if head is not None)
        return next(head for head in depths if head is not None and head.began <= began + self._slack)


def _reached(kind: str, caused: Mapping[str, set[str]]) -> set[str]:
    """What it may have caused, at once or by others."""
    found: set[str] = set()
    ahead = [kind]
    while ahead:
        fresh = caused[ahead.pop()] - found - {kind}
        found |= fresh
        ahead += sorted(fresh)
    return found


def _domain(kind: str) -> str:
    """`water.*` of water.burst; "" of a report."""
    domain, dot, _ = kind.partition(".")
    return f"{domain}.*" if dot else ""
