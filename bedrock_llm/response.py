"""What comes back: `Response` and what it is made of.

Here: frozen values. Not here: how a wire is read (codecs/), how events are folded (events.py), where prices come from
(catalog/). Called by: codecs, flow, observers, users.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, TypeVar

from bedrock_llm.errors import Billed
from bedrock_llm.messages import Message, Thinking, ToolCall
from bedrock_llm.request import Request
from bedrock_llm.values import DECIMAL, Converter, Value, frozen, many, one

__all__ = [
    "Attempt",
    "Cost",
    "CostLine",
    "Response",
    "ResponseWarning",
    "StopReason",
    "TokenCount",
    "Usage",
]

T = TypeVar("T")


class StopReason(StrEnum):
    """Why an answer ended, in one vocabulary for all providers."""

    stop = "stop"
    length = "length"
    tool_use = "tool_use"
    content_filter = "content_filter"
    pause = "pause"
    error = "error"
    other = "other"


@frozen
class ResponseWarning(Value):
    """Something that was not done as asked, or was mended, without failing the call.

    Attributes:
        kind: "unsupported" (a parameter was left out), "repaired" (the history was mended), "dropped" (messages were
            cut to fit), "incomplete" (the answer lacks something it should have), "unknown_model", or "other".
        message: What happened, in a sentence.
        parameter: The parameter or message it is about, e.g. `top_k` or `messages[3]`; or None.
        details: Figures, e.g. `{"messages": 4, "tokens": 812}`; or None.
    """

    kind: str
    message: str
    parameter: str | None = None
    details: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return self.message


def _sum(first: int | None, *rest: int | None) -> int | None:
    return None if first is None else first + sum(count for count in rest if count)


@frozen
class Usage(Value):
    """What was used, in buckets that do not overlap: nothing is counted twice.

    A bucket that the wire documents and an answer lacks is 0; one that the wire cannot tell is None.

    Attributes:
        input_tokens: Input that was neither read from nor written to a cache.
        cache_read_tokens: Input read from the prompt cache.
        cache_write_tokens: Input written to it for 5 minutes.
        cache_write_1h_tokens: Input written to it for 1 hour.
        output_tokens: All output, reasoning included.
        input_audio_tokens: Audio input.
        output_audio_tokens: Audio output.
        input_image_tokens: Image input, where it is counted apart.
        searches: Searches the provider made.
        images: Images made.
        reasoning_tokens: The part of `output_tokens` that was reasoning; never added to a total.
    """

    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    output_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    searches: int | None = None
    images: int | None = None
    reasoning_tokens: int | None = None

    @property
    def total_input_tokens(self) -> int | None:
        """All input, cached or not; None only if `input_tokens` is."""
        return _sum(
            self.input_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
            self.cache_write_1h_tokens,
            self.input_audio_tokens,
            self.input_image_tokens,
        )

    @property
    def total_tokens(self) -> int | None:
        """All input and output; None only if input or output is."""
        if self.output_tokens is None:
            return None
        return _sum(self.total_input_tokens, self.output_tokens, self.output_audio_tokens)


@frozen
class CostLine(Value):
    """One bucket's share of a cost: `quantity` tokens (or pieces) at `rate` USD per million make `amount` USD."""

    converters: ClassVar[Mapping[str, Converter]] = {"rate": DECIMAL, "amount": DECIMAL}
    bucket: str
    quantity: int
    rate: Decimal
    amount: Decimal


@frozen
class Cost(Value):
    """What an answer cost.

    Attributes:
        total: In `currency`.
        currency: Always USD today.
        lines: One per bucket that was used.
        lower_bound: Whether more may have been billed (attempts without an answer).
        priced_from: Where the prices come from.
        as_of: The day they were read.
    """

    converters: ClassVar[Mapping[str, Converter]] = {"total": DECIMAL, "lines": many(one(lambda: CostLine))}
    total: Decimal
    currency: str = "USD"
    lines: tuple[CostLine, ...] = ()
    lower_bound: bool = False
    priced_from: str | None = None
    as_of: str | None = None

    def __str__(self) -> str:
        return f"{self.total:f}"


@frozen
class Attempt(Value):
    """One request that was sent.

    Attributes:
        number: 1 for the first.
        model: The model asked.
        provider: The provider asked.
        started_s: Seconds from the start of the call to the sending.
        duration_s: Seconds until its end (for a stream: until the first event).
        status: HTTP status, or None.
        request_id: The provider's id, or None.
        error: What went wrong (an `LLMError`, or a stranger's exception), or None for the one that succeeded.
        billed: Whether it is charged: "no", "maybe" or "yes".
    """

    converters: ClassVar[Mapping[str, Converter]] = {
        "error": Converter(
            lambda error: None if error is None else f"{type(error).__name__}: {error}",
            lambda text: None,  # the words are for readers; no error is made of them again
        )
    }
    number: int
    model: str | None
    provider: str | None
    started_s: float
    duration_s: float
    status: int | None = None
    request_id: str | None = None
    error: Exception | None = field(default=None, compare=False)
    billed: Billed = "yes"


@frozen
class TokenCount(Value):
    """Input tokens, and how sure the figure is.

    Attributes:
        tokens: Whole tokens.
        source: "exact" (the model's own tokenizer), "provider" (their API said so) or "estimate".
        error_bound: Tokens by which an estimate may be off, either way, in 95 of 100 cases; 0 otherwise.
    """

    tokens: int
    source: Literal["exact", "provider", "estimate"]
    error_bound: int = 0


@frozen
class Response(Value, Generic[T]):
    """A model's answer.

    Attributes:
        message: The assistant's turn; append it to the history to go on.
        stop_reason: Why it ended.
        raw_stop_reason: The wire's own word for it, or None.
        usage: What was used; never None, though its fields may be.
        cost: What it cost, or None where a price is not known.
        model: The model that answered, as it was asked for.
        provider: e.g. `bedrock`.
        warnings: What was left out, repaired or cut on the way.
        parsed: The structured output, where `output_type` was given.
        request: The request as observers saw it. Not compared, like all that follow.
        raw: The wire's answer as JSON. Of a stream: its top-level fields beside the content.
        attempts: One per request sent, this one included.
        request_id: The provider's id.
        latency_s: Seconds from the start of the call to the end of the answer.
        first_event_s: Seconds from the start of the call to the first event of a stream, or None.
        open_part: Of a partial answer: whether its last text or thinking part was still growing.
    """

    converters: ClassVar[Mapping[str, Converter]] = {
        "message": one(lambda: Message),
        "stop_reason": Converter(lambda reason: None if reason is None else reason.value, StopReason),
        "usage": one(lambda: Usage),
        "cost": one(lambda: Cost),
        "warnings": many(one(lambda: ResponseWarning)),
        "attempts": many(one(lambda: Attempt)),
    }
    omitted: ClassVar[frozenset[str]] = frozenset({"request", "parsed"})

    message: Message
    stop_reason: StopReason = StopReason.stop
    raw_stop_reason: str | None = None
    usage: Usage = Usage()
    cost: Cost | None = None
    model: str | None = None
    provider: str | None = None
    warnings: tuple[ResponseWarning, ...] = ()
    parsed: T | None = None
    request: Request | None = field(default=None, compare=False, repr=False)
    raw: Any = field(default=None, compare=False, repr=False)
    attempts: tuple[Attempt, ...] = field(default=(), compare=False, repr=False)
    request_id: str | None = field(default=None, compare=False)
    latency_s: float | None = field(default=None, compare=False)
    first_event_s: float | None = field(default=None, compare=False)
    open_part: bool = field(default=False, compare=False, repr=False)

    @property
    def text(self) -> str:
        """The `Text` parts, joined with nothing between."""
        return self.message.text

    @property
    def thinking(self) -> str:
        """The `Thinking` parts' words, joined with nothing between."""
        return "".join(part.text for part in self.message.parts if isinstance(part, Thinking))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools the model wants called."""
        return self.message.tool_calls

    def with_(self, **changes: Any) -> Response[T]:
        """A copy with some fields changed.

        Raises:
            TypeError: There is no such field.
        """
        copied = object.__new__(Response)
        for name, read, write in _SLOTS:
            write(copied, changes.pop(name) if name in changes else read(self))
        if changes:
            raise TypeError(f"a Response has no field {next(iter(changes))!r}")
        return copied

    def __getstate__(self) -> list[Any]:
        """For pickle: without a `parsed` whose class it could not find again."""
        local = "<locals>" in type(self.parsed).__qualname__
        return [None if local and name == "parsed" else read(self) for name, read, _ in _SLOTS]

    def __str__(self) -> str:
        return self.text


# How each field is read and written. `with_` runs for every call, and dataclasses.replace takes three times as long.
_SLOTS: tuple[tuple[str, Callable[[Any], Any], Callable[[Any, Any], None]], ...] = tuple(
    (item.name, Response.__dict__[item.name].__get__, Response.__dict__[item.name].__set__) for item in fields(Response)
)
