"""The process in which atheris runs: python -m tests.fuzz.child TARGET LIBFUZZER-ARGUMENTS...

It never returns: libFuzzer ends the process. Only our packages are watched for new ways through them.
"""

import sys
from importlib import import_module

__all__ = ["main"]

WATCHED = ["gateway", "processors"]


def main(name: str, arguments: list[str]) -> None:
    """Fuzz until libFuzzer's arguments end it."""
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=WATCHED):
        from tests.fuzz.catalogue import subject

        target = subject(name).target
    from tests.fuzz.limits import within_limits

    target(b"")  # what is made once must not count as an input's cost
    atheris.Setup([sys.argv[0], *arguments], within_limits(target))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
