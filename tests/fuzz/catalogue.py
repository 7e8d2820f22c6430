"""Every fuzz target by its name. A target is a module of `targets/` with

target(data)   one run: returns where all is well, raises where a promise is broken
inputs()       a Hypothesis strategy of bytes that mean something to it
TOKENS         pieces of its language, for whoever mutates bytes
seeds()        inputs to begin with
"""

import hashlib
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from hypothesis.strategies import SearchStrategy

from tests.fuzz.limits import Target

__all__ = ["CORPUS", "NAMES", "Subject", "corpus_of", "name_of", "subject"]

CORPUS = Path(__file__).parent / "corpus"
NAMES = tuple(sorted(path.stem for path in (Path(__file__).parent / "targets").glob("*.py") if path.stem[0] != "_"))


class Subject(NamedTuple):
    """One target with what feeds it."""

    name: str
    target: Target
    inputs: Callable[[], SearchStrategy[bytes]]
    tokens: Sequence[bytes]
    seeds: Callable[[], Sequence[bytes]]


def subject(name: str) -> Subject:
    """The target of that name; imports what it tries."""
    module = import_module(f"tests.fuzz.targets.{name}")
    return Subject(name, module.target, module.inputs, module.TOKENS, module.seeds)


def corpus_of(name: str) -> list[Path]:
    """The stored inputs of a target."""
    return sorted(path for path in (CORPUS / name).glob("*") if path.is_file())


def name_of(data: bytes) -> str:
    """What an input is called in a corpus. One of another name was put there by somebody, and stays."""
    return hashlib.sha256(data).hexdigest()[:12] + ".bin"
