"""Damaged frames by the thousand: whatever comes, nothing but our own errors.

20,000 in the normal run; `BEDROCK_LLM_FUZZ=200000 pytest tests/framing` for the long one.
"""

from __future__ import annotations

import os
import random
import struct
import uuid
import zlib
from collections import Counter

from bedrock_llm.errors import ProtocolError, StreamInterruptedError
from bedrock_llm.framing.aws_eventstream import EventStreamDecoder, Timestamp, encode_frame

FRAMES = int(os.environ.get("BEDROCK_LLM_FUZZ", "20000"))
SEED = 20261120
VALID = [
    encode_frame({":message-type": "event", ":event-type": "contentBlockDelta"}, b'{"delta":{"text":"Hi"}}'),
    encode_frame({":message-type": "error", ":error-code": "500", ":error-message": "\u00fc\u4e2d\U0001f600"}, b""),
    encode_frame(
        {
            "t": True,
            "f": False,
            "b": -1,
            "s": 300,
            "i": 70000,
            "l": 1 << 40,
            "raw": b"\0\xff",
            "text": "some text",
            "time": Timestamp(1_700_000_000_000),
            "uuid": uuid.UUID(int=7),
        },
        b"payload",
    ),
    encode_frame({}, bytes(100)),
    encode_frame({"n" * 255: "v" * 2000}, b"x"),
]
EDGES = (0, 1, 2, 6, 7, 8, 9, 10, 15, 16, 0x7F, 0x80, 0xFF)


def flip_a_bit(rng: random.Random, data: bytearray) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def set_a_byte(rng: random.Random, data: bytearray) -> None:
    data[rng.randrange(len(data))] = rng.choice(EDGES)


def cut_the_end(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def remove_some(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.randrange(1, 20)]


def insert_some(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    data[start:start] = rng.randbytes(rng.randrange(1, 20))


def repeat_some(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    data[start:start] = data[start : start + rng.randrange(1, 40)]


def lie_about_a_length(rng: random.Random, data: bytearray) -> None:
    if len(data) >= 8:
        struct.pack_into(
            ">I", data, rng.choice((0, 4)), rng.choice((0, 12, 15, 16, 17, 100, 1 << 17, 1 << 25, 0xFFFFFFFF))
        )


MUTATIONS = (flip_a_bit, set_a_byte, cut_the_end, remove_some, insert_some, repeat_some, lie_about_a_length)


def with_right_lengths_and_checksums(rng: random.Random, data: bytearray) -> None:
    """Make the outside true again, so that what is inside gets read."""
    if len(data) < 16:
        return
    header_bytes = struct.unpack_from(">I", data, 4)[0]
    if rng.random() < 0.9:
        struct.pack_into(">II", data, 0, len(data), min(header_bytes, len(data) - 16))
    struct.pack_into(">I", data, 8, zlib.crc32(data[:8]))
    struct.pack_into(">I", data, len(data) - 4, zlib.crc32(data[:-4]))


def outcome(data: bytes, cut: int) -> str:
    decoder = EventStreamDecoder()
    try:
        decoder.feed(data[:cut])
        decoder.feed(data[cut:])
        decoder.close()
    except (ProtocolError, StreamInterruptedError) as error:
        return type(error).__name__
    return "read"


def test_fuzzed_frames_raise_nothing_but_our_own_errors():
    rng = random.Random(SEED)
    outcomes: Counter[str] = Counter()
    for number in range(FRAMES):
        data = bytearray(VALID[number % len(VALID)])
        for _ in range(rng.randrange(1, 4)):
            if data:
                rng.choice(MUTATIONS)(rng, data)
        if number % 2:
            with_right_lengths_and_checksums(rng, data)
        cut = rng.randrange(len(data) + 1)
        found = outcome(bytes(data), cut)
        assert outcome(bytes(data), 0) == found
        outcomes[found] += 1
    assert outcomes.total() == FRAMES
    assert min(outcomes["ProtocolError"], outcomes["read"], outcomes["StreamInterruptedError"]) > FRAMES // 50, outcomes


def test_noise_raises_nothing_but_our_own_errors():
    rng = random.Random(SEED)
    for _ in range(FRAMES // 20):
        data = rng.randbytes(rng.randrange(200))
        outcome(data, rng.randrange(len(data) + 1))
