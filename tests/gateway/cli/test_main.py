"""Exit codes, sentences instead of tracebacks, help."""

import pytest
from cyclopts import App

from gateway.cli import main as command
from gateway.errors import CommandError, ConfigError, ConfigErrors, GatewayError, JournalCorrupt, VersionError


def _run(monkeypatch: pytest.MonkeyPatch, error: BaseException | None, *arguments: str) -> object:
    """Run a command that raises `error`."""

    def fail() -> int:
        if error is not None:
            raise error
        return 0

    app = App(name="cityloom", result_action="return_value")
    app.command(fail, name="fail")
    app.meta.default(command._launch)
    monkeypatch.setattr(command, "app", app)
    with pytest.raises(SystemExit) as left:
        command.main(["fail", *arguments])
    return left.value.code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (ConfigError("f.toml", "mqtt.port", "is wrong", "Write 1883."), 2),
        (CommandError("no", "do this", 7), 7),
        (CommandError("no"), 1),
        (GatewayError("no"), 1),
        (JournalCorrupt("no", "restore"), 2),
        (VersionError("newer"), 2),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 0),
        (ZeroDivisionError("x"), 1),
    ],
)
def test_each_error_has_its_exit_code(monkeypatch: pytest.MonkeyPatch, error: BaseException | None, code: int) -> None:
    if isinstance(error, BrokenPipeError):
        monkeypatch.setattr("sys.stderr", open("/dev/null", "w"))  # noqa: PTH123, SIM115  # main closes it

    assert _run(monkeypatch, error) == code


def test_an_error_is_a_sentence_and_a_remedy_without_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(monkeypatch, CommandError("The [door] is shut.", "Open it."))

    said = capsys.readouterr().err
    assert said.splitlines() == ["error: The [door] is shut.", "       Open it."]


def test_every_problem_of_a_configuration_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problems = [ConfigError("f.toml", f"k{k}", "is wrong", "Right it.") for k in range(3)]

    _run(monkeypatch, ConfigErrors(problems))

    assert capsys.readouterr().err.count("f.toml: k") == 3


@pytest.mark.parametrize("error", [CommandError("no"), ZeroDivisionError("x")])
def test_debug_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    _run(monkeypatch, error, "--debug")

    assert "Traceback" in capsys.readouterr().err


def test_control_characters_in_an_error_do_not_reach_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(monkeypatch, CommandError("topic \x1b[2J"))

    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nope"], ["check", "--nope"], ["check", "-c"]])
def test_wrong_arguments_are_a_sentence_and_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        command.main(arguments)

    assert left.value.code == 2
    assert "--help" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["check", "version"])
def test_help_of_a_command_has_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command.main([name, "--help"])

    assert left.value.code == 0
    assert f"  cityloom {name} " in capsys.readouterr().out


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main([])

    out = capsys.readouterr().out
    assert "check" in out
    assert "version" in out
