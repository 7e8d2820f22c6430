"""Whether what was copied shares anything that can change with what it was copied from."""

import gc
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

__all__ = ["shared_parts"]

_UNCHANGING = (str, bytes, int, float, bool, type(None), type, ModuleType, FunctionType, BuiltinFunctionType)


def shared_parts(copy: Any, original: object) -> list[str]:
    """Where in `copy` (dicts, lists, tuples, arrays) something stands that can change and that `original` has too."""
    held = {id(each): each for each in _reachable(original)}
    arrays = [each for each in held.values() if isinstance(each, np.ndarray) and each.nbytes]
    out = []
    for path, part in _parts(copy, ""):
        if isinstance(part, np.ndarray):
            if any(np.shares_memory(part, array) for array in arrays):
                out.append(path)
        elif id(part) in held and not _is_frozen(part):
            out.append(path)
    return out


def _parts(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, (*_UNCHANGING, np.generic)):
        return
    yield path, value
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _parts(each, f"{path}.{key}")
    elif isinstance(value, (list, tuple, set, frozenset)):
        for place, each in enumerate(value):
            yield from _parts(each, f"{path}[{place}]")
    elif not isinstance(value, np.ndarray):
        # a record: msgspec or dataclass
        for name in getattr(value, "__struct_fields__", ()) or getattr(value, "__dataclass_fields__", ()):
            yield from _parts(getattr(value, name), f"{path}.{name}")


def _is_frozen(value: Any) -> bool:
    """Whether only what it holds could change."""
    config = getattr(value, "__struct_config__", None) or getattr(value, "__dataclass_params__", None)
    return isinstance(value, (tuple, frozenset)) or bool(getattr(config, "frozen", False))


def _reachable(root: object) -> Iterator[object]:
    seen, waiting = {id(root)}, [root]
    while waiting:
        one = waiting.pop()
        yield one
        for each in gc.get_referents(one):
            if id(each) not in seen and not isinstance(each, _UNCHANGING):
                seen.add(id(each))
                waiting.append(each)
