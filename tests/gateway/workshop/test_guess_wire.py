"""Codec and packing from bytes."""

import gzip
import zlib

import pytest

from gateway.codecs.compression import Packing, pack
from gateway.config.bounds import Bounds
from gateway.workshop.guess_wire import guess_wire
from gateway.workshop.records import read_records

RAW = zlib.compressobj(wbits=-15)
RAW_BYTES = RAW.compress(b'{"t":21.5,"h":48.2,"at":1772366400}' * 3) + RAW.flush()


@pytest.mark.parametrize(
    ("payload", "codec", "compression"),
    [
        (b'{"t":21.5}', "json", "none"),
        (b'\xef\xbb\xbf{"t":21.5}', "json", "none"),
        (gzip.compress(b'{"t":21.5}', mtime=0), "json", "gzip"),
        (pack(b'[{"n":"t","v":21.5}]', Packing.ZSTD), "senml", "zstd"),
        (zlib.compress(b"t=21.5;h=48"), "csv", "deflate"),
        (b"weather,station=a t=21.5,h=48i 1772366400000000000", "line_protocol", "none"),
        (b"weather t=21.5", "line_protocol", "none"),
        (b"2026-03-01T12:00:00Z|t|15.2|h|48#t|15.3", "ultralight", "none"),
        (b"t|15.2", "ultralight", "none"),
        (b"10,11,12", "csv", "none"),
        (b"time;leq\n2026-03-01 12:00:00;61,2", "csv", "none"),
        (b"21.5", "text", "none"),
        (b"Online", "text", "none"),
        (b"no water, since seven", "text", "none"),
        (b"<xml/>", "no codec reads XML", "none"),
        (b"\x08\x96\x01\xff", "no codec reads these bytes: they are neither text nor SenML in CBOR", "none"),
    ],
)
def test_codec_and_packing_are_told_from_bytes(payload: bytes, codec: str, compression: str) -> None:
    found = guess_wire([payload, b""], Bounds())

    assert (found.codec, found.compression) == (codec, compression)


def test_raw_deflate_is_found_by_what_it_unpacks_to() -> None:
    assert guess_wire([RAW_BYTES], Bounds()).compression == "deflate"


def test_packed_and_plain_together_are_auto() -> None:
    assert guess_wire([b'{"a":1}', gzip.compress(b'{"a":1}', mtime=0)], Bounds()).compression == "auto"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"time;leq\n2026-03-01 12:00:00;61,2", {"time": "2026-03-01 12:00:00", "leq": "61.2"}),
        (b"2026-03-01,12:00:00,61.2", {"at": "2026-03-01 12:00:00", "column_2": "61.2"}),
        (b"t=21.5;h=48", {"t": "21.5", "h": "48"}),
        (b"10,11", {"0": "10", "1": "11"}),
        (b"2026-03-01T12:00:00Z|t|15.2", {"TimeInstant": "2026-03-01T12:00:00Z", "t": "15.2"}),
        (b'w,s=a\\ b t=1i,o=t,n="x, y" 1772366400000000000',
         {"s": "a b", "t": 1.0, "o": True, "n": "x, y", "time": 1772366400000000000}),
        (b'{"d":[{"id":"a","s":[{"v":1}]},{"id":"b","s":[{"v":2}]}]}', {"v": 1, "^.id": "a"}),
        (b'{"Meter-7":[{"kwh":1}],"Meter-8":[{"kwh":2}]}', {"kwh": 1}),
        (b'{"site":"x","r":[{"v":1},{"v":2}]}', {"v": 1, "$.site": "x"}),
    ],
)  # fmt: skip
def test_records_are_names_with_plain_values(text: bytes, values: dict[str, object]) -> None:
    found = read_records([text], guess_wire([text], Bounds()), Bounds())

    assert found.all[0].values == values
