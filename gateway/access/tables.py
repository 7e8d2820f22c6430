"""The tables of access in records.db. They have a version of their own: the rest of the file doesn't know them.

access_state     one row: the version
access_tokens    a token a row; kept when it is over, since the audit log speaks of it
access_sessions  browsers that are signed in
audit            the log: an entry a row, each with the hash of the one before; triggers refuse changes
audit_head       one row, the seal: which log this is, how many entries there are, and the hash of the last

Of tokens and sessions there is a hash only.
"""

__all__ = ["SCHEMA", "VERSION"]

VERSION = 1

_AUDIT_TRIGGERS = (
    "CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_is_not_deleted BEFORE DELETE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END",
    # also what INSERT OR REPLACE would put in the place of an entry
    "CREATE TRIGGER IF NOT EXISTS audit_goes_on BEFORE INSERT ON audit "
    "WHEN NEW.prev IS NOT (SELECT hash FROM audit_head) OR NEW.seq <= (SELECT entries FROM audit_head) "
    "BEGIN SELECT RAISE(ABORT, 'the audit log goes on at its end'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_head_goes_on BEFORE UPDATE ON audit_head "
    "WHEN NEW.entries <= OLD.entries OR NEW.log IS NOT OLD.log "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_head_is_one BEFORE INSERT ON audit_head WHEN EXISTS (SELECT 1 FROM audit_head) "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_head_stays BEFORE DELETE ON audit_head "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END",
)

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS access_state(id INTEGER PRIMARY KEY CHECK (id = 0), version INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS access_tokens(id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, "
    "permissions TEXT NOT NULL, zones TEXT NOT NULL, hash BLOB NOT NULL, created INTEGER NOT NULL, "
    "created_by TEXT NOT NULL, lifetime INTEGER, expires INTEGER, revoked INTEGER, used INTEGER, "
    "generation INTEGER NOT NULL, old_hash BLOB, old_until INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS access_sessions(hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, token TEXT NOT NULL, "
    "generation INTEGER NOT NULL, created INTEGER NOT NULL, seen INTEGER NOT NULL, address TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS audit(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, token TEXT NOT NULL, "
    "name TEXT NOT NULL, role TEXT NOT NULL, address TEXT NOT NULL, act TEXT NOT NULL, what TEXT NOT NULL, "
    "outcome TEXT NOT NULL, detail TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS audit_head(id INTEGER PRIMARY KEY CHECK (id = 0), log TEXT NOT NULL, "
    "entries INTEGER NOT NULL, hash TEXT NOT NULL, seal TEXT NOT NULL)",
    *_AUDIT_TRIGGERS,
)
