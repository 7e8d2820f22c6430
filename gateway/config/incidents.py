"""incidents.toml: what citizens may report, how soon it is to be done, and which troubles may share a cause.

`parse_incidents` is pure: text in, frozen model out, or ConfigErrors. seeds/README.md describes the format.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.config.problems import problems_of
from gateway.config.toml_text import read_toml
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["DOMAINS", "IncidentRules", "LinkRule", "LinkingRules", "ReportKind", "ServiceRules", "parse_incidents"]

MANUAL = "seeds/README.md"
DOMAINS = ("traffic", "grid", "water", "gas", "drainage", "device")
"""Of conditions; a report may be of none of them."""

_PLAIN = r"[a-z0-9]+(-[a-z0-9]+)*"
ReportName = Annotated[str, Field(pattern=f"^{_PLAIN}$", max_length=64)]
Trouble = Annotated[str, Field(pattern=rf"^{_PLAIN}(\.({_PLAIN}|\*))?$", max_length=64)]
Span = Annotated[float, Field(ge=0, le=30 * 86_400, allow_inf_nan=False)]
Problem = tuple[str, str, str]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LinkingRules(_Table):
    """The table [linking]: when two troubles are near enough, in place and time, to be one incident."""

    resolution: Annotated[int, Field(ge=5, le=11)] = 8
    """H3 resolution of the cells in which troubles meet."""
    rings: Annotated[int, Field(ge=0, le=3)] = 1
    """Rings of neighbouring cells that still count as the same place."""
    slack_secs: Span = 900.0
    """An effect may seem to begin so long before its cause."""
    alike_secs: Span = 3600.0
    """Troubles of the same kind are one where they begin within so long, and no link says otherwise; and so is an alarm
    that comes again."""
    quiet_secs: Span = 900.0
    """An incident is closed so long after all of it is over."""
    remember_secs: Annotated[float, Field(ge=0, le=90 * 86_400, allow_inf_nan=False)] = 86_400.0
    """A closed one can be opened again for so long."""


class ServiceRules(_Table):
    """The table [service]: what holds for the targets of all reports."""

    warn_share: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Somebody is warned when so much of the time is gone; 1 = no warning ahead."""
    reopen_secs: Annotated[float, Field(ge=0, le=90 * 86_400, allow_inf_nan=False)] = 7 * 86_400.0
    """What is resolved can be confirmed or reopened for so long, what is confirmed reopened; then it is closed."""


class ReportKind(_Table):
    """One kind of [[reports]]."""

    name: ReportName
    """Lower case with hyphens, no dot."""
    title: Annotated[str, Field(min_length=1, max_length=80)]
    """What people call it."""
    domain: Literal["traffic", "grid", "water", "gas", "drainage", "device", "other"]
    """Whose business it is."""
    priority: Annotated[int, Field(ge=1, le=4)]
    """1 critical to 4 low."""
    accept_secs: Span = 0.0
    """Until somebody has it in hand; 0 = no target."""
    resolve_secs: Span = 0.0
    """Until it is resolved; 0 = no target."""
    alike: bool = True
    """Whether two of them, near each other, are one incident."""


class LinkRule(_Table):
    """One of [[links]]: what may follow from what."""

    cause: Trouble
    """A condition (domain.what), all conditions of a domain (domain.*), or a kind of report."""
    effects: Annotated[tuple[Trouble, ...], Field(min_length=1)]
    """Likewise."""
    within_secs: Span
    """An effect begins at most so long after the cause, or its end."""
    while_standing: bool = True
    """Whether it may begin at any time while the cause stands, or `within_secs` counts from the cause's begin."""


class IncidentRules(_Table):
    """A parsed incidents.toml."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    linking: LinkingRules = LinkingRules()
    service: ServiceRules = ServiceRules()
    reports: tuple[ReportKind, ...] = ()
    links: tuple[LinkRule, ...] = ()

    def plain(self) -> dict[str, Any]:
        """With defaults, for the journal: another version's must not change what a row says."""
        return self.model_dump(mode="json", by_alias=True)


def parse_incidents(text: str, file: str) -> IncidentRules:
    """Read a file. Raises ConfigErrors."""
    table = read_toml(text, file)
    if "schema" not in table:
        raise ConfigErrors([ConfigError(file, "schema", "is missing", "Write schema = 1 in the first line.")])
    try:
        rules = IncidentRules.model_validate(table)
    except ValidationError as error:
        raise ConfigErrors(problems_of(error, IncidentRules, lambda _: file, MANUAL)) from error
    problems = [ConfigError(file, *problem) for problem in _contradictions(rules)]
    if problems:
        raise ConfigErrors(problems)
    return rules


def _contradictions(rules: IncidentRules) -> Iterator[Problem]:
    times = Counter(kind.name for kind in rules.reports)
    for k, kind in enumerate(rules.reports):
        if times[kind.name] > 1:
            yield f"reports[{k}].name", f"{kind.name!r} is there {times[kind.name]} times", "Names are for one each."
        if 0 < kind.resolve_secs < kind.accept_secs:
            yield f"reports[{k}].resolve_secs", "is shorter than accept_secs", "Give the longer one here."
    if len(rules.reports) == 0:
        yield "reports", "is empty: nobody could report anything", "Write [[reports]] for each kind."
    first: dict[tuple[str, str], int] = {}
    for k, link in enumerate(rules.links):
        names = {"cause": link.cause} | {f"effects[{n}]": effect for n, effect in enumerate(link.effects)}
        for key, name in names.items():
            yield from _name(f"links[{k}].{key}", name, times)
        for n, effect in enumerate(link.effects):
            before = first.setdefault((link.cause, effect), k)
            if before != k or effect in link.effects[:n]:
                problem = f"{effect!r} is an effect of {link.cause!r} in links[{before}] already"
                yield f"links[{k}].effects[{n}]", problem, "Say each pair once."


def _name(key: str, name: str, reports: Mapping[str, int]) -> Iterator[Problem]:
    domain, dot, _ = name.partition(".")
    if dot and domain not in DOMAINS:
        yield key, f"{domain!r} is no domain of conditions", f"There are {', '.join(DOMAINS)}."
    elif not dot and name not in reports:
        yield key, f"{name!r} is no kind of report", f"Name one of {', '.join(reports)}, or a condition: domain.what."
