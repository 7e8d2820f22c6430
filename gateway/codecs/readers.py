"""Which reader a codec has, but for JSON, which has two ways of its own (typed.py, tolerant.py).

To add a payload format: a module with a reader, its name in `Profile.codec`, a line here, and its keys in
gateway/config/format_checks.py.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from gateway.codecs.delimited import DelimitedReader
from gateway.codecs.flat import plan_flat
from gateway.codecs.layout import Layout, plan
from gateway.codecs.line_protocol import LineProtocolReader
from gateway.codecs.senml import SenmlReader, plan_senml
from gateway.codecs.senml_cbor import cbor_pack
from gateway.codecs.text import TextReader
from gateway.codecs.tolerant import Document
from gateway.codecs.ultralight import UltraLightReader
from gateway.config.bounds import Bounds
from gateway.config.profile_model import Profile

__all__ = ["Reader", "reader_of"]


class Reader(Protocol):
    """Never called concurrently."""

    def read(self, payload: bytes, receipt: int | None) -> Document:
        """The rows of a message that came at `receipt` (UTC ns, None: not known). Raises Unusable, nothing else."""
        ...


_FLAT: Mapping[str, Callable[[Profile, Layout, int], Reader]] = {
    "csv": DelimitedReader,
    "ultralight": UltraLightReader,
    "line_protocol": LineProtocolReader,
}


def reader_of(profile: Profile, bounds: Bounds) -> tuple[Layout, Reader] | None:
    """The rows and the reader of a profile; None for JSON."""
    if profile.codec == "json":
        return None
    if profile.codec == "senml":
        return plan_senml(profile), SenmlReader(profile, bounds.max_records)
    if profile.codec == "senml_cbor":
        return plan_senml(profile), SenmlReader(profile, bounds.max_records, cbor_pack)
    layout = plan(profile) if profile.codec == "text" else plan_flat(profile)
    make = TextReader if profile.codec == "text" else _FLAT[profile.codec]
    return layout, make(profile, layout, bounds.max_records)
