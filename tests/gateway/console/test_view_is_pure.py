"""The view model knows no browser: no NiceGUI, no web framework, no input or output, no clock."""

from pathlib import Path

import pytest

from tests.support.architecture import Module, banned_calls, banned_imports, load

_CONSOLE = Path(__file__).resolve().parents[3] / "gateway" / "console"
_BANNED = (
    "nicegui", "fastapi", "starlette", "uvicorn", "asyncio", "os", "pathlib", "socket", "threading", "subprocess",
    "gateway.console.page", "gateway.console.pages", "gateway.console.parts", "gateway.console.feed",
)  # fmt: skip
_CALLS = dict.fromkeys(("time.time", "time.monotonic", "datetime.now", "monotonic"), "time is an argument")


def _modules() -> list[Module]:
    return [
        load(f"gateway.console.{folder}.{path.stem}", path.read_text(encoding="utf-8"))
        for folder in ("view", "texts")
        for path in sorted((_CONSOLE / folder).glob("*.py"))
    ]


@pytest.mark.parametrize("module", _modules(), ids=lambda module: module.name)
def test_it_imports_nothing_of_the_web_and_asks_no_clock(module: Module) -> None:
    assert [*banned_imports(module, _BANNED), *banned_calls(module, _CALLS)] == []
