"""What must be true on disk before a start: files can be read, folders can be written. Connects to nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

from gateway.config.drafts import judge
from gateway.config.settings import Settings
from gateway.errors import ConfigError

__all__ = ["problems_on_disk"]


def problems_on_disk(settings: Settings, file: str, *, draft: bool = False) -> list[ConfigError]:
    """Everything on disk that would stop a start; `file` is the configuration that names it."""
    found = dict.fromkeys(judge(_RULES, settings, draft=draft))
    return [ConfigError(file, key, problem, remedy) for key, problem, remedy in found]


def _data(settings: Settings) -> Iterator[tuple[str, str, str]]:
    yield from _folder("data_dir", settings.data_dir)


def _store(settings: Settings) -> Iterator[tuple[str, str, str]]:
    if settings.stores.duckdb.enabled and settings.stores.duckdb.path is not None:
        yield from _folder("stores.duckdb.path", settings.duckdb_path.parent)


def _certificates(settings: Settings) -> Iterator[tuple[str, str, str]]:
    for index, source in enumerate(settings.sources):
        for name in ("ca_file", "cert_file", "key_file"):
            path = getattr(source, name)
            section = "mqtt" if path == getattr(settings.mqtt, name) else f"sources[{index}]"
            yield from _readable(f"{section}.{name}", path)


def _influx_certificates(settings: Settings) -> Iterator[tuple[str, str, str]]:
    if settings.stores.influxdb.enabled:
        yield from _readable("stores.influxdb.ca_file", settings.stores.influxdb.ca_file)


def _webhook_certificates(settings: Settings) -> Iterator[tuple[str, str, str]]:
    for k, hook in enumerate(settings.notify.webhooks):
        yield from _readable(f"notify.webhooks[{k}].ca_file", hook.ca_file)


def _web_certificates(settings: Settings) -> Iterator[tuple[str, str, str]]:
    for name in ("cert_file", "key_file"):
        yield from _readable(f"web.{name}", getattr(settings.web, name))


_RULES = (_data, _store, _certificates, _influx_certificates, _webhook_certificates, _web_certificates)


def _folder(key: str, folder: Path) -> Iterator[tuple[str, str, str]]:
    remedy = "Choose another, or give this user the right to write there."
    if folder.exists():
        if not folder.is_dir():
            yield key, f"{folder.absolute()} is no folder", "Choose another."
        elif not os.access(folder, os.W_OK | os.X_OK):
            yield key, f"{folder.absolute()} can't be written", remedy
        return
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        yield key, f"{folder.absolute()} can't be made: {above} can't be written", remedy


def _readable(key: str, path: Path | None) -> Iterator[tuple[str, str, str]]:
    if path is None:
        return
    try:
        with path.open("rb") as file:
            head = file.read(1 << 20)
    except OSError as error:
        yield key, f"{path} can't be read: {error.strerror}", "Correct the path, or the file's owner and mode."
        return
    if b"-----BEGIN" not in head:
        yield key, f"{path} is not PEM", "Convert it, for instance with `openssl x509 -inform der`."
