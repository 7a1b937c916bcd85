"""A streamed answer over plain HTTPS: server-sent events, or lines of JSON.

Here: frames to the objects they carry. Not here: frames (framing/), what the objects mean (the body's reader). Called
by: codec.py.

Rule: `data: [DONE]` is the end of the answer, whatever may follow it.
"""

from __future__ import annotations

import jiter

from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.codecs.shared.streams import BodyStreamDecoder
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event
from bedrock_llm.framing.ndjson import NDJSONDecoder
from bedrock_llm.framing.sse import ServerEvent, SSEDecoder

__all__ = ["DirectStreamDecoder", "LinesDecoder"]

DONE = b"[DONE]"


class DirectStreamDecoder(BodyStreamDecoder):
    """Reads the server-sent events of one answer.

    Args:
        reader: Of the objects in them.
    """

    def __init__(self, reader: EventReader) -> None:
        super().__init__(reader, SSEDecoder())

    def read(self, frame: ServerEvent, events: list[Event]) -> None:
        """Read one event."""
        data = frame.data
        reader = self.reader
        if data == DONE:
            reader.take("[DONE]", events)
            if not reader.complete:
                reader.end(events)
            return
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
