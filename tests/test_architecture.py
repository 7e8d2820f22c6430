"""The rules of the tree: who imports whom, what stays pure, how long a file is. Each checker is tried on bad code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.architecture import (
    Module,
    banned_calls,
    banned_imports,
    broken_links,
    layer_breaks,
    load,
    mirror_breaks,
    private_paths,
    third_party,
)

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gateway", "processors", "device_sims", "seeds")
LONGEST = 500
FREE_TEST_FOLDERS = ("contract", "cases", "integration", "e2e", "chaos", "perf", "screenshots", "support", "fuzz")
"""Test folders that mirror no module: they try parts together, or help."""
TEXTS = {".py", ".md", ".toml", ".lock", ".yaml", ".yml", ".conf", ".acl", ".example", ".sh", ""}

PURE = ("gateway.engine", "gateway.codecs", "gateway.mqtt.session", "gateway.mqtt.dialogue")
"""No input, no output, no clock, no threads: what they do depends on what they are given."""
IO_MODULES = (
    "asyncio", "concurrent", "glob", "http", "logging", "multiprocessing", "os", "pathlib", "queue", "random",
    "secrets", "select", "selectors", "shutil", "signal", "socket", "sqlite3", "ssl", "structlog", "subprocess",
    "tempfile", "threading", "urllib", "uuid",
)  # fmt: skip
IO_CALLS = {
    "open": "files belong to the journal and the stores",
    "print": "only commands print",
    "input": "only commands ask",
    "time.time": "time is an argument",
    "time.time_ns": "time is an argument",
    "time.monotonic": "time is an argument",
    "time.monotonic_ns": "time is an argument",
    "time.perf_counter": "time is an argument",
    "time.perf_counter_ns": "time is an argument",
    "time.sleep": "nothing pure waits",
    "datetime.now": "time is an argument",
    "datetime.utcnow": "time is an argument",
    "datetime.today": "time is an argument",
    "date.today": "time is an argument",
    "clock.SystemClock": "time is an argument",
    "SystemClock": "time is an argument",
}


def _sources(*packages: str) -> Iterator[tuple[Path, Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = list(path.relative_to(ROOT).with_suffix("").parts)
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield path, load(name, path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return [module for _, module in _sources(*PACKAGES)]


def _of(modules: list[Module], *packages: str) -> list[Module]:
    found = [m for m in modules if any(m.name == package or m.name.startswith(package + ".") for package in packages)]
    assert found, f"no module found in {packages}: the rule would hold for nothing"
    return found


def test_nothing_in_the_gateway_imports_a_higher_layer(modules: list[Module]) -> None:
    assert [found for module in _of(modules, "gateway") for found in layer_breaks(module)] == []


def test_processors_import_numpy_scipy_and_the_standard_library_only(modules: list[Module]) -> None:
    allowed = ("processors", "numpy", "scipy")
    assert [found for module in _of(modules, "processors") for found in third_party(module, allowed)] == []


@pytest.mark.parametrize("package", ["processors", *PURE])
def test_pure_parts_do_no_input_or_output_and_know_no_clock(package: str, modules: list[Module]) -> None:
    found = [
        sentence
        for module in _of(modules, package)
        for sentence in (*banned_imports(module, IO_MODULES), *banned_calls(module, IO_CALLS))
    ]
    assert found == []


def test_simulators_share_no_code_with_what_they_try(modules: list[Module]) -> None:
    ours = ("gateway", "processors")
    assert [found for module in _of(modules, "device_sims") for found in banned_imports(module, ours)] == []


def test_seeds_depend_on_none_of_us(modules: list[Module]) -> None:
    ours = ("gateway", "processors", "device_sims")
    assert [found for module in _of(modules, "seeds") for found in banned_imports(module, ours)] == []


def test_scoring_stands_on_processors_and_files_only(modules: list[Module]) -> None:
    allowed = ("gateway.score", "gateway.errors", "processors", "numpy", "pyarrow", "duckdb", "matplotlib")
    assert [found for module in _of(modules, "gateway.score") for found in third_party(module, allowed)] == []


def test_the_client_brings_nothing_of_the_gateway_along(modules: list[Module]) -> None:
    allowed = ("gateway.client", "gateway.errors", "httpx", "numpy", "pyarrow", "msgspec")
    assert [found for module in _of(modules, "gateway.client") for found in third_party(module, allowed)] == []


def test_no_file_is_longer_than_five_hundred_lines(modules: list[Module]) -> None:
    assert {module.name: module.lines for module in modules if module.lines > LONGEST} == {}


def test_every_module_says_what_it_is_for(modules: list[Module]) -> None:
    assert [m.name for m in modules if m.tree.body and ast.get_docstring(m.tree) is None] == []


def test_every_folder_is_on_a_map() -> None:
    folders = {path.parent for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*.py")}
    tests = ROOT / "tests"
    lost = []
    for folder in sorted(folders):
        mirrors = folder != tests and tests in folder.parents and folder.relative_to(tests).parts[0] in PACKAGES
        if mirrors or (folder / "README.md").is_file():
            continue
        above = next(parent for parent in folder.parents if (parent / "README.md").is_file())
        if f"{folder.name}/" not in (above / "README.md").read_text(encoding="utf-8"):
            lost.append(f"{folder.relative_to(ROOT)} has no README and is not in {above.relative_to(ROOT)}/README.md")
    assert lost == []


def test_every_link_between_files_leads_somewhere() -> None:
    pages = [
        ROOT / "README.md",
        *(page for folder in (*PACKAGES, "tests", "deploy") for page in (ROOT / folder).rglob("*.md")),
    ]
    found = [broken for page in pages for broken in broken_links(page, page.read_text(encoding="utf-8"), ROOT)]
    assert found == []


def test_every_test_file_mirrors_a_module_or_tries_parts_together() -> None:
    tests = [path.relative_to(ROOT / "tests") for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    assert mirror_breaks(tests, ROOT, FREE_TEST_FOLDERS) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    folders = [ROOT / name for name in (*PACKAGES, "tests", "deploy", ".ci")]
    paths = [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    texts = [p for p in paths if p.is_file() and p.suffix in TEXTS and "__pycache__" not in p.parts]
    assert len(texts) > len(PACKAGES)
    found = [s for p in texts for s in private_paths(p.relative_to(ROOT).as_posix(), p.read_text(encoding="utf-8"))]
    assert found == []


# ---- the checkers find what they are for ----


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("gateway.engine.zone", "from gateway.runtime.runner import Runner\n"),
        ("gateway.engine.zone", "def late():\n    import gateway.stores.duckdb\n"),
        ("gateway.engine.zone", "from gateway import stores\n"),
        ("gateway.engine.zone", "from gateway.telemetry.events import tell\n"),
        ("gateway.runtime.app", "from gateway.cli.main import main\n"),
        ("gateway.bench.rig", "from gateway.score.nab import judge\n"),
        ("gateway.errors", "from gateway.config.settings import Settings\n"),
        ("gateway.telemetry.metrics", "from gateway.runtime.app import App\n"),
        ("processors.flags", "from gateway.errors import GatewayError\nimport gateway.engine\n"),
        ("gateway.nowhere.new", "import ast\n"),
    ],
)
def test_an_import_of_a_higher_layer_is_found(name: str, source: str) -> None:
    assert layer_breaks(load(name, source))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "gateway.engine.zone",
            "from gateway.codecs.json import decode\nfrom processors import flags\nimport gateway.rows\n",
        ),
        ("gateway.mqtt.connection", "from gateway.telemetry.events import tell\nimport gateway.mqtt.session\n"),
        ("gateway.cli.main", "from gateway.runtime.app import App\nimport gateway.console\n"),
        ("gateway.cli.score", "from gateway.score.nab import judge\n"),
        ("gateway.telemetry.events", "from gateway.errors import GatewayError\n"),
    ],
)
def test_an_import_of_a_lower_layer_passes(name: str, source: str) -> None:
    assert layer_breaks(load(name, source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "open('x')\n",
        "import time\ntime.time_ns()\n",
        "from time import time_ns\n",
        "import datetime\nnow = datetime.datetime.now(datetime.UTC)\n",
        "from datetime import datetime\nclock = datetime.now\n",
        "from gateway.clock import SystemClock\nclock = SystemClock()\n",
    ],
)
def test_a_call_that_reaches_outside_is_found(source: str) -> None:
    assert banned_calls(load("gateway.engine.bad", source), IO_CALLS)


def test_a_field_named_like_a_call_passes() -> None:
    assert banned_calls(load("gateway.engine.good", "panes.open_count\nwindow.time\nself.now\n"), IO_CALLS) == []


def test_an_import_from_outside_the_allowed_is_found() -> None:
    bad = load("processors.bad", "import numpy as np\nimport math\nif np:\n    from pyarrow import compute\n")
    assert third_party(bad, ["numpy"]) == ["processors.bad:4 imports pyarrow.compute"]


def test_a_banned_import_is_found_wherever_it_stands() -> None:
    bad = load(
        "gateway.codecs.bad", "class A:\n    def f(self):\n        from os import path\n        import socketserver\n"
    )
    assert banned_imports(bad, IO_MODULES) == ["gateway.codecs.bad:3 imports os.path"]


def test_a_test_that_mirrors_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "gateway" / "mqtt").mkdir(parents=True)
    (tmp_path / "gateway" / "mqtt" / "session.py").touch()
    (tmp_path / "gateway" / "__main__.py").touch()
    names = [
        "test_tree.py",
        "e2e/test_demo.py",
        "gateway/test_main.py",
        "gateway/mqtt/test_session.py",
        "gateway/mqtt/test_session_acks.py",
    ]
    good, bad = [Path(name) for name in names], Path("gateway/mqtt/test_gone.py")
    assert mirror_breaks([*good, bad], tmp_path, ["e2e"]) == [
        "tests/gateway/mqtt/test_gone.py mirrors no module of gateway/mqtt"
    ]


def test_a_link_to_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    text = "[a](there) [b](there/#part) [c](https://example.org/x) [d](#below) [e](gone.md)"
    assert broken_links(tmp_path / "README.md", text, tmp_path) == ["README.md links to gone.md"]


def test_a_path_of_one_machine_is_found() -> None:
    at_home = "/".join(["", "home", "ana", "data"])
    text = f"see https://example.org/home/page\ncp {at_home} .\ncp ~/data /var/lib/cityloom\n"
    assert private_paths("README.md", text) == ["README.md:2 names " + "/".join(["", "home", "ana"])]
