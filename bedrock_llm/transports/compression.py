"""Undoing of a body's content encoding, in bounded pieces.

Here: `decoder_for` and `BodyDecoder`, for every transport alike. Not here: any HTTP library, the bound on a whole body
(the reply that reads it). Called by: aiohttp_reply.py, httpx2_reply.py. Follows: RFC 9110 §8.4, RFC 1950 to 1952.

We ask for `identity`; a server or a proxy may compress all the same. A few hundred bytes can then stand for gigabytes,
so a piece of at most `PIECE_BYTES` is decoded at a time, and the next one only when it is asked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Protocol

from bedrock_llm.errors import ProtocolError

__all__ = ["PIECE_BYTES", "BodyDecoder", "decoder_for"]

PIECE_BYTES = 256 * 1024  # decoded at once: what a bomb can take of memory per reply

_GZIP = 16 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


class _Stream(Protocol):
    """One compressed stream (a gzip member, a zstd frame)."""

    errors: tuple[type[Exception], ...]

    def step(self, data: bytes) -> bytes:
        """At most `PIECE_BYTES` decoded from `data` and from what is left of earlier data."""

    @property
    def left_over(self) -> bytes:
        """Input of the last step that the next one must be given again."""

    @property
    def ended(self) -> bool:
        """Whether the stream's own end was seen."""

    @property
    def beyond(self) -> bytes:
        """Input after that end."""


class _Zlib:
    errors: tuple[type[Exception], ...] = (zlib.error,)

    def __init__(self, window_bits: int) -> None:
        self._inflate = zlib.decompressobj(window_bits)

    def step(self, data: bytes) -> bytes:
        return self._inflate.decompress(data, PIECE_BYTES)

    @property
    def left_over(self) -> bytes:
        return self._inflate.unconsumed_tail

    @property
    def ended(self) -> bool:
        return self._inflate.eof

    @property
    def beyond(self) -> bytes:
        return self._inflate.unused_data


class _Deflate(_Zlib):
    """`deflate` means zlib, but many servers send it without zlib's two header bytes; both are read."""

    def __init__(self) -> None:
        super().__init__(zlib.MAX_WBITS)
        self._start: bytes | None = b""

    def step(self, data: bytes) -> bytes:
        if self._start is None:
            return super().step(data)
        self._start += data
        if len(self._start) < 2:
            return b""
        data, self._start = self._start, None
        if data[0] & 0x0F != 8 or (data[0] << 8 | data[1]) % 31:  # RFC 1950 §2.2: method 8, header a multiple of 31
            self._inflate = zlib.decompressobj(_RAW_DEFLATE)
        return super().step(data)


class _Brotli:
    def __init__(self) -> None:
        import brotli  # type: ignore[import-not-found,unused-ignore]  # optional, and without types

        # Before 1.2 a step could not be bounded, and a bomb of a few bytes would be decoded whole.
        if not hasattr(brotli.Decompressor, "can_accept_more_data"):
            raise ImportError("brotli is older than 1.2")
        self.errors: tuple[type[Exception], ...] = (brotli.error,)
        self._decompressor: Any = brotli.Decompressor()
        self._waiting = b""

    def step(self, data: bytes) -> bytes:
        taken, self._waiting = (data, b"") if self._decompressor.can_accept_more_data() else (b"", data)
        return bytes(self._decompressor.process(taken, output_buffer_limit=PIECE_BYTES))

    @property
    def left_over(self) -> bytes:
        return self._waiting

    @property
    def ended(self) -> bool:
        return bool(self._decompressor.is_finished())

    @property
    def beyond(self) -> bytes:
        return b""


class _Zstandard:
    def __init__(self) -> None:
        try:
            from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # Python 3.14
        except ImportError:
            from backports import zstd  # type: ignore[import-not-found,unused-ignore]  # the same API for older ones
        self.errors: tuple[type[Exception], ...] = (zstd.ZstdError,)
        self._decompressor: Any = zstd.ZstdDecompressor()

    def step(self, data: bytes) -> bytes:
        return bytes(self._decompressor.decompress(data, PIECE_BYTES))

    left_over = b""  # it keeps what it has not yet read

    @property
    def ended(self) -> bool:
        return bool(self._decompressor.eof)

    @property
    def beyond(self) -> bytes:
        return bytes(self._decompressor.unused_data)


_STREAMS: dict[str, Callable[[], _Stream]] = {
    "gzip": lambda: _Zlib(_GZIP),
    "x-gzip": lambda: _Zlib(_GZIP),
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstandard,
}
_MANY = {"gzip", "x-gzip", "zstd"}  # encodings of which several streams may follow one another


class BodyDecoder:
    """Decodes one body. Feed raw bytes, take pieces until there is none, and `finish` at the end of the body."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._make = _STREAMS[encoding]
        self._stream = self._make()
        self._input = b""
        self._fresh = True  # nothing was fed to this stream
        self._full = False  # the last piece was cut at the bound: there may be more without further input

    def feed(self, data: bytes) -> None:
        """Give the next raw bytes. All pieces of the ones before must have been taken."""
        self._input = self._input + data if self._input else data

    def take(self) -> bytes:
        """The next decoded piece, at most `PIECE_BYTES` (of `br` twice that); `b""` when more raw bytes are needed.

        Raises:
            ProtocolError: The bytes are not what the encoding says.
        """
        while self._input or self._full:
            if self._stream.ended and not self._next_stream():
                return b""
            piece = self._step()
            if piece:
                return piece
        return b""

    def _step(self) -> bytes:
        stream, data = self._stream, self._input
        self._fresh = False
        try:
            piece = stream.step(data)
        except stream.errors as error:
            raise ProtocolError(f"the answer's body is not {self._encoding}: {error}") from error
        self._full = len(piece) >= PIECE_BYTES or bool(stream.left_over)
        self._input = stream.beyond if stream.ended else stream.left_over
        if stream.ended:
            self._full = False
        return piece

    def _next_stream(self) -> bool:
        """Begin the stream that follows the ended one; False while it cannot be told whether one does."""
        if self._encoding not in _MANY or (self._encoding != "zstd" and not self._looks_like_gzip()):
            raise ProtocolError(f"the answer's body has bytes after its {self._encoding} end")
        if len(self._input) < len(_GZIP_MAGIC):
            return False
        self._stream = self._make()
        return True

    def _looks_like_gzip(self) -> bool:
        return _GZIP_MAGIC.startswith(self._input[:2])

    def finish(self) -> None:
        """The body has ended: so must its encoding have.

        Raises:
            ProtocolError: It was cut short.
        """
        if self._input or not (self._stream.ended or self._fresh):
            raise ProtocolError(f"the answer's body ended in the middle of its {self._encoding} encoding")


def decoder_for(content_encoding: str | None) -> BodyDecoder | None:
    """A decoder for a `Content-Encoding` header; None where there is nothing to decode.

    Args:
        content_encoding: The header's value, or None where it is absent.

    Raises:
        ProtocolError: The encoding is not known, several are nested (nobody asked for one), or the library for `br`
            (brotli >= 1.2) or `zstd` (Python 3.14 or backports.zstd) is not installed.
    """
    names = [name.strip().lower() for name in (content_encoding or "").split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return None
    if len(names) > 1 or names[0] not in _STREAMS:
        raise ProtocolError(f"the answer's body is encoded as {', '.join(names)[:80]!r}, which we did not ask for")
    try:
        return BodyDecoder(names[0])
    except ImportError as error:
        raise ProtocolError(
            f"the answer's body is encoded as {names[0]!r} and no library for it is installed"
        ) from error
