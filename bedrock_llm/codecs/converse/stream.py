"""A ConverseStream answer, read as it comes.

Here: frames to events, what ends the answer, what breaks it. Not here: frames (framing/), which block is open
(open_blocks.py), the blocks themselves (assembly.py), error classes (shared/aws_errors.py). Called by: codec.py.
Follows: the service model `bedrock-runtime/2023-09-30`, ConverseStreamOutput.

Rule 1: the answer is complete with `messageStop` and `metadata`, in either order, or with `messageStop` and the end of
        the body; what comes after is not looked at.
Rule 2: events that stood before something broken are handed out first. Then `complete` is true, as nothing more is
        waited for, and the next call raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jiter

from bedrock_llm.codecs.base import StreamDecoder
from bedrock_llm.codecs.converse.decode import decode, read_usage
from bedrock_llm.codecs.converse.open_blocks import OpenBlocks
from bedrock_llm.codecs.converse.schema import NAME, STOP_REASONS
from bedrock_llm.codecs.shared.reading import USAGE_MISSING, Json, stop_reason_of
from bedrock_llm.errors import LLMError, ProtocolError, StreamInterruptedError
from bedrock_llm.events import Event, Finished, OpaqueEvent, UsageReported, events_of
from bedrock_llm.framing.aws_eventstream import EventStreamDecoder, Frame
from bedrock_llm.response import ResponseWarning, StopReason

__all__ = ["ConverseStreamDecoder", "WholeAnswerDecoder"]

_PADDING = "p"  # random letters that hide the length of a delta; undocumented, always there


class ConverseStreamDecoder(OpenBlocks, StreamDecoder):
    """Reads the event stream of one answer.

    Args:
        family: Of the model asked; stands on its reasoning.

    Attributes:
        warnings: What the answer lacked; complete once `complete` is true.
        error: What broke the stream, once something did and the events before it were handed out.
    """

    def __init__(self, family: str | None = None) -> None:
        super().__init__(family)
        self.complete = False
        self.warnings: Sequence[ResponseWarning] = []
        self.error: LLMError | None = None
        self._frames = EventStreamDecoder()
        self._stopped: tuple[StopReason, str | None] | None = None
        self._usage_seen = False
        self._warned: dict[str, ResponseWarning | None] = {"stop": None, "usage": USAGE_MISSING}

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
        if self.complete:
            return []
        if self._stopped is None:
            self._frames.close()
            raise StreamInterruptedError("the stream ended before the answer was complete: no messageStop came")
        return [self._finished()]

    def _read(self, frame: Frame, events: list[Event]) -> None:
        """One frame. The first lines are the path of every text delta of an answer."""
        headers, body = frame
        if headers.get(":message-type") != "event":
            from bedrock_llm.codecs.shared.aws_errors import from_frame  # needed where something failed

            raise from_frame(frame)
        kind = headers.get(":event-type")
        try:
            payload = jiter.from_json(body)
        except ValueError as error:
            raise ProtocolError(f"a {kind!r} event is not JSON: {error}", excerpt=repr(body[:400])) from error
        if payload.__class__ is not dict:
            raise ProtocolError(f"a {kind!r} event is no JSON object", excerpt=repr(body[:400]))
        step = _STEPS.get(kind)  # type: ignore[arg-type]  # a header of another type is simply not found
        if step is not None:
            step(self, payload, events)
        else:
            events.append(OpaqueEvent(NAME, str(kind), payload))

    def _on_message_stop(self, payload: Json, events: list[Event]) -> None:
        self.cut(events)
        word = payload.get("stopReason")
        reason, self._warned["stop"] = stop_reason_of(word, STOP_REASONS, "stopReason", has_calls=self.calls > 0)
        self._stopped, self.answered = (reason, word), True
        _keep_rest(payload, {"stopReason", _PADDING}, events)
        if self._usage_seen:
            events.append(self._finished())

    def _on_metadata(self, payload: Json, events: list[Event]) -> None:
        self._usage_seen = True
        usage, self._warned["usage"] = read_usage(payload.get("usage"))
        events.append(UsageReported(usage))
        _keep_rest(payload, {_PADDING}, events)  # usage too: it may count what we have no name for
        if self._stopped is not None:
            events.append(self._finished())

    def _finished(self) -> Event:
        assert self._stopped is not None  # only called once it is set
        self.complete = True
        self.warnings = [warning for warning in self._warned.values() if warning is not None]
        return Finished(*self._stopped)


def _keep_rest(payload: Json, known: set[str], events: list[Event]) -> None:
    """What an event says beside what we read goes to `Response.raw`."""
    rest = {name: value for name, value in payload.items() if name not in known}
    if rest:
        events.append(OpaqueEvent(NAME, "response", rest))


_STEPS: Mapping[str, Callable[[ConverseStreamDecoder, Json, list[Event]], None]] = {
    "contentBlockDelta": ConverseStreamDecoder.on_delta,
    "contentBlockStart": ConverseStreamDecoder.on_block_start,
    "contentBlockStop": ConverseStreamDecoder.on_block_stop,
    "messageStart": ConverseStreamDecoder.on_message_start,
    "messageStop": ConverseStreamDecoder._on_message_stop,  # noqa: SLF001  # the class's own table
    "metadata": ConverseStreamDecoder._on_metadata,  # noqa: SLF001
}


class WholeAnswerDecoder(StreamDecoder):
    """Reads an answer that came as JSON where a stream was asked for: whole, at its end.

    Attributes:
        warnings: As of the whole answer.
    """

    def __init__(self, headers: Mapping[str, str], family: str | None = None) -> None:
        self.complete = False
        self.warnings: Sequence[ResponseWarning] = []
        self._headers = headers
        self._family = family
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
        response: Any = decode(b"".join(self._pieces), self._headers, self._family)
        self.complete, self.warnings = True, list(response.warnings)
        return events_of(response)
