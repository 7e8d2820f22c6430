"""Whether what a loader says against a file helps: the file, the key or line, what is wrong, what to do."""

from gateway.errors import ConfigError, ConfigErrors

__all__ = ["well_said"]


def well_said(error: ConfigError, file: str) -> None:
    """Raises AssertionError where a sentence is missing something."""
    problems = error.problems if isinstance(error, ConfigErrors) else (error,)
    assert problems, "an error that says nothing"
    for problem in problems:
        assert problem.file == file, f"names {problem.file}, not {file}"
        assert problem.what.strip(), f"{problem.key}: says nothing"
        assert problem.remedy.strip(), f"{problem.key}: {problem.what}: no remedy"
        for text in (problem.what, problem.remedy, problem.key):
            assert "Traceback" not in text
            assert "\x1b" not in text, f"an escape sequence would reach the terminal: {text!r}"
