"""An InvokeModelWithResponseStream answer, read as it comes.

Here: frames to the native objects they carry, and what the service adds to those. Not here: frames (framing/), what the
objects mean (the body's reader). Called by: codec.py.
Follows: the service model `bedrock-runtime/2023-09-30`, ResponseStream.

Rule: a `chunk` holds a JSON document in base64, inside JSON. The last one carries the service's own count too.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping

import jiter

from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.invoke.headers import counted
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.codecs.shared.streams import BodyStreamDecoder
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event, OpaqueEvent
from bedrock_llm.framing.aws_eventstream import EventStreamDecoder, Frame

__all__ = ["GUARDRAIL_ACTION", "InvokeStreamDecoder"]

METRICS = "amazon-bedrock-invocationMetrics"
GUARDRAIL_ACTION = "amazon-bedrock-guardrailAction"
GUARDRAIL_TRACE = "amazon-bedrock-trace"
_OURS = (METRICS, GUARDRAIL_ACTION, GUARDRAIL_TRACE)


class InvokeStreamDecoder(BodyStreamDecoder):
    """Reads the event stream of one answer.

    Args:
        reader: Of the native objects.
        served: What the headers say of the tier and the latency; goes to `Response.raw`.
    """

    def __init__(self, reader: EventReader, served: Mapping[str, Json]) -> None:
        super().__init__(reader, EventStreamDecoder())
        self._served = dict(served)

    def read(self, frame: Frame, events: list[Event]) -> None:
        """Read one frame."""
        headers, body = frame
        if headers.get(":message-type") != "event":
            from bedrock_llm.codecs.shared.aws_errors import from_frame  # needed where something failed

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
            self.reader.take(payload, events)
        self.reader.settle(events)

    def _without_ours(self, payload: dict[str, Json], events: list[Event]) -> dict[str, Json]:
        """The model's own object; what the service put in is read and goes to `Response.raw`."""
        ours = {name: payload[name] for name in _OURS if name in payload}
        if ours.get(METRICS).__class__ is dict:
            self.reader.counted = counted(ours[METRICS]) or self.reader.counted
        if ours.get(GUARDRAIL_ACTION) == "INTERVENED":
            self.reader.intervened = True
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
