"""Packed payloads: each packing is told from the others, bounded, and refused by name where it is broken."""

import gzip
import random
import subprocess
import zlib
from collections.abc import Callable
from shutil import which

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.compression import Packing, pack, packing_of, unpack
from gateway.config.bounds import Bounds
from gateway.reasons import Rejected
from tests.support.formats import compiled_as, told_by

BOUNDS = Bounds(max_decompressed_bytes=5000)
DOCUMENT = b'{"v":2,"w":3}'


def raw(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


PACKERS: dict[Packing, Callable[[bytes], bytes]] = {
    Packing.GZIP: lambda content: gzip.compress(content, mtime=0),
    Packing.ZLIB: zlib.compress,
    Packing.RAW: raw,
    Packing.ZSTD: zstd,
}
NAMED = {Packing.GZIP: "gzip", Packing.ZLIB: "deflate", Packing.RAW: "deflate", Packing.ZSTD: "zstd"}


@pytest.mark.parametrize("packing", Packing)
def test_each_packing_is_bounded_and_its_damage_has_a_name(packing: Packing) -> None:
    packed = PACKERS[packing](DOCUMENT)
    assert packing_of(packed, NAMED[packing]) is packing
    assert unpack(packed, packing, BOUNDS) == DOCUMENT
    assert unpack(PACKERS[packing](b" " * 5000), packing, BOUNDS) == b" " * 5000
    assert unpack(PACKERS[packing](b""), packing, BOUNDS) == b""
    for bad, reason in (
        (PACKERS[packing](b" " * 5001), Rejected.DECOMPRESSED_TOO_LARGE),
        (PACKERS[packing](b" " * 50_000_000), Rejected.DECOMPRESSED_TOO_LARGE),
        (packed + b"x", Rejected.COMPRESSION_BROKEN),
        (packed + packed, Rejected.COMPRESSION_BROKEN),
        (DOCUMENT, Rejected.COMPRESSION_BROKEN),
        *((packed[:cut], Rejected.COMPRESSION_BROKEN) for cut in range(1, len(packed))),
    ):
        refusal = unpack(bad, packing, BOUNDS)
        assert isinstance(refusal, tuple), bad
        assert refusal[0] is reason
        assert refusal[1]


@pytest.mark.parametrize("packing", [Packing.GZIP, Packing.ZLIB])
def test_a_wrong_checksum_is_damage(packing: Packing) -> None:
    packed = bytearray(PACKERS[packing](DOCUMENT))
    packed[-5 if packing is Packing.GZIP else -1] ^= 1
    assert unpack(bytes(packed), packing, BOUNDS) == (
        Rejected.COMPRESSION_BROKEN,
        f"the payload is not {packing}, or damaged",
    )


def test_a_zlib_stream_with_a_preset_dictionary_is_refused() -> None:
    packer = zlib.compressobj(zdict=b"speed")
    packed = packer.compress(b"speed") + packer.flush()
    assert packing_of(packed, "deflate") is Packing.ZLIB
    assert isinstance(unpack(packed, Packing.ZLIB, BOUNDS), tuple)


@pytest.mark.parametrize("level", range(10))
@pytest.mark.parametrize("strategy", [zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_FIXED])
def test_raw_deflate_is_never_taken_for_zlib(level: int, strategy: int) -> None:
    chance = random.Random(level)
    for size in (0, 1, 2, 20, 500, 70_000):
        for content in (bytes(size), chance.randbytes(size), b"speed;flow" * (size // 10)):
            for bits in (-15, -9, 15, 9):
                packer = zlib.compressobj(level, zlib.DEFLATED, bits, 8, strategy)
                packed = packer.compress(content) + packer.flush()
                wanted = Packing.RAW if bits < 0 else Packing.ZLIB
                assert packing_of(packed, "deflate") is wanted
                assert unpack(packed, wanted, Bounds()) == content


def test_auto_takes_plain_payloads_as_they_are_and_tells_packed_ones_by_their_first_bytes() -> None:
    for packing in (Packing.GZIP, Packing.ZLIB, Packing.ZSTD):
        assert packing_of(PACKERS[packing](DOCUMENT), "auto") is packing
    # 80, x^2 and an array of eight begin like zlib's headers
    for plain in (b"", DOCUMENT, b"80", b"8", b"x^2,1", "80 °".encode(), b"\x88\x01", b"v=1", b"\x9f\xff", b"(\xb5"):
        assert packing_of(plain, "auto") is None, plain
    assert packing_of(b"anything", "none") is None


@given(st.binary(max_size=300), st.sampled_from(Packing))
def test_what_is_packed_is_unpacked(content: bytes, packing: Packing) -> None:
    packed = pack(content, packing)
    assert packing_of(packed, NAMED[packing]) is packing
    assert unpack(packed, packing, BOUNDS) == content


@given(st.binary(max_size=80), st.sampled_from(Packing), st.booleans())
def test_no_bytes_do_worse_than_a_named_refusal(content: bytes, packing: Packing, headed: bool) -> None:
    payload = PACKERS[packing](b"x")[: 6 if headed else 0] + content
    found = unpack(payload, packing, BOUNDS)
    assert isinstance(found, bytes) or (found[0] in Rejected and found[1])


@pytest.mark.parametrize("compression", ["gzip", "deflate", "zstd", "auto"])
def test_a_profile_takes_what_it_says(compression: str) -> None:
    profile = compiled_as("json", compression=compression)
    for packing, packer in PACKERS.items():
        told = told_by(profile, packer(DOCUMENT))
        fits = NAMED[packing] == compression or (compression == "auto" and packing is not Packing.RAW)
        assert (told.rows != []) == fits, packing
        assert fits or told.refused in ("compression_broken", "not_utf8")
    assert (told_by(profile, DOCUMENT).refused == "") == (compression == "auto")


@pytest.mark.skipif(which("zstd") is None, reason="no zstd command on this machine")
@pytest.mark.parametrize("option", ["-1", "-19", "--check", "--no-check", "--stream-size=5000", "--no-content-size"])
def test_frames_of_the_zstd_command_are_read(option: str) -> None:
    content = (b'{"speed":52.3,"flow":23}' * 300)[:5000]
    made = subprocess.run(["zstd", "-c", option], input=content, capture_output=True, check=True)
    assert unpack(made.stdout, Packing.ZSTD, BOUNDS) == content
