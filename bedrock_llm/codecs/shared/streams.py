"""Streamed answers of native bodies, whatever frames carry them; and answers that came whole instead.

Here: the order of things. Not here: frames (framing/), what a frame holds (the codec that carries bodies), what the
objects mean (the body's reader). Called by: invoke/, direct/.

Rule: events that stood before something broken are handed out first. Then `complete` is true, as nothing more is waited
for, and the next call raises.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from bedrock_llm.codecs.base import StreamDecoder
from bedrock_llm.codecs.body import EventReader
from bedrock_llm.errors import LLMError, ProtocolError, StreamInterruptedError
from bedrock_llm.events import Event, events_of
from bedrock_llm.response import Response, ResponseWarning

__all__ = ["BodyStreamDecoder", "Frames", "WholeAnswerDecoder"]


class Frames(Protocol):
    """What takes a body apart into frames."""

    @property
    def error(self) -> LLMError | None:
        """What broke it, once something did and the frames before it were handed out."""

    def feed(self, data: bytes) -> Iterable[Any]:
        """The frames that `data` completes."""

    def close(self) -> Iterable[Any] | None:
        """The last frames, at the end of the body. Raises where it ended in the middle of one, or was broken."""


class BodyStreamDecoder(StreamDecoder):
    """Reads the frames of one answer.

    Args:
        reader: Of the objects in them.
        frames: What takes the body apart.

    Attributes:
        error: What broke the stream, once something did and the events before it were handed out.
    """

    def __init__(self, reader: EventReader, frames: Frames) -> None:
        self.complete = False
        self.error: LLMError | None = None
        self.reader: EventReader = reader
        self._frames = frames

    @property
    def warnings(self) -> Sequence[ResponseWarning]:  # type: ignore[override]  # read only
        """What the answer gave cause to warn of; known once it is complete."""
        return self.reader.warnings

    @property
    def answered(self) -> bool:  # type: ignore[override]  # read only
        """Whether the answer is whole, though its count may follow it still."""
        return self.reader.answered

    @abstractmethod
    def read(self, frame: Any, events: list[Event]) -> None:
        """Read one frame, and add the events that it completes."""

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
                self.read(frame, events)
                if self.reader.complete:
                    self.complete = True
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
            try:
                for frame in self._frames.close() or ():
                    self.read(frame, events)
            except ProtocolError as error:  # only what stood at the very end can have been cut
                if self._frames.error is not None:
                    raise
                raise StreamInterruptedError("the stream ended in the middle of an event") from error
        if not self.reader.complete:
            self.reader.end(events)
        self.complete = True
        return events


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
