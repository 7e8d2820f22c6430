"""Figures as stores take them and give them back: (condition, asset, name, time) names one, the last word stands."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from gateway.engine.figures import Figure
from processors.columns import F64, I32, I64, Columns

__all__ = ["FigureBatch", "FigureId", "StoredFigures", "figure_id", "last_words"]


class FigureId(NamedTuple):
    """(condition, asset, name): the lasting name of a figure over time."""

    condition: str
    asset: str
    name: str


@dataclass(frozen=True, slots=True)
class FigureBatch(Columns):
    """Figures in columns; `figure` is a number whose meaning the holder of the batch knows."""

    DTYPES: ClassVar[dict[str, str]] = {"figure": "int32", "ts": "int64", "value": "float64"}
    figure: I32
    ts: I64
    value: F64


@dataclass(slots=True)
class StoredFigures:
    """Figures as read back; `batch.figure` indexes `names`. By (figure, ts); the last word only."""

    names: Sequence[FigureId]
    batch: FigureBatch
    next: int | None = None
    """Everything before this time is here; from it on there is more. None: it is all."""


def figure_id(figure: Figure) -> FigureId:
    """What it is a value of."""
    return FigureId(figure.condition, figure.asset, figure.name)


def last_words(figures: Iterable[Figure]) -> list[Figure]:
    """Of a block's figures those that stand, each once; what is not finite is not told, so it stands over nothing."""
    return list({(*figure_id(each), each.ts): each for each in figures if math.isfinite(each.value)}.values())
