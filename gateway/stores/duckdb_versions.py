"""Which version a DuckDB file is of, read without touching it."""

from contextlib import closing
from pathlib import Path

import duckdb

from gateway.errors import VersionError
from gateway.journal.versions import refuse_newer
from gateway.stores.duckdb_tables import VERSION, version_of

__all__ = ["refuse_newer_duckdb"]


def refuse_newer_duckdb(path: Path) -> None:
    """Nothing where the file is not there, of a known version, or can't be read at all: opening it says why.

    Raises:
        VersionError: a newer CityLoom wrote its tables, or a newer DuckDB the file.
    """
    if not path.is_file():
        return
    try:
        with closing(duckdb.connect(str(path), read_only=True, config={"threads": 1})) as db:
            written = version_of(db)
    except duckdb.Error as error:
        if "version number" in str(error):
            raise VersionError(
                f"{path} was written by another DuckDB than this one ({duckdb.__version__}): {_first_line(error)}",
                "Install the CityLoom that wrote it, or a newer one.",
            ) from error
        return
    refuse_newer(path, written, VERSION)


def _first_line(error: duckdb.Error) -> str:
    return (str(error).strip().splitlines() or [""])[0]
