"""Arguments that the benchmarks share."""

from gateway.errors import CommandError

__all__ = ["address", "check_store"]


def address(broker: str) -> tuple[str, int]:
    """Host and port; "" and 0 for the embedded broker. Raises CommandError for what is neither."""
    if broker == "embedded":
        return "", 0
    host, separator, port = broker.rpartition(":")
    if not separator or not port.isdigit():
        raise CommandError(f"{broker!r} is no broker.", "Write embedded or HOST:PORT.", 2)
    return host.strip("[]"), int(port)


def check_store(store: str) -> None:
    """Raise CommandError for what is no store."""
    if store not in ("duckdb", "influx-sink") and not store.startswith(("http://", "https://")):
        raise CommandError(f"There is no store {store!r}.", "Write duckdb, influx-sink or http://HOST:8086.", 2)
