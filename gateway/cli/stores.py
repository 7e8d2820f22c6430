"""`cityloom stores adopt NAME`: go on with a store that was deleted or replaced."""

from gateway.cli.door import Config, DataDir, Json, ask, settings_of
from gateway.cli.output import console, print_json

__all__ = ["adopt"]


def adopt(name: str, /, *, config: Config = None, data_dir: DataDir = None, json: Json = False) -> int:
    """Let a store that was deleted or replaced go on without what it lost. The gateway must be stopped.

    Parameters
    ----------
    name
        duckdb or influxdb.
    """
    done = ask(settings_of(config, data_dir), "adopt_store", name=name)
    if json:
        print_json(done)
    else:
        console().print(
            f"{done['store']} goes on with block {done['from_block']}; {done['dropped']:,} readings count as dropped"
        )
    return 0
