r"""Server-sent events: bytes in, events out.

Here: the decoder, which does not care how the bytes were cut. Not here: what the events mean (codecs/), connecting
again. Called by: the codecs of all services that stream over plain HTTPS.
Follows: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

    stream = [U+FEFF] event*          event = line* (blank line)
    line   = name [":" [" "] value] (\n | \r | \r\n)          no name: a comment
    names  = event | data | id | retry; others mean nothing

Rule 1: lines are found in the bytes: U+2028, U+2029, U+0085 and the like, which JSON may hold as they are, end none.
Rule 2: what is not UTF-8 becomes U+FFFD, before anything is read; no line end is part of a longer character.
Rule 3: there is one departure from the standard, which throws away an event that no blank line ends: `close` hands it
        out, as services leave the last blank line off. An incomplete last line counts: whether what it holds was cut is
        for its reader to find out.
Rule 4: a byte is copied and looked at a fixed number of times, however it was cut: `_held` keeps what is no whole event
        yet, and only what is new is searched for its end.
Rule 5: an event is bounded, its comments included. Whole events that stood before one that is too long are handed out
        first; the next call raises.
"""

from __future__ import annotations

from typing import NamedTuple

from bedrock_llm.errors import ProtocolError

__all__ = ["SSEDecoder", "ServerEvent"]

MAX_EVENT_BYTES = 24 * 1024 * 1024  # as an event-stream payload
_MAX_RETRY_DIGITS = 15  # thirty thousand years
_SHOWN_BYTES = 1000  # of what is refused; the error cuts it to its own limit after redaction

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK_LINE = b"\n\n"
_RETURN = 13  # as a number, which is found seven times faster than as b"\r"


class ServerEvent(NamedTuple):
    """One event of the stream.

    Attributes:
        event: Its type; "message" where it names none.
        data: Its `data` lines joined with a newline, valid UTF-8; may be empty. An event without such a line is none.
        id: The last `id` of the stream so far, this event's included; empty where there was none.
    """

    event: str
    data: bytes
    id: str


class SSEDecoder:
    """Cuts a stream of bytes into events.

    Attributes:
        error: What broke the stream, once something did; a codec raises it after the last whole events are handed on.
        retry_ms: The last pause before connecting again that the server asked for, in milliseconds.
    """

    __slots__ = ("_after_return", "_held", "_id", "_start", "error", "retry_ms")

    def __init__(self) -> None:
        self.error: ProtocolError | None = None
        self.retry_ms: int | None = None
        self._held = bytearray()  # its lines end with \n
        self._id = ""
        self._start: bytes | None = b""  # the first bytes, as long as they may become a byte order mark
        self._after_return = False  # the last byte was a \r, and a \n would belong to it

    def feed(self, data: bytes) -> list[ServerEvent]:
        """Take the next bytes.

        Args:
            data: Any number of bytes, cut anywhere.

        Returns:
            The events that are now complete, in order; those before one that is too long included.

        Raises:
            ProtocolError: An event is longer than 24 MiB. Every later call raises it again.
        """
        if self.error is not None:
            raise _again(self.error)
        if self._after_return or self._start is not None or data.__class__ is not bytes or _RETURN in data:
            data = self._normalised(bytes(data))
        held = self._held
        events: list[ServerEvent] = []
        if held:
            searched = len(held) - 1
            held += data
            end = held.rfind(_BLANK_LINE, searched)
            if end >= 0:
                data = bytes(held)
                held.clear()
        else:
            end = data.rfind(_BLANK_LINE)
            if end < 0:
                held += data
        if end >= 0:
            if end + 2 < len(data):
                held += data[end + 2 :]
            self._read(data[: end + 1], events)
        if len(held) > MAX_EVENT_BYTES and _too_long(held):
            self._refuse(held)
        if self.error is not None and not events:
            raise _again(self.error)
        return events

    def close(self) -> list[ServerEvent]:
        """Say that the body has ended.

        Returns:
            The event that no blank line ended, if there is one; its last line may be cut.

        Raises:
            ProtocolError: The stream was broken before, or its last event is too long.
        """
        events: list[ServerEvent] = []
        if self.error is None:
            rest = bytes(self._held) + b"\n"
            self._held.clear()
            self._read(rest, events)
        if self.error is not None:
            raise _again(self.error)
        return events

    def _normalised(self, data: bytes) -> bytes:
        """`data` with one kind of line end, and without a byte order mark at the start of the stream."""
        if self._start is not None:
            data = self._start + data
            if len(data) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(data):
                self._start = data
                return b""
            self._start = None
            data = data.removeprefix(_BYTE_ORDER_MARK)
        if self._after_return and data:
            data = data.removeprefix(b"\n")
            self._after_return = False
        if _RETURN in data:
            self._after_return = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _read(self, data: bytes, events: list[ServerEvent]) -> None:
        """Append the events of whole lines, the last of them blank. Every delta of an answer passes here."""
        if not data.isascii():
            data = _as_utf8(data)
        if len(data) > MAX_EVENT_BYTES:
            data = self._bounded(data)
        make, append = tuple.__new__, events.append
        kind = "message"
        values: list[bytes] = []
        for line in data.split(b"\n"):
            if not line:
                if values:
                    append(make(ServerEvent, (kind, b"\n".join(values), self._id)))
                    values.clear()
                kind = "message"
            elif line[:6] == b"data: ":
                values.append(line[6:])
            elif line[:7] == b"event: ":
                kind = line[7:].decode() or "message"
            else:
                kind = self._field(line, kind, values)

    def _field(self, line: bytes, kind: str, values: list[bytes]) -> str:
        """Read a line however it is written; the type that the event now has."""
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            values.append(value)
        elif name == b"event":
            return value.decode() or "message"
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode()
        elif name == b"retry" and value.isdigit() and len(value) <= _MAX_RETRY_DIGITS:
            self.retry_ms = int(value)
        return kind

    def _bounded(self, data: bytes) -> bytes:
        """What stands before an event that is too long."""
        blocks = data.split(_BLANK_LINE)
        for place, block in enumerate(blocks):
            if _too_long(block):
                self._refuse(block)
                return _BLANK_LINE.join([*blocks[:place], b""])
        return data

    def _refuse(self, block: bytes | bytearray) -> None:
        if self.error is None:
            shown = repr(bytes(block[:_SHOWN_BYTES]).strip(b"\n").decode("utf-8", "replace"))[1:-1]
            self.error = ProtocolError(f"a server-sent event is longer than {MAX_EVENT_BYTES} bytes", excerpt=shown)
        self._held.clear()


def _again(error: ProtocolError) -> ProtocolError:
    """A fresh copy, so that no traceback grows."""
    return ProtocolError(error.message, excerpt=error.excerpt)


def _too_long(block: bytes | bytearray) -> bool:
    """Whether it is, blank lines around it not counted: how many there are depends on the cuts."""
    return len(block) > MAX_EVENT_BYTES and len(block.strip(b"\n")) > MAX_EVENT_BYTES


def _as_utf8(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data
