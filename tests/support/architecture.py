"""Reads the tree's Python files and says where they break a rule of the design. A rule kept gives none."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "GATEWAY_LAYERS",
    "Module",
    "banned_calls",
    "banned_imports",
    "broken_links",
    "layer_breaks",
    "load",
    "mirror_breaks",
    "private_paths",
    "third_party",
]

GATEWAY_LAYERS: Sequence[frozenset[str]] = (
    frozenset({"gateway", "gateway.errors", "gateway.clock", "gateway.rows", "gateway.reasons", "gateway.tasks"}),
    frozenset({"processors"}),
    frozenset({"gateway.config"}),
    frozenset({"gateway.codecs"}),
    frozenset({"gateway.engine"}),
    frozenset({"gateway.mqtt", "gateway.journal"}),
    frozenset({"gateway.stores"}),
    frozenset({"gateway.live"}),
    frozenset({"gateway.notify", "gateway.access"}),
    frozenset({"gateway.runtime"}),
    frozenset({"gateway.link", "gateway.reports"}),
    frozenset({"gateway.workshop"}),
    frozenset({"gateway.api", "gateway.bench", "gateway.console", "gateway.client"}),
    frozenset({"gateway.score"}),
    frozenset({"gateway.cli"}),
)
"""Bottom first. A module imports its own layer and the ones below; telemetry has a rule of its own."""

_TELEMETRY = "gateway.telemetry"
_TELEMETRY_FROM = GATEWAY_LAYERS.index(frozenset({"gateway.mqtt", "gateway.journal"}))
"""The lowest layer that may tell about itself: below it everything is pure."""

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HOME_PATH = re.compile(r"(?<![\w.~}/-])/(?:home|Users|root|work)/[\w.-]+")


@dataclass(frozen=True)
class Module:
    """One file, parsed."""

    name: str
    tree: ast.Module
    lines: int

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every imported module with its line, also those inside functions. `from a import b` gives `a.b`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def load(name: str, source: str) -> Module:
    """Parse `source` under the dotted `name`."""
    return Module(name, ast.parse(source, name), source.count("\n"))


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def _layer(name: str) -> int | None:
    """The layer of a dotted name; the package `gateway` itself only by its exact name."""
    for number, packages in enumerate(GATEWAY_LAYERS):
        if any(name == package or (package != "gateway" and _within(name, package)) for package in packages):
            return number
    return None


def layer_breaks(module: Module) -> list[str]:
    """Imports of a higher layer, and code of the gateway that is in no layer."""
    own = _layer(module.name)
    if own is None and not _within(module.name, _TELEMETRY):
        return [f"{module.name} is in no layer: give it one in GATEWAY_LAYERS"]
    found = []
    for target, line in module.imports():
        if _within(target, _TELEMETRY):
            if own is not None and own < _TELEMETRY_FROM:
                found.append(f"{module.name}:{line} imports {target}, but stays pure: its caller tells")
            continue
        above = _layer(target)
        highest = _TELEMETRY_FROM - 1 if own is None else own
        if above is not None and above > highest:
            found.append(f"{module.name}:{line} imports {target} of a higher layer")
    return found


def third_party(module: Module, allowed: Iterable[str]) -> list[str]:
    """Imports that are neither of the standard library nor within `allowed`."""
    names = tuple(allowed)
    return [
        f"{module.name}:{line} imports {target}"
        for target, line in module.imports()
        if target.partition(".")[0] not in sys.stdlib_module_names and not any(_within(target, name) for name in names)
    ]


def banned_imports(module: Module, banned: Iterable[str]) -> list[str]:
    """Imports within one of the `banned` modules."""
    names = tuple(banned)
    return [
        f"{module.name}:{line} imports {target}"
        for target, line in module.imports()
        if any(_within(target, name) for name in names)
    ]


def banned_calls(module: Module, banned: Mapping[str, str]) -> list[str]:
    """Uses of `open`, `time.time`, `datetime.now` and the like, also by `from`. `banned`: use -> why."""
    found = [
        f"{module.name}:{line} imports {target}: {banned[target]}"
        for target, line in module.imports()
        if target in banned
    ]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            use = ".".join(ast.unparse(node).split(".")[-2:])
        elif isinstance(node, ast.Name):
            use = node.id
        else:
            continue
        if use in banned:
            found.append(f"{module.name}:{node.lineno} uses {use}: {banned[use]}")
    return found


def mirror_breaks(tests: Iterable[Path], root: Path, free: Iterable[str]) -> list[str]:
    """Test files (relative to `root`/tests) that mirror no module and lie in none of the `free` folders.

    tests/a/b/test_c.py mirrors a/b/c.py, a/b/__c__.py or the package a/b/c; test_c_more.py is one more about c.
    """
    free_folders = set(free)
    found = []
    for test in tests:
        if len(test.parts) == 1 or test.parts[0] in free_folders:
            continue
        words = test.stem.removeprefix("test_").split("_")
        stems = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
        folder = root / test.parent
        names = [name for stem in stems for name in (f"{stem}.py", f"__{stem}__.py", stem)]
        if not any((folder / name).exists() for name in names):
            found.append(f"tests/{test} mirrors no module of {test.parent}")
    return found


def broken_links(page: Path, text: str, root: Path) -> list[str]:
    """Relative links of a Markdown page to files that are not there."""
    targets = [target.partition("#")[0] for target in _LINK.findall(text) if "://" not in target]
    missing = [target for target in targets if target and not (page.parent / target).exists()]
    return [f"{page.relative_to(root).as_posix()} links to {target}" for target in missing]


def private_paths(name: str, text: str) -> list[str]:
    """Paths of somebody's machine: they mean nothing in a clone."""
    return [
        f"{name}:{number} names {match.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        for match in _HOME_PATH.finditer(line)
    ]
