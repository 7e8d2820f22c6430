"""The `cityloom` command: finds the command's function, turns what goes wrong into a sentence and an exit code.

The commands stand in the tables of `commands/`; their functions, in files beside this one, are imported when called. A
command gives its exit code (None = 0).

    0  done        1  what was asked for failed        130  Ctrl-C
    2  configuration, arguments or files need a person
"""

import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.markup import escape

from gateway.cli.commands import access, devices, gateway, measures, people, upkeep
from gateway.cli.commands.table import Group
from gateway.cli.text import clean
from gateway.errors import ConfigErrors, GatewayError
from gateway.runtime.garbage import seldom_looked_for

__all__ = ["app", "main"]

_LONGEST_LINE = 2000


def _default(value: Any) -> str | None:
    """How a default is shown in the help; that nothing is given isn't."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value) if value not in (None, "") else None


app = App(
    name="cityloom",
    help="Takes in a smart city's sensor streams over MQTT and turns them into flagged, windowed time series.",
    help_format="plaintext",
    help_epilogue="`cityloom COMMAND --help` explains a command, with examples.",
    version=lambda: version("cityloom"),
    default_parameter=Parameter(show_default=_default),
    result_action="return_value",
)


def _register(group: Group) -> None:
    """Register commands by the place of their functions: `cityloom --help` waits for no database driver."""
    to = app
    if group.name:
        to = App(name=group.name, help=group.summary)
        app.command(to)
    for command in group.commands:
        shown = "\n".join(("For example:", *(f"  {example}" for example in command.examples)))
        to.command(command.function, name=command.name, help=command.summary, help_epilogue=shown)


for _group in (*gateway.GROUPS, *people.GROUPS, *access.GROUPS, *upkeep.GROUPS, *devices.GROUPS, *measures.GROUPS):
    _register(_group)


@app.meta.default
def _launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    debug: Annotated[bool, Parameter(negative="", show_default=False, help="Show tracebacks.")] = False,
) -> int | None:
    """Run one command; `--debug` may stand anywhere before it or behind."""
    try:
        code: int | None = app(tokens, exit_on_error=False, print_error=False)
    except GatewayError as error:
        _explain(error, debug=debug)
        return error.exit_code
    return code


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script; ends the process with the command's exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        with seldom_looked_for():
            code = app.meta(given, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        if debug:
            traceback.print_exc()
        _say(
            str(error).replace("\n", " "),
            "`cityloom --help` lists the commands; `cityloom COMMAND --help` explains one.",
        )
        code = 2
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # whoever read our output has left, as `cityloom read | head` does
        sys.stderr.close()
        code = 0
    except Exception as error:  # noqa: BLE001  # the last one before the operator
        if debug:
            traceback.print_exc()
        _say(f"{type(error).__name__}: {error}", "This is a defect of CityLoom: --debug shows where it happened.")
        code = 1
    sys.exit(code or 0)


def _explain(error: GatewayError, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    for problem in error.problems if isinstance(error, ConfigErrors) else (error,):
        _say(problem.problem, problem.remedy)


def _say(problem: str, remedy: str) -> None:
    """One sentence and what to do, on standard error."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]error[/]: {escape(clean(problem, _LONGEST_LINE))}")
    if remedy:
        console.print(f"       {escape(clean(remedy, _LONGEST_LINE))}")


if __name__ == "__main__":
    main()
