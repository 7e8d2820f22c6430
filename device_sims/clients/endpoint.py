"""Where the broker listens and how it is spoken to: address, login, TLS."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["Endpoint", "Tls", "parse_broker"]

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files. ca_file None: the system's authorities. cert_file with key_file: our own certificate (mutual TLS)."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Raises ValueError where a file can't be read or is no certificate or key. The broker is always verified."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file is not None:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:  # ssl.SSLError is one
            names = ", ".join(str(file) for file in (self.ca_file, self.cert_file, self.key_file) if file is not None)
            raise ValueError(f"TLS can't be set up from {names or 'the system'}: {error}") from error
        return context


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker listens. tls None: plain TCP."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_broker(
    url: str, username: str | None = None, password_file: Path | None = None, tls: Tls | None = None
) -> Endpoint:
    """An endpoint from `HOST:PORT`, `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`; files of `tls` mean TLS too.

    Raises:
        ValueError: it is none of these; or a name and password stand in the URL, where others would see them.
        OSError: the password file can't be read.
    """
    scheme, separator, _ = url.partition("://")
    try:
        parts = urlsplit(url if separator else f"//{url}")
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{url!r} is no broker: {error}") from None
    if parts.username is not None:
        raise ValueError("give the login by --username and --password-file: a URL is seen by others")
    if not parts.hostname or parts.path.strip("/") or (separator and scheme not in _PORTS) or not (port or separator):
        raise ValueError(f"{url!r} is no broker: write HOST:PORT, mqtt://HOST:PORT or mqtts://HOST:PORT")
    files = tls is not None and (tls.ca_file or tls.cert_file or tls.key_file)
    if tls is not None and tls.key_file is not None and tls.cert_file is None:
        raise ValueError("a key needs its certificate: give --cert-file too")
    secure = scheme == "mqtts" or bool(files)
    if scheme == "mqtt" and separator and files:
        raise ValueError("mqtt:// is not TLS: write mqtts://, or leave the certificate files out")
    password = None if password_file is None else password_file.read_text(encoding="utf-8").strip()
    return Endpoint(parts.hostname, port or _PORTS[scheme], username, password, (tls or Tls()) if secure else None)
