"""The seam of a native body: how a family of models is written to, whatever carries it.

Here: `Body` and `EventReader`. Not here: what carries a body (Bedrock's InvokeModel in invoke/, a provider's own API),
any family (the folders beside this file). Called by: the codecs that carry bodies.

A body is JSON objects in and out. The same one goes through Bedrock's InvokeModel and through its maker's own API.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

from bedrock_llm.codecs.shared.reading import USAGE_MISSING, Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import StreamInterruptedError
from bedrock_llm.events import Event, Finished, UsageReported
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning, StopReason, Usage

__all__ = ["Body", "EventReader", "completed"]


class EventReader(ABC):
    """Reads the JSON objects of one streamed answer.

    A reader calls `stop` where the answer says that it ended, and sets `usage` where it counts; the last events are
    made here. An answer whose end was seen, but not what was used, waits for the next object or the end of the body.

    Attributes:
        complete: Whether the last event was given: nothing more is waited for.
        usage: What the answer counts of itself, or None so far.
        counted: What whoever carries the answer counted; taken where the answer's own count lacks.
        intervened: Whether a guardrail changed the answer: it then ended for `content_filter`.
        warnings: What the answer gave cause to warn of; known once it is complete.
    """

    def __init__(self) -> None:
        self.complete: bool = False
        self.usage: Usage | None = None
        self.counted: Usage | None = None
        self.intervened: bool = False
        self.warnings: list[ResponseWarning] = []
        self._stopped: tuple[StopReason, str | None] | None = None

    @property
    def answered(self) -> bool:
        """Whether the answer is whole, though a count may follow it still."""
        return self._stopped is not None

    @abstractmethod
    def take(self, payload: Json, events: list[Event]) -> None:
        """Read one object, and add the events that it completes.

        Raises:
            ProtocolError: It is not what the format allows here.
            LLMError: The provider reported an error inside the stream.
        """

    def stop(self, reason: StopReason, word: str | None, warning: ResponseWarning | None = None) -> None:
        """The answer has said why it ended; all parts of it were given."""
        self._stopped = (reason, word)
        if warning is not None:
            self.warnings.append(warning)

    def settle(self, events: list[Event]) -> None:
        """After each object: the last events, if the answer and its count are there."""
        if self._stopped is not None and not self.complete and self.best_usage() is not None:
            self._finish(events)

    def end(self, events: list[Event]) -> None:
        """The last events, at the end of the body.

        Raises:
            StreamInterruptedError: The answer had not said that it was complete.
        """
        if self._stopped is None:
            raise StreamInterruptedError("the stream ended before the answer said that it was complete")
        if not self.complete:
            self._finish(events)

    def best_usage(self) -> Usage | None:
        """The answer's own count, and for what it does not say the carrier's."""
        return completed(self.usage, self.counted)

    def _finish(self, events: list[Event]) -> None:
        assert self._stopped is not None  # both callers have seen it
        usage = self.best_usage()
        if usage is None or usage.input_tokens is None or usage.output_tokens is None:
            self.warnings.append(USAGE_MISSING)
        events.append(UsageReported(usage or Usage()))
        reason, word = self._stopped
        events.append(Finished(StopReason.content_filter if self.intervened else reason, word))
        self.complete = True


def completed(own: Usage | None, counted: Usage | None) -> Usage | None:
    """A count with what it lacks taken from another; the other one where it lacks input or output."""
    if own is None or counted is None:
        return own or counted
    if own.input_tokens is None or own.output_tokens is None:
        return counted
    names = ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
    lacking = {name: getattr(counted, name) for name in names if getattr(own, name) is None}
    return replace(own, **lacking) if lacking else own


class Body(ABC):
    """How one family of models is written to.

    Attributes:
        name: The wire's name, which stands on its own blocks (`Opaque.provider`), e.g. `anthropic_messages`.
        takes_metadata: Whether the body itself has a member for the parameter `metadata`.
    """

    name: ClassVar[str]
    takes_metadata: ClassVar[bool] = False

    @abstractmethod
    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this body and the model take it, and what was left out or repaired. Pure.

        `guardrail`, `metadata`, `service_tier`, `latency` and `extra_headers` are the carrier's; `extra_body` and
        `additional_model_request_fields` are merged over the body by it.

        Raises:
            UnsupportedFeatureError: The model lacks what the request is about.
        """

    def streams(self, request: Request, config: ModelConfig) -> bool:
        """Whether the model streams with the features this request uses. Unknown models do."""
        if config.feature("streaming") is False:
            return False
        return not request.get("tools") or config.feature("streaming_with_tools") is not False

    @abstractmethod
    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object; the same request always gives the same members in the same order.

        Raises:
            InvalidRequestError: It cannot be written so; names the parameter or message.
        """

    @abstractmethod
    def read(self, data: Json, config: ModelConfig) -> Response[Any]:
        """A whole answer. `raw`, ids, and a usage that the answer does not say are the carrier's to add.

        Raises:
            ProtocolError: It is none.
        """

    @abstractmethod
    def reader(self, config: ModelConfig) -> EventReader:
        """What reads a streamed answer."""

    def price_class(self, raw: Any) -> str | None:
        """The prefix of the prices that an answer (`Response.raw`) is billed at, where the answer itself says so."""
        del raw
        return None
