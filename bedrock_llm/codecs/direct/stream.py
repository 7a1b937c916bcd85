"""A streamed answer over plain HTTPS: server-sent events, or lines of JSON.

Here: frames to the objects they carry. Not here: frames (framing/), what the objects mean (the body's reader). Called
by: codec.py.

Rule 1: `data: [DONE]` is the end of the answer, whatever may follow it.
Rule 2: what calls itself a stream and begins like a JSON document is read as one: a whole answer, or an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jiter

from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.codecs.shared.streams import BodyStreamDecoder, WholeAnswerDecoder
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event
from bedrock_llm.framing.ndjson import NDJSONDecoder
from bedrock_llm.framing.sse import ServerEvent, SSEDecoder
from bedrock_llm.response import Response

__all__ = ["DirectStreamDecoder", "LinesDecoder"]

DONE = b"[DONE]"
_BLANK = b" \t\r\n"


class DirectStreamDecoder(BodyStreamDecoder):
    """Reads the server-sent events of one answer.

    Args:
        reader: Of the objects in them.
        decode: Reads an answer that came whole after all.
    """

    def __init__(self, reader: EventReader, decode: Callable[[bytes], Response[Any]]) -> None:
        super().__init__(reader, SSEDecoder())
        self._decode = decode
        self._begun = False
        self._whole: WholeAnswerDecoder | None = None

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, in order. Errors as in the base."""
        if not self._begun and (start := data.lstrip(_BLANK)):
            self._begun = True
            if start[:1] == b"{":
                self._whole = WholeAnswerDecoder(self._decode)
        return super().feed(data) if self._whole is None else self._whole.feed(data)

    def close(self) -> list[Event]:
        """The last events, at the end of the body. Errors as in the base."""
        if self._whole is None:
            return super().close()
        events = self._whole.close()
        self.complete = True
        self.reader.warnings[:] = self._whole.warnings
        return events

    def read(self, frame: ServerEvent, events: list[Event]) -> None:
        """Read one event."""
        data, reader = frame.data, self.reader
        if data == DONE:
            reader.take("[DONE]", events)
            if not reader.complete:
                reader.end(events)
        elif data:
            reader.take(_json(data), events)
            reader.settle(events)


class LinesDecoder(BodyStreamDecoder):
    """Reads the lines of one answer.

    Args:
        reader: Of the objects in them.
    """

    def __init__(self, reader: EventReader) -> None:
        super().__init__(reader, NDJSONDecoder())

    def read(self, frame: bytes, events: list[Event]) -> None:
        """Read one line."""
        self.reader.take(_json(frame), events)
        self.reader.settle(events)


def _json(data: bytes) -> Json:
    try:
        return jiter.from_json(data)
    except ValueError as error:
        raise ProtocolError(f"an event of the answer is not JSON: {error}", excerpt=repr(data[:400])) from error
