"""The section [web]: query API, live streams, console. The sentence under a field is its text in sample.toml."""

from typing import Annotated

from pydantic import Field

from gateway.config.section import OptionalPath, OptionalText, Section

__all__ = ["WebSettings"]


class WebSettings(Section):
    """The doors for people and applications: console, /api/v1, live streams; a process beside the gateway."""

    enabled: bool = True
    """Whether `cityloom run` starts it; `cityloom api` runs it by itself."""
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on; the default is reachable from this machine only. To others: with a certificate."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8481
    """Port to listen on; 0 = any free one."""
    cert_file: OptionalPath = None
    """Certificate chain for https (PEM); where a proxy in front does that, it is not needed."""
    key_file: OptionalPath = None
    """The private key of `cert_file` (PEM, without a passphrase)."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",)
    """Addresses whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    session_idle_hours: Annotated[float, Field(gt=0, le=720)] = 12.0
    """A signed-in browser that is idle this long has to sign in again; after 7 days in any case."""
    max_points: Annotated[int, Field(ge=1000, le=1_000_000)] = 500_000
    """Readings or windows in one answer at most; more is refused (413) with how to ask instead."""
    max_series: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Series in one question at most."""
    max_queries: Annotated[int, Field(ge=1, le=64)] = 4
    """Questions to a database at once; as many again wait their turn, others are told to come back (429)."""
    query_secs: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """How long an answer may take to begin."""
    max_live_readers: Annotated[int, Field(ge=1, le=100_000)] = 2000
    """Readers of live streams at once."""
    live_interval_ms: Annotated[int, Field(ge=20, le=10_000)] = 250
    """Live streams bring what happened at most this often; alarms wait no longer than that."""
    max_documents: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Daily and weekly reports that are kept in `documents` of the data folder; the oldest go."""
    max_documents_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """And how large they may be together, in MB."""
    tile_url: OptionalText = None
    """Map tiles behind the console's map, such as https://tiles.example/{z}/{x}/{y}.png; none where empty."""
