"""Every file of a data folder, looked at before the first of them is opened: is any of a newer CityLoom?"""

from gateway.config.settings import Settings
from gateway.journal.inbox import INBOX_VERSION
from gateway.journal.outbox import OUTBOX_VERSION
from gateway.journal.snapshots import refuse_newer_snapshots
from gateway.journal.versions import refuse_newer_sqlite
from gateway.stores.duckdb_versions import refuse_newer_duckdb
from gateway.stores.records_tables import VERSION as RECORDS_VERSION

__all__ = ["refuse_newer_files"]


def refuse_newer_files(settings: Settings) -> None:
    """Touches nothing.

    Raises:
        VersionError: a file was written by a newer version than this one.
    """
    folder = settings.data_dir
    refuse_newer_sqlite(folder / "inbox.db", INBOX_VERSION)
    refuse_newer_sqlite(folder / "outbox.db", OUTBOX_VERSION)
    refuse_newer_snapshots(folder / "snapshots")
    refuse_newer_sqlite(folder / "records.db", RECORDS_VERSION)
    if settings.stores.duckdb.enabled:
        refuse_newer_duckdb(settings.duckdb_path)
