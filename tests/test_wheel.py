"""The wheel runs alone: code and data are in it, and the command works in an empty folder."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gateway", "processors", "device_sims", "seeds")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with nothing but the wheel of our own; what it needs comes from the running one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    (site,) = folder.glob("lib/python*/site-packages")
    # a path that a .pth file adds has its own .pth files passed over: the checkout stays out of reach
    (site / "needs.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder


def _run(installed: Path, empty: Path, command: str, *words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CITYLOOM_"))}
    done = subprocess.run(
        [installed / "bin" / command, *words], cwd=empty, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    here = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {Path(name).suffix for name in here} >= {".py", ".toml", ".csv", ".md"}
    assert here - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_come_from_the_wheel(package: str, installed: Path, tmp_path: Path) -> None:
    where = _run(installed, tmp_path, "python", "-c", f"import {package}; print({package}.__file__)")
    assert Path(where).is_relative_to(installed)


def test_the_command_works_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    assert _run(installed, tmp_path, "cityloom", "version").strip()
    assert list(tmp_path.iterdir()) == []


def test_the_demo_works_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    out = _run(installed, tmp_path, "cityloom", "demo", "--for", "5s", "--http-port", "0", "--json")

    found = json.loads(out.splitlines()[-1])
    assert found["ledger"] == {"balanced": True}
    assert found["messages"]["sent"] == found["messages"]["received"] > 0
    assert found["stores"]["duckdb"]["stored"] == found["readings"]["accepted"] > 0
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


def test_ten_lines_test_a_dashboard_against_a_city(installed: Path, tmp_path: Path) -> None:
    page = (ROOT / "device_sims" / "testbed" / "README.md").read_text(encoding="utf-8")
    files = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", page, re.DOTALL)
    assert [name for name, _ in files] == ["test_dashboard.py", "dashboard.py"]
    for name, text in files:
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert len([line for line in files[0][1].splitlines() if line]) <= 10

    out = _run(
        installed, tmp_path, "python", "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "--basetemp", "t"
    )

    assert "1 passed" in out
