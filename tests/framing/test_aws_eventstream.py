"""The event-stream decoder: what a frame is, how it may be cut, and what is refused."""

from __future__ import annotations

import struct
import uuid
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.errors import LLMError, ProtocolError, StreamInterruptedError
from bedrock_llm.framing import aws_eventstream
from bedrock_llm.framing.aws_eventstream import EventStreamDecoder, Frame, Timestamp, encode_frame
from tests.shared_data import shared

EVENT = bytes.fromhex(
    "0000009400000057b4ab9aee0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d74"
    "7970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74426c"
    "6f636b496e646578223a302c2264656c7461223a7b2274657874223a224869227d7d1f944657"
)
EXCEPTION = bytes.fromhex(
    "0000008800000061de0175f40f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e"
    "74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b"
    "226d657373616765223a22736c6f7720646f776e227d832ee072"
)
EVENT_FRAME = Frame(
    {":event-type": "contentBlockDelta", ":content-type": "application/json", ":message-type": "event"},
    b'{"contentBlockIndex":0,"delta":{"text":"Hi"}}',
)
EXCEPTION_FRAME = Frame(
    {":exception-type": "throttlingException", ":content-type": "application/json", ":message-type": "exception"},
    b'{"message":"slow down"}',
)
ALL_TYPES = {
    "true": True,
    "false": False,
    "byte": -50,
    "short": 20000,
    "int": 500_000,
    "long": 50_000_000_000,
    "bytes": b"some bytes",
    "str": "some str",
    "time": Timestamp(5_000_000_000),
    "uuid": uuid.UUID("b79bc914-de21-4e13-b8b2-bc47e85b7f0b"),
}


def raw_frame(block: bytes, payload: bytes = b"") -> bytes:
    """A frame whose checksums are right, whatever its header block holds."""
    lengths = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    message = lengths + struct.pack(">I", zlib.crc32(lengths)) + block + payload
    return message + struct.pack(">I", zlib.crc32(message))


def prelude(total: int, header_bytes: int) -> bytes:
    lengths = struct.pack(">II", total, header_bytes)
    return lengths + struct.pack(">I", zlib.crc32(lengths))


def decode(data: bytes, sizes=()) -> list[Frame]:
    decoder = EventStreamDecoder()
    frames = []
    for size in sizes:
        frames += decoder.feed(data[:size])
        data = data[size:]
    frames += decoder.feed(data)
    decoder.close()
    return frames


# --- what a frame is


def test_golden_frames_decode():
    assert decode(EVENT + EXCEPTION) == [EVENT_FRAME, EXCEPTION_FRAME]


def test_golden_frames_encode():
    assert encode_frame(EVENT_FRAME.headers, EVENT_FRAME.payload) == EVENT
    assert encode_frame(EXCEPTION_FRAME.headers, EXCEPTION_FRAME.payload) == EXCEPTION


def test_all_ten_header_types_round_trip_with_their_types():
    (frame,) = decode(encode_frame(ALL_TYPES, b"some payload"))
    assert frame == (ALL_TYPES, b"some payload")
    assert [type(value) for value in frame.headers.values()] == [type(value) for value in ALL_TYPES.values()]


def test_frame_without_headers_and_payload():
    assert decode(encode_frame({}, b"")) == [Frame({}, b"")]
    assert len(encode_frame({}, b"")) == 16


def test_headers_cannot_be_changed_by_a_reader():
    (frame,) = decode(EVENT)
    with pytest.raises(TypeError):
        frame.headers["x"] = "y"  # type: ignore[index]  # this is what is tested
    assert decode(EVENT) == [EVENT_FRAME]


def test_payload_may_be_anything():
    payload = bytes(range(256)) * 300
    assert decode(encode_frame({"a": ""}, payload)) == [Frame({"a": ""}, payload)]


def test_feed_takes_a_bytearray():
    assert EventStreamDecoder().feed(bytearray(EVENT)) == [EVENT_FRAME]  # type: ignore[arg-type]  # be kind


def test_empty_feed_gives_nothing():
    decoder = EventStreamDecoder()
    assert decoder.feed(b"") == []
    decoder.close()


@pytest.mark.parametrize(
    ("headers", "payload"),
    [
        ({"": "x"}, b""),
        ({"n" * 256: "x"}, b""),
        ({"x": "y" * 65536}, b""),
        ({"x": b"y" * 65536}, b""),
        ({"x": 1 << 63}, b""),
        ({"x": Timestamp(-(1 << 63) - 1)}, b""),
        ({"x": 1.5}, b""),
        ({"x": None}, b""),
        ({f"{n}": "y" * 60000 for n in range(3)}, b""),
        ({}, bytes(24 * 1024 * 1024 + 1)),
    ],
)
def test_encode_refuses_what_no_frame_can_hold(headers, payload):
    with pytest.raises(ValueError, match=r"header|frame"):
        encode_frame(headers, payload)


def test_integers_are_written_in_as_few_bytes_as_hold_them():
    for bits, kind in ((8, 2), (16, 3), (32, 4), (64, 5)):
        for value in (-(1 << bits - 1), (1 << bits - 1) - 1):
            data = encode_frame({"n": value})
            assert data[14] == kind
            assert decode(data)[0].headers == {"n": value}


# --- cut anywhere


def test_every_single_cut_gives_the_same_frames():
    data = EVENT + EXCEPTION + EVENT
    whole = decode(data)
    for at in range(len(data) + 1):
        assert decode(data, [at]) == whole


def test_bytewise_gives_the_same_frames():
    data = EVENT + encode_frame(ALL_TYPES, b"x" * 300) + EXCEPTION
    assert decode(data, [1] * len(data)) == decode(data)


header_names = st.text(min_size=1, max_size=20).filter(lambda name: len(name.encode()) <= 255)
header_values = st.one_of(
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.binary(max_size=50),
    st.text(max_size=50),
    st.integers(-(1 << 63), (1 << 63) - 1).map(Timestamp),
    st.uuids(),
)
frames = st.builds(Frame, st.dictionaries(header_names, header_values, max_size=6), st.binary(max_size=200))


@given(st.lists(frames, max_size=6), st.lists(st.integers(0, 150), max_size=40))
def test_what_was_encoded_decodes_however_it_is_cut(sent, sizes):
    data = b"".join(encode_frame(*frame) for frame in sent)
    received = decode(data, sizes)
    assert received == sent
    kinds = [[type(value) for value in frame.headers.values()] for frame in received]
    assert kinds == [[type(value) for value in frame.headers.values()] for frame in sent]


# --- the end of the body


@pytest.mark.parametrize("kept", [1, 11, 12, 13, 147])
def test_body_that_ends_inside_a_frame_is_interrupted(kept):
    decoder = EventStreamDecoder()
    assert decoder.feed(EVENT + EVENT[:kept]) == [EVENT_FRAME]
    assert decoder.buffered == kept
    with pytest.raises(StreamInterruptedError, match=f"{kept} bytes of at least {12 if kept < 12 else 148}"):
        decoder.close()


def test_body_that_ends_between_frames_is_whole():
    decoder = EventStreamDecoder()
    decoder.feed(EVENT)
    assert decoder.buffered == 0
    decoder.close()


# --- what is refused


def header(name: bytes, kind: int, value: bytes = b"") -> bytes:
    return bytes((len(name),)) + name + bytes((kind,)) + value


MALFORMED_HEADERS = {
    "no name": header(b"", 0),
    "only a name's length": b"\x05",
    "a cut name": b"\x05ab",
    "a name without a type": b"\x02ab",
    "an unknown type": header(b"a", 10),
    "the last unknown type": header(b"a", 255),
    "a cut int8": header(b"a", 2),
    "a cut int16": header(b"a", 3, b"\0"),
    "a cut int32": header(b"a", 4, b"\0\0\0"),
    "a cut int64": header(b"a", 5, b"\0" * 7),
    "a cut length of bytes": header(b"a", 6, b"\0"),
    "cut bytes": header(b"a", 6, b"\0\x05abcd"),
    "a cut length of a string": header(b"a", 7, b"\0"),
    "a cut string": header(b"a", 7, b"\xff\xffabcd"),
    "a cut time": header(b"a", 8, b"\0" * 7),
    "a cut UUID": header(b"a", 9, b"\0" * 15),
    "a name that is not UTF-8": header(b"\xff\xfe", 0),
    "a string that is not UTF-8": header(b"a", 7, b"\0\x02\xc3\x28"),
    "a lone surrogate": header(b"a", 7, b"\0\x03\xed\xa0\x80"),
    "the same name twice": header(b"a", 0) + header(b"a", 1),
}


@pytest.mark.parametrize("block", MALFORMED_HEADERS.values(), ids=MALFORMED_HEADERS.keys())
def test_malformed_headers_are_refused_although_the_checksums_are_right(block):
    for cut in (0, 5, 13):
        with pytest.raises(ProtocolError, match="header") as caught:
            decode(raw_frame(block, b"payload"), [cut])
        assert caught.value.excerpt


@pytest.mark.parametrize(
    ("total", "header_bytes"),
    [
        *((0, 0), (12, 0), (15, 0), (20, 5), (16, 1), (0xFFFFFFFF, 0), (0xFFFFFFFF, 0xFFFFFFFF)),
        *((16 + 128 * 1024 + 1, 128 * 1024 + 1), (16 + 24 * 1024 * 1024 + 1, 0), (4 * 1024**3 - 1, 100)),
    ],
)
def test_lengths_out_of_bounds_are_refused_before_anything_is_waited_for(total, header_bytes):
    decoder = EventStreamDecoder()
    with pytest.raises(ProtocolError, match="out of bounds"):
        decoder.feed(prelude(total, header_bytes))
    assert decoder.buffered == 0


@pytest.mark.parametrize(
    ("total", "header_bytes"), [(16, 0), (16 + 128 * 1024, 128 * 1024), (16 + 24 * 1024 * 1024, 0)]
)
def test_lengths_at_their_bounds_are_waited_for(total, header_bytes):
    decoder = EventStreamDecoder()
    assert decoder.feed(prelude(total, header_bytes)) == []
    assert decoder.buffered == 12


def test_every_damaged_bit_is_noticed():
    for at in range(len(EVENT) * 8):
        damaged = bytearray(EVENT)
        damaged[at // 8] ^= 1 << at % 8
        with pytest.raises(LLMError) as caught:
            decode(bytes(damaged))
        assert type(caught.value) is ProtocolError


def test_damaged_headers_are_called_damaged_and_not_malformed():
    damaged = bytearray(raw_frame(header(b"ab", 0)))
    damaged[13] = 0xFF
    with pytest.raises(ProtocolError, match="message checksum"):
        decode(bytes(damaged))


@pytest.mark.parametrize("body", [b"<html><body>502 Bad Gateway</body></html>", b'{"message":"no stream for you"}'])
def test_body_that_is_no_event_stream_is_refused_with_its_beginning(body):
    with pytest.raises(ProtocolError, match="checksum") as caught:
        EventStreamDecoder().feed(body)
    assert caught.value.excerpt == body.decode()


def test_excerpt_is_short_printable_and_redacted():
    body = b"\x1b[31mAuthorization: Bearer abcdefghijklmnop\n" + bytes(1000)
    with pytest.raises(ProtocolError) as caught:
        EventStreamDecoder().feed(body)
    excerpt = caught.value.excerpt
    assert excerpt is not None
    assert excerpt.startswith("\\x1b[31mAuthorization: Bearer [redacted]")
    assert excerpt.isprintable()
    assert len(excerpt) <= 200


def test_frames_before_a_damaged_one_are_handed_out_and_then_the_error():
    decoder = EventStreamDecoder()
    damaged = EXCEPTION[:-1] + b"\0"
    assert decoder.feed(EVENT + EVENT + damaged + EVENT) == [EVENT_FRAME, EVENT_FRAME]
    assert isinstance(decoder.error, ProtocolError)
    for again in (decoder.feed, decoder.feed):
        with pytest.raises(ProtocolError, match="message checksum"):
            again(EVENT)
    with pytest.raises(ProtocolError, match="message checksum"):
        decoder.close()


def test_damage_is_found_at_the_same_place_however_it_is_cut():
    data = EVENT + EXCEPTION[:-1] + b"\0" + EVENT
    for size in (1, 7, 100, 148, 149, 284, len(data)):
        decoder = EventStreamDecoder()
        found = []
        with pytest.raises(ProtocolError, match="message checksum"):
            for start in range(0, len(data), size):
                found += decoder.feed(data[start : start + size])
            decoder.close()
        assert found == [EVENT_FRAME]


# --- what it costs


class CountedBytes(bytearray):
    """Counts the bytes that are added to it or read out of it."""

    copied = 0

    def __iadd__(self, more):
        CountedBytes.copied += len(more)
        return super().__iadd__(more)

    def __bytes__(self):
        CountedBytes.copied += len(self)
        return bytes(memoryview(self))


@pytest.mark.parametrize("chunk_bytes", [100, 1024, 65536])
@pytest.mark.parametrize("frame_bytes", [150, 20_000, 8 * 1024 * 1024])
def test_a_byte_is_copied_a_fixed_number_of_times(chunk_bytes, frame_bytes):
    frame = encode_frame({":message-type": "event"}, bytes(frame_bytes))
    data = frame * max(1, 1_000_000 // len(frame))
    decoder = EventStreamDecoder()
    decoder._held = CountedBytes()
    CountedBytes.copied = 0
    found = 0
    for start in range(0, len(data), chunk_bytes):
        found += len(decoder.feed(data[start : start + chunk_bytes]))
    assert found == len(data) // len(frame)
    assert CountedBytes.copied <= 4 * len(data)


def test_remembered_heads_stay_bounded():
    decoder = EventStreamDecoder()
    for number in range(3000):
        decoder.feed(encode_frame({"name": str(number)}, b""))
    decoder.feed(encode_frame({"name": "y" * 60000}, b""))
    assert len(aws_eventstream._HEADS) <= 1024
    assert max(map(len, aws_eventstream._HEADS)) <= 1024


# --- the published vectors

VECTORS = {
    "valid_empty_payload": [Frame({"some-header": 500}, b"")],
    "valid_no_headers": [Frame({}, b"another test payload")],
    "valid_with_all_headers_and_payload": [Frame({**ALL_TYPES, "byte": 50}, b"some payload")],
}


def test_every_published_vector_does_what_its_name_says():
    folder = shared("vectors/eventstream")
    names = sorted(path.name for path in folder.iterdir())
    assert {name for name in names if name.startswith("valid")} == set(VECTORS)
    for name in names:
        data = (folder / name).read_bytes()
        if name in VECTORS:
            assert decode(data) == VECTORS[name]
            assert encode_frame(VECTORS[name][0].headers, VECTORS[name][0].payload) == data
            continue
        with pytest.raises(ProtocolError):
            decode(data)


def test_published_malformed_headers_are_refused_with_right_checksums_too():
    for path in sorted(shared("vectors/eventstream").glob("invalid_header_*")):
        data = path.read_bytes()
        header_bytes = struct.unpack_from(">I", data, 4)[0]
        with pytest.raises(ProtocolError, match="header"):
            decode(raw_frame(data[12 : 12 + header_bytes], data[12 + header_bytes : -4]))
