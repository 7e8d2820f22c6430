"""One run of atheris: its process, what it says every few seconds, the input on which it stopped."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

from tests.fuzz.catalogue import CORPUS, name_of, subject

__all__ = ["WORK", "NoFuzzer", "fuzz", "progress"]

WORK = Path(".fuzz")
"""Where runs keep what they find; no part of the repository."""
_LINE = re.compile(
    r"#(?P<runs>\d+)\s.*cov: (?P<cov>\d+) ft: (?P<ft>\d+) corp: (?P<corpus>\d+)/\S+ .*exec/s: (?P<rate>\d+)"
)
_EVERY_SECS = 5.0
_LONGEST = 2_048
_GRACE_SECS = 120
"""A run that does not end by itself so long after its time is ended."""


class NoFuzzer(Exception):
    """atheris is not installed."""


def fuzz(name: str, secs: float, seed: int, say: Callable[[str], object]) -> Path | None:
    """Look for `secs` seconds; the input that broke something, or None. Raises NoFuzzer."""
    if find_spec("atheris") is None:
        raise NoFuzzer("atheris is not installed: pip install 'atheris>=3,<4' (Linux, Python 3.11 to 3.13)")
    folder = WORK / name
    crashes, corpus, words = folder / "crashes", folder / "corpus", folder / "words"
    for each in (crashes, corpus):
        each.mkdir(parents=True, exist_ok=True)
    one = subject(name)
    for data in one.seeds():
        (corpus / name_of(data)).write_bytes(data)
    words.write_text("".join(_word(token) for token in one.tokens if token), encoding="ascii")
    known = _broken(crashes)
    options = {
        "max_total_time": max(int(secs), 1), "max_len": _LONGEST, "seed": seed, "timeout": 60, "rss_limit_mb": 2048,
        "close_fd_mask": 2, "print_final_stats": 1, "dict": words, "artifact_prefix": f"{crashes}/",
    }  # fmt: skip
    folders = [str(each) for each in (corpus, CORPUS / name) if each.is_dir()]
    command = [sys.executable, "-m", "tests.fuzz.child", name, *(f"-{key}={value}" for key, value in options.items())]
    command += folders
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as child:
        assert child.stdout is not None
        try:
            progress(child.stdout, say)
            child.wait(_GRACE_SECS)
        finally:
            child.kill()
    found = sorted(_broken(crashes) - known)
    if not found and child.returncode:
        raise RuntimeError(f"the fuzzer ended with exit code {child.returncode} and left no input")
    return found[0] if found else None


def _broken(folder: Path) -> set[Path]:
    """Inputs on which a run stopped; it leaves others there too, which only took some time."""
    return {path for path in folder.iterdir() if path.name.startswith(("crash-", "timeout-", "oom-"))}


def _word(token: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02X}" for byte in token) + '"\n'


def progress(lines: Iterable[str], say: Callable[[str], object], now: Callable[[], float] = monotonic) -> None:
    """Say every few seconds how far a run is, and whatever it says about an error."""
    begun = told = now()
    failing, last = False, ""
    for line in lines:
        failing = failing or "Uncaught Python exception" in line or "ERROR: libFuzzer" in line
        found = _LINE.match(line)
        if failing and not line.startswith(("0x", "Base64", "stat::")) and len(line) < 500:
            say(line.rstrip())
        elif found is not None:
            last = (
                f"{now() - begun:4.0f} s  {int(found['runs']):>9,} runs  {int(found['rate']):>6,}/s"
                f"  coverage {int(found['cov']):,}  features {int(found['ft']):,}  corpus {int(found['corpus']):,}"
            )
            if now() - told >= _EVERY_SECS:
                told = now()
                say(last)
        elif line.startswith("Done "):
            say(f"{last}\n{line.rstrip()}")
