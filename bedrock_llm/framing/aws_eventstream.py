"""AWS event-stream frames: bytes in, frames out.

Here: the decoder, which does not care how the bytes were cut, and `encode_frame`, its opposite. Not here: what the
headers and payloads mean (codecs/). Called by: the codecs of Bedrock, and the emulator, which writes frames.
Follows: https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html

All integers are big-endian; checksums are CRC-32 as in zlib.

    0        4        8        12            12+h               n-4      n
    +--------+--------+--------+-------------+------------------+--------+
    | n      | h      | CRC of | headers     | payload          | CRC of |
    | whole  | header | 0..8   | h bytes     | n - h - 16 bytes | 0..n-4 |
    +--------+--------+--------+-------------+------------------+--------+
    header:  name length (1) | name, UTF-8 | type (1) | value
    types:   0 true, 1 false (no value bytes) | 2, 3, 4, 5 int of 1, 2, 4, 8 bytes | 6 bytes, 7 UTF-8 string, each
             after a length of 2 bytes | 8 time in ms since the epoch, 8 bytes | 9 UUID, 16 bytes

Rule 1: the lengths are believed only after their own checksum, and bounded before anything is waited for.
Rule 2: whole frames that stood before a damaged one are handed out first; the next call raises.
Rule 3: a byte is copied a fixed number of times, however it was cut: `_held` keeps what is no whole frame yet and is
        not looked at again until `_wanted` bytes are there.
Rule 4: an answer has thousands of frames with a few dozen different heads (lengths, their checksum, headers), so what
        a head says is remembered by its bytes, for all streams.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from zlib import crc32

from bedrock_llm.errors import ProtocolError, StreamInterruptedError

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["EventStreamDecoder", "Frame", "HeaderValue", "Timestamp", "encode_frame"]

MAX_HEADER_BYTES = 128 * 1024  # botocore's limits, which are the service's
MAX_PAYLOAD_BYTES = 24 * 1024 * 1024
_OVERHEAD_BYTES = 16  # lengths and checksums
_PRELUDE_BYTES = 12
_SHOWN_BYTES = 400  # of a broken frame; the error cuts it to its own limit after redaction

_PRELUDE = Struct(">III")
_UINT32 = Struct(">I")
_UINT16 = Struct(">H")
_INTEGER_BYTES = {2: 1, 3: 2, 4: 4, 5: 8}

_HEADS: dict[bytes, _Head] = {}
_MAX_HEADS = 1024
_MAX_HEAD_BYTES = 1024  # a longer one is not worth remembering


class Timestamp(int):
    """A header's time, in milliseconds since the epoch."""

    __slots__ = ()


HeaderValue: TypeAlias = "bool | int | bytes | str | Timestamp | UUID"


class Frame(NamedTuple):
    """One message of the stream.

    Attributes:
        headers: Name to value, read-only: frames with the same headers share it.
        payload: As it came, mostly JSON.
    """

    headers: Mapping[str, HeaderValue]
    payload: bytes


class _Head(NamedTuple):
    """What the bytes before a payload say, and the checksum up to there."""

    headers: Mapping[str, HeaderValue]
    crc: int


class _MalformedError(Exception):
    """Inside this module: the bytes are not a frame."""


class EventStreamDecoder:
    """Cuts a stream of bytes into frames.

    Attributes:
        error: What broke the stream, once something did; a codec raises it after the last whole frames are handed on.
    """

    __slots__ = ("_held", "_wanted", "error")

    def __init__(self) -> None:
        self._held = bytearray()
        self._wanted = _PRELUDE_BYTES
        self.error: ProtocolError | None = None

    @property
    def buffered(self) -> int:
        """Bytes received that are not yet a whole frame."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes.

        Args:
            data: Any number of bytes, cut anywhere.

        Returns:
            The frames that are now complete, in order; those before a damaged one included.

        Raises:
            ProtocolError: A checksum differs, a length is out of bounds or a header is malformed. Every later call
                raises it again.
        """
        if self.error is not None:
            raise _again(self.error)
        if data.__class__ is not bytes:
            data = bytes(data)
        held = self._held
        if held:
            held += data
            if len(held) < self._wanted:
                return []
            data = bytes(held)
            held.clear()
        frames: list[Frame] = []
        try:
            position = self._cut(data, frames)
        except _MalformedError as problem:
            self.error = ProtocolError(*problem.args[:1], excerpt=problem.args[1])
            if not frames:
                raise _again(self.error) from None  # `problem` shows bytes that nobody has redacted
            return frames
        if position < len(data):
            held += data[position:]
        return frames

    def close(self) -> None:
        """Say that the body has ended.

        Raises:
            ProtocolError: The stream was broken before.
            StreamInterruptedError: It ended inside a frame.
        """
        if self.error is not None:
            raise _again(self.error)
        if self._held:
            raise StreamInterruptedError(
                f"the answer ended inside an event-stream frame: {len(self._held)} bytes of at least {self._wanted}"
            )

    def _cut(self, data: bytes, frames: list[Frame]) -> int:
        """Append every whole frame of `data` and say where the rest begins. Every delta of an answer passes here."""
        position = 0
        end = len(data)
        known, crc_of, make, append = _HEADS.get, crc32, tuple.__new__, frames.append
        prelude_at, number_at = _PRELUDE.unpack_from, _UINT32.unpack_from
        while end - position >= _PRELUDE_BYTES:
            total, header_bytes, _ = prelude_at(data, position)
            stop = position + total
            body = position + _PRELUDE_BYTES + header_bytes
            if stop > end:
                _check_prelude(data, position)
                self._wanted = total
                return position
            head = known(data[position:body]) or _read_head(data, position, body, stop)
            payload = data[body : stop - 4]
            if crc_of(payload, head[1]) != number_at(data, stop - 4)[0]:
                raise _damaged("message", data, position)
            append(make(Frame, (head[0], payload)))
            position = stop
        self._wanted = _PRELUDE_BYTES
        return position


def encode_frame(headers: Mapping[str, HeaderValue], payload: bytes = b"") -> bytes:
    """The bytes of one frame.

    Args:
        headers: An `int` is written with as few bytes as hold it, a `Timestamp` as a time.
        payload: At most 24 MiB.

    Raises:
        ValueError: A name, a value or the whole is too long, or a value is of no type that a header can hold.
    """
    block = b"".join(_encode_header(name, value) for name, value in headers.items())
    if len(block) > MAX_HEADER_BYTES or len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(
            f"a frame holds at most {MAX_HEADER_BYTES} bytes of headers and {MAX_PAYLOAD_BYTES} of payload"
        )
    lengths = Struct(">II").pack(_OVERHEAD_BYTES + len(block) + len(payload), len(block))
    message = b"".join((lengths, _UINT32.pack(crc32(lengths)), block, payload))
    return message + _UINT32.pack(crc32(message))


def _again(error: ProtocolError) -> ProtocolError:
    """A fresh copy, so that no traceback grows."""
    return ProtocolError(error.message, excerpt=error.excerpt)


def _shown(data: bytes, position: int) -> str:
    """The start of a broken frame, with everything unprintable escaped."""
    return repr(data[position : position + _SHOWN_BYTES])[2:-1]


def _damaged(what: str, data: bytes, position: int) -> _MalformedError:
    return _MalformedError(f"an event-stream frame is damaged: its {what} checksum differs", _shown(data, position))


def _check_prelude(data: bytes, position: int) -> None:
    total, header_bytes, crc = _PRELUDE.unpack_from(data, position)
    if crc32(data[position : position + 8]) != crc:
        raise _damaged("length", data, position)
    payload_bytes = total - header_bytes - _OVERHEAD_BYTES
    if payload_bytes < 0 or payload_bytes > MAX_PAYLOAD_BYTES or header_bytes > MAX_HEADER_BYTES:
        raise _MalformedError(
            f"an event-stream frame of {total} bytes with {header_bytes} bytes of headers is out of bounds",
            _shown(data, position),
        )


def _read_head(data: bytes, position: int, body: int, stop: int) -> _Head:
    """What stands before the payload, checked and remembered; the frame is whole."""
    _check_prelude(data, position)
    source = data[position:body]
    try:
        headers = _decode_headers(source[_PRELUDE_BYTES:])
    except _MalformedError as problem:
        if crc32(data[position : stop - 4]) != _UINT32.unpack_from(data, stop - 4)[0]:
            raise _damaged("message", data, position) from problem
        raise _MalformedError(problem.args[0], _shown(data, position)) from problem
    head = _Head(MappingProxyType(headers), crc32(source))
    if len(source) <= _MAX_HEAD_BYTES:
        if len(_HEADS) >= _MAX_HEADS:
            _HEADS.clear()
        _HEADS[source] = head
    return head


def _decode_headers(block: bytes) -> dict[str, HeaderValue]:
    headers: dict[str, HeaderValue] = {}
    position = 0
    while position < len(block):
        name_end = position + 1 + block[position]
        name = _text(block, position + 1, name_end)
        if not name or name_end >= len(block):
            raise _MalformedError("an event-stream header has no name or no type")
        if name in headers:
            raise _MalformedError("an event-stream frame has a header twice")
        headers[name], position = _decode_value(block[name_end], block, name_end + 1)
    return headers


def _decode_value(kind: int, block: bytes, start: int) -> tuple[HeaderValue, int]:
    """The value at `start`, and where the next header begins."""
    if kind <= 1:
        return kind == 0, start
    size = _INTEGER_BYTES.get(kind)
    if size is not None:
        return int.from_bytes(_piece(block, start, start + size), "big", signed=True), start + size
    if kind in (6, 7):
        stop = start + 2 + _UINT16.unpack(_piece(block, start, start + 2))[0]
        return (_text if kind == 7 else _piece)(block, start + 2, stop), stop
    if kind == 8:
        return Timestamp(int.from_bytes(_piece(block, start, start + 8), "big", signed=True)), start + 8
    if kind == 9:
        from uuid import UUID

        return UUID(bytes=_piece(block, start, start + 16)), start + 16
    raise _MalformedError(f"an event-stream header is of the unknown type {kind}")


def _piece(block: bytes, start: int, stop: int) -> bytes:
    if stop > len(block):
        raise _MalformedError("an event-stream header is cut off")
    return block[start:stop]


def _text(block: bytes, start: int, stop: int) -> str:
    try:
        return _piece(block, start, stop).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _MalformedError("an event-stream header is not UTF-8") from error


def _encode_header(name: str, value: Any) -> bytes:
    raw = name.encode("utf-8")
    if not 1 <= len(raw) <= 255:
        raise ValueError(f"a header's name has 1 to 255 bytes, not {len(raw)}")
    return bytes((len(raw),)) + raw + _encode_value(name, value)


def _encode_value(name: str, value: Any) -> bytes:
    if isinstance(value, bool):
        return b"\x00" if value else b"\x01"
    if isinstance(value, int):
        return _encode_integer(name, value)
    if isinstance(value, (str, bytes)):
        raw = value.encode("utf-8") if isinstance(value, str) else value
        if len(raw) > 0xFFFF:
            raise ValueError(f"the header {name} is longer than 65535 bytes")
        return (b"\x07" if isinstance(value, str) else b"\x06") + _UINT16.pack(len(raw)) + raw
    if type(value).__name__ == "UUID":  # by name, so that nobody pays for an import that no service makes us need
        return b"\x09" + bytes(value.bytes)
    raise ValueError(f"the header {name} cannot hold a {type(value).__name__}")


def _encode_integer(name: str, value: int) -> bytes:
    needed = (value + (value < 0)).bit_length() // 8 + 1
    if needed > 8:
        raise ValueError(f"the header {name} is longer than 8 bytes")
    if isinstance(value, Timestamp):
        return b"\x08" + value.to_bytes(8, "big", signed=True)
    kind, size = next(entry for entry in _INTEGER_BYTES.items() if entry[1] >= needed)
    return bytes((kind,)) + value.to_bytes(size, "big", signed=True)
