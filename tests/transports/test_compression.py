"""Decoding in bounded pieces, whatever way the bytes were cut."""

from __future__ import annotations

import gzip
import itertools
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.errors import ProtocolError
from bedrock_llm.transports.compression import PIECE_BYTES, decoder_for

BOMB = gzip.compress(bytes(200 * 2**20), 1)


def decoded(encoding: str, *raw: bytes) -> bytes:
    decoder = decoder_for(encoding)
    pieces = []
    for data in raw:
        decoder.feed(data)
        while piece := decoder.take():
            assert len(piece) <= (2 if encoding == "br" else 1) * PIECE_BYTES  # brotli's own limit is a rough one
            pieces.append(piece)
    decoder.finish()
    return b"".join(pieces)


def raw_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(data) + squeeze.flush()


def zstd(data: bytes) -> bytes:
    library = pytest.importorskip("backports.zstd")
    return library.compress(data[: len(data) // 2]) + library.compress(data[len(data) // 2 :])


def brotli(data: bytes) -> bytes:
    return pytest.importorskip("brotli", minversion="1.2").compress(data)


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:]),
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": brotli,
    "zstd": zstd,
}


@pytest.mark.parametrize("encoding", ENCODERS)
@settings(deadline=None, max_examples=60)
@given(data=st.binary(max_size=3000), cuts=st.lists(st.integers(0, 3000), max_size=6))
def test_decoding_does_not_depend_on_the_cuts(encoding, data, cuts):
    raw = ENCODERS[encoding](data)
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    assert decoded(encoding, *(raw[start:end] for start, end in itertools.pairwise(edges))) == data


@pytest.mark.parametrize("encoding", ENCODERS)
def test_byte_by_byte(encoding):
    data = b"to be or not to be, " * 200
    raw = ENCODERS[encoding](data)
    assert decoded(encoding, *(raw[at : at + 1] for at in range(len(raw)))) == data


@pytest.mark.parametrize("encoding", ENCODERS)
def test_large_data_comes_in_pieces_of_a_bounded_size(encoding):
    data = bytes(3 * PIECE_BYTES) + b"end"
    assert decoded(encoding, ENCODERS[encoding](data)) == data


@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_cut_body_is_an_error(encoding):
    raw = ENCODERS[encoding](b"to be or not to be" * 9)
    for end in range(1, len(raw)):
        if encoding in ("x-gzip", "zstd") and raw[end:] and decodes(encoding, raw[:end]):
            continue  # cut between two streams: that cannot be seen
        with pytest.raises(ProtocolError):
            decoded(encoding, raw[:end])


def decodes(encoding: str, raw: bytes) -> bool:
    try:
        return decoded(encoding, raw) is not None
    except ProtocolError:
        return False


def test_an_empty_body_is_no_error():
    assert decoded("gzip") == b""
    assert decoded("gzip", b"") == b""


@pytest.mark.parametrize("surplus", [b"x", b"\x1f", b"\x1f\x8bgarbage", b"\0\0"])
def test_bytes_after_the_end_are_an_error(surplus):
    with pytest.raises(ProtocolError):
        decoded("gzip", gzip.compress(b"text") + surplus)
    with pytest.raises(ProtocolError):
        decoded("deflate", zlib.compress(b"text") + surplus)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_what_is_not_encoded_so_is_an_error(encoding):
    ENCODERS[encoding](b"")  # skips where its library is missing
    with pytest.raises(ProtocolError, match=encoding):
        decoded(encoding, b"<html>certainly not</html>" * 20)


@pytest.mark.parametrize("header", ["rot13", "gzip, gzip", "gzip, br", "aws-chunked", "compress"])
def test_unknown_and_nested_encodings_are_errors(header):
    with pytest.raises(ProtocolError):
        decoder_for(header)


@pytest.mark.parametrize("header", [None, "", "identity", " Identity ", "identity, identity"])
def test_no_encoding_needs_no_decoder(header):
    assert decoder_for(header) is None


def test_a_bomb_costs_no_more_than_what_is_taken_of_it():
    decoder = decoder_for("gzip")
    tracemalloc.start()
    try:
        decoder.feed(BOMB)
        for _ in range(20):
            assert len(decoder.take()) == PIECE_BYTES
        assert tracemalloc.get_traced_memory()[1] < 10 * PIECE_BYTES + 2 * len(BOMB)
    finally:
        tracemalloc.stop()
