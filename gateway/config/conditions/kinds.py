"""Which kinds of conditions there are, and how conditions.toml becomes models. seeds/README.md describes the format.

`read_conditions` is pure: text in, models out, or ConfigErrors with all that is wrong with each condition by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError

from gateway.config.conditions import device, drainage, gas, grid, pipeline, steps, traffic, trend, water
from gateway.config.conditions.model import ConditionModel
from gateway.config.problems import problems_of
from gateway.config.toml_text import read_toml
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["KINDS", "MANUAL", "is_tuning", "load_conditions", "read_conditions"]

MANUAL = "seeds/README.md"

KINDS: dict[str, type[ConditionModel]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model
    for module in (steps, traffic, pipeline, water, gas, drainage, grid, device, trend)
    for model in module.KINDS
}


def load_conditions(tables: Sequence[dict[str, Any]]) -> tuple[ConditionModel, ...]:
    """Conditions that were checked before, from plain tables."""
    return tuple(KINDS[table["kind"]].model_validate(table) for table in tables)


def is_tuning(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a condition only judges otherwise what it has seen: it is the same but for keys in TUNING."""
    if before["kind"] != now["kind"]:
        return False
    another = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
    return another <= KINDS[now["kind"]].TUNING


def read_conditions(text: str, file: str) -> tuple[ConditionModel, ...]:
    """Read conditions, each by itself. Raises ConfigErrors."""
    document = read_toml(text, file)
    problems = [ConfigError(file, *problem) for problem in _frame(document)]
    found: list[ConditionModel] = []
    tables = document.get("conditions", [])
    for k, table in enumerate(tables if isinstance(tables, list) else ()):
        at = f"conditions[{k}]"
        kind = table.get("kind") if isinstance(table, dict) else None
        model = KINDS.get(kind) if isinstance(kind, str) else None
        if model is None:
            problem = "is missing" if kind is None else f"{kind!r} is no kind of condition"
            problems.append(ConfigError(file, f"{at}.kind", problem, f"Give one of {', '.join(KINDS)}."))
            continue
        try:
            found.append(model.model_validate(table))
        except ValidationError as error:
            wrong = problems_of(error, model, lambda _: file, MANUAL)
            # a list of wrong items is not wrong in its length as well
            items = {each.key.partition("[")[0] for each in wrong if each.key.endswith("]")}
            problems += [
                ConfigError(file, f"{at}.{each.key}", each.what, each.remedy) for each in wrong if each.key not in items
            ]
    if problems:
        raise ConfigErrors(problems)
    return tuple(found)


def _frame(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the file outside of its conditions."""
    if document.get("schema") != 1:
        given = "is missing" if "schema" not in document else f"must be 1, not {document['schema']!r}"
        yield "schema", given, "Write schema = 1 in the first line."
    for key in sorted(document.keys() - {"schema", "conditions"}):
        yield key, "is not known here", f"Remove it; {MANUAL} says what there is."
    if not isinstance(document.get("conditions", []), list):
        yield "conditions", "must be a list of tables", "Write [[conditions]] above each."
