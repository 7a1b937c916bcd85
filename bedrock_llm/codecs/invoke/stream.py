"""An InvokeModelWithResponseStream answer, read as it comes.

Here: frames to the native objects they carry, and what the service adds to those. Not here: frames (framing/), what the
objects mean (the body's reader). Called by: codec.py.
Follows: the service model `bedrock-runtime/2023-09-30`, ResponseStream.

Rule 1: a `chunk` holds a JSON document in base64, inside JSON. The last one carries the service's own count too.
Rule 2: events that stood before something broken are handed out first. Then `complete` is true, as nothing more is
        waited for, and the next call raises.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jiter

from bedrock_llm.codecs.base import StreamDecoder
from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.invoke.headers import counted
from bedrock_llm.codecs.shared.aws_errors import from_frame
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import LLMError, ProtocolError
from bedrock_llm.events import Event, OpaqueEvent, events_of
from bedrock_llm.framing.aws_eventstream import EventStreamDecoder, Frame
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["GUARDRAIL_ACTION", "InvokeStreamDecoder", "WholeAnswerDecoder"]

METRICS = "amazon-bedrock-invocationMetrics"
GUARDRAIL_ACTION = "amazon-bedrock-guardrailAction"
GUARDRAIL_TRACE = "amazon-bedrock-trace"
_OURS = (METRICS, GUARDRAIL_ACTION, GUARDRAIL_TRACE)


class InvokeStreamDecoder(StreamDecoder):
    """Reads the event stream of one answer.

    Args:
        reader: Of the native objects.
        served: What the headers say of the tier and the latency; goes to `Response.raw`.

    Attributes:
        error: What broke the stream, once something did and the events before it were handed out.
    """

    def __init__(self, reader: EventReader, served: Mapping[str, Json]) -> None:
        self.complete = False
        self.error: LLMError | None = None
        self._reader = reader
        self._frames = EventStreamDecoder()
        self._served = dict(served)

    @property
    def warnings(self) -> Sequence[ResponseWarning]:  # type: ignore[override]  # read only
        """What the answer gave cause to warn of; known once it is complete."""
        return self._reader.warnings

    @property
    def answered(self) -> bool:  # type: ignore[override]  # read only
        """Whether the answer is whole, though its count may follow it still."""
        return self._reader.answered

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, in order.

        Raises:
            ProtocolError: The stream is broken, and no event stood before the break in `data`.
            LLMError: The service reported an error inside the stream; the same class as outside.
        """
        if self.error is not None:
            raise self.error
        events: list[Event] = []
        if self.complete:
            return events
        try:
            for frame in self._frames.feed(data):
                self._read(frame, events)
                if self.complete:
                    return events
            if self._frames.error is not None:
                self._frames.close()
        except LLMError as error:
            self.error, self.complete = error, True
            if not events:
                raise
        return events

    def close(self) -> list[Event]:
        """The last events, at the end of the body.

        Raises:
            StreamInterruptedError: The answer had not said that it was complete.
            LLMError: What broke the stream before.
        """
        if self.error is not None:
            raise self.error
        events: list[Event] = []
        if self.complete:
            return events
        if not self.answered:
            self._frames.close()
        self._reader.end(events)
        self.complete = True
        return events

    def _read(self, frame: Frame, events: list[Event]) -> None:
        headers, body = frame
        if headers.get(":message-type") != "event":
            raise from_frame(frame)
        if headers.get(":event-type") != "chunk":
            events.append(OpaqueEvent("invoke", str(headers.get(":event-type")), _json(body)))
            return
        payload = _chunk(body)
        if self._served:
            events.append(OpaqueEvent("invoke", "response", self._served))
            self._served = {}
        if payload.__class__ is dict and not payload.keys().isdisjoint(_OURS):
            payload = self._without_ours(payload, events)
        if payload:
            self._reader.take(payload, events)
        self._reader.settle(events)
        self.complete = self._reader.complete

    def _without_ours(self, payload: dict[str, Json], events: list[Event]) -> dict[str, Json]:
        """The model's own object; what the service put in is read and goes to `Response.raw`."""
        ours = {name: payload[name] for name in _OURS if name in payload}
        if ours.get(METRICS).__class__ is dict:
            self._reader.counted = counted(ours[METRICS]) or self._reader.counted
        if ours.get(GUARDRAIL_ACTION) == "INTERVENED":
            self._reader.intervened = True
        events.append(OpaqueEvent("invoke", "response", ours))
        return {name: value for name, value in payload.items() if name not in ours}


def _json(body: bytes) -> Json:
    try:
        return jiter.from_json(body)
    except ValueError as error:
        raise ProtocolError(f"an event of the answer is not JSON: {error}", excerpt=repr(body[:400])) from error


def _chunk(body: bytes) -> Json:
    """The document inside a `chunk` event."""
    payload = _json(body)
    text = payload.get("bytes") if payload.__class__ is dict else None
    if text.__class__ is not str:
        raise ProtocolError("a chunk of the answer holds no bytes", excerpt=repr(body[:400]))
    try:
        return _json(binascii.a2b_base64(text, strict_mode=True))
    except binascii.Error as error:
        raise ProtocolError(f"a chunk of the answer is not base64: {error}", excerpt=repr(body[:400])) from error


class WholeAnswerDecoder(StreamDecoder):
    """Reads an answer that came as JSON where a stream was asked for: whole, at its end.

    Args:
        decode: Reads a whole answer.
    """

    def __init__(self, decode: Callable[[bytes], Response[Any]]) -> None:
        self.complete = False
        self.warnings = ()
        self._decode = decode
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[Event]:
        """Nothing yet; the answer is read at its end."""
        self._pieces.append(bytes(data))
        return []

    def close(self) -> list[Event]:
        """All events of the answer.

        Raises:
            ProtocolError: It is none.
        """
        if self.complete:
            return []
        response = self._decode(b"".join(self._pieces))
        self.complete, self.warnings = True, tuple(response.warnings)
        return events_of(response)
