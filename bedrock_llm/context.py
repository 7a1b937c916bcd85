"""Fitting a conversation to a model's window.

Here: `fit`, `shrink`, and the policies that say what may go. Not here: counting (tokens/), repair of a history
(history/), making a summary. Called by: flow. Pure.

The unit is the exchange: a user turn and everything up to the next user turn that brings no tool results.
Rule 1: an exchange stays or goes whole, so a tool call always stays with its result; exchanges that share a call and
its result count as one. Rule 2: system text, system messages and the last exchange stay. Rule 3: what is left starts
with a user turn, if anything went. Rule 4: a request that fits is returned as it is, so fitting twice changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple, Protocol

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ConfigurationError, ContextTooLongError
from bedrock_llm.messages import Message, ToolCall, ToolResult
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning, TokenCount
from bedrock_llm.tokens.counter import TokenCounter
from bedrock_llm.tokens.estimate import Weight
from bedrock_llm.tokens.memo import MessageMemo

__all__ = ["POLICIES", "Choice", "ContextPolicy", "Exchange", "Exchanges", "Fitted", "NeedSummary", "fit"]
__all__ += ["input_window", "policy_of", "shrink"]

RESERVED_SHARE = 0.25  # of the window, at most, is kept for the answer where `max_tokens` does not say
ROUNDING_TOKENS = 2  # count and error bound are both rounded up when they are shown
HYSTERESIS_TOKENS = 0.01  # a conversation once cut fits again, in whatever order its weights are added
SHRINK_SHARE = 0.75  # of the size that was refused is aimed at: the count was wrong by an unknown amount
REMOVED = "[removed to fit the context window]"


class Exchange(NamedTuple):
    """A user's turn and all that answered it, without system messages, and the most tokens that it may take."""

    messages: tuple[Message, ...]
    tokens: float


class Exchanges:
    """The exchanges of a conversation, from the oldest to the last; each is made when it is looked at."""

    __slots__ = ("_work",)

    def __init__(self, work: _Work) -> None:
        self._work = work

    def __len__(self) -> int:
        return len(self._work.starts)

    def __getitem__(self, index: int) -> Exchange:
        work = self._work
        begin, end = work.span(range(len(self))[index])
        messages = (message for message in work.request.messages[begin:end] if message.role != "system")
        return Exchange(tuple(messages), work.tally.bound(work.movable(begin, end)))


class Choice(NamedTuple):
    """What a policy allows, by the exchanges' indexes, the first to go first; no more is taken than is needed.

    Attributes:
        drop: Exchanges that may go. The last one always stays.
        empty_results: Exchanges whose tool results may be emptied first; the last message is never touched.
        summarise: Whether a summary shall stand for what goes.
    """

    drop: Iterable[int] = ()
    empty_results: Iterable[int] = ()
    summarise: bool = False


class ContextPolicy(Protocol):
    """Says what may go when a conversation is too long. `fit` keeps the rules; a policy only chooses."""

    @property
    def choose(self) -> Callable[[Exchanges], Choice | None]:
        """A method or function: what may go of these exchanges, or None if the conversation shall not be cut."""


@dataclass(frozen=True, slots=True)
class _Policy:
    choose: Callable[[Exchanges], Choice | None]


POLICIES: Mapping[str, ContextPolicy] = {
    "drop_oldest": _Policy(lambda exchanges: Choice(range(len(exchanges) - 1))),
    "keep_first_and_last": _Policy(lambda exchanges: Choice(range(1, len(exchanges) - 1))),
    "drop_tool_results": _Policy(lambda exchanges: Choice(range(len(exchanges) - 1), range(len(exchanges)))),
    "raise": _Policy(lambda exchanges: None),
}


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request that fits.

    Attributes:
        request: As it was, or shortened.
        dropped: The messages that went.
        count: Input tokens of what is left.
        warnings: What was done, for the response.
    """

    request: Request
    dropped: tuple[Message, ...]
    count: TokenCount
    warnings: tuple[ResponseWarning, ...] = ()

    @property
    def fitted(self) -> Fitted:
        """Itself; of a `NeedSummary`, the request without the summary."""
        return self


@dataclass(frozen=True, slots=True)
class NeedSummary:
    """A summary shall stand for what went; where nobody makes one, go on with `fitted`.

    Attributes:
        messages: What is to be summarised, oldest first.
        fitted: The request without it.
        room_tokens: The most tokens that the summary may take.
    """

    messages: tuple[Message, ...]
    fitted: Fitted
    room_tokens: int


def policy_of(policy: str | ContextPolicy) -> ContextPolicy:
    """The policy of a name, or the policy itself.

    Raises:
        ConfigurationError: It is neither.
    """
    found = POLICIES.get(policy) if isinstance(policy, str) else policy
    if found is None or not callable(getattr(found, "choose", None)):
        names = ", ".join(map(repr, POLICIES))
        raise ConfigurationError(f"context must be one of {names}, or an object with choose(exchanges), not {policy!r}")
    return found


def input_window(request: Request, config: ModelConfig, max_input_tokens: int | None = None) -> int | None:
    """The input tokens that may be used: the window less what is kept for the answer; None where nothing is known.

    Args:
        request: Its `max_tokens` is kept free; without it the model's largest answer, at most a quarter of the window.
        config: The model's facts; the feature `max_input_tokens` is a limit of its own.
        max_input_tokens: The caller's own limit.
    """
    limits = [max_input_tokens, config.feature("max_input_tokens")]
    window = config.context_window
    if window is not None:
        reserved = request.get("max_tokens")
        if reserved is None:
            reserved = min(config.max_output_tokens or window, int(window * RESERVED_SHARE))
        limits.append(max(window - reserved, 0))
    return min((limit for limit in limits if limit is not None), default=None)


def fit(
    request: Request,
    config: ModelConfig,
    policy: str | ContextPolicy,
    counter: TokenCounter,
    *,
    max_input_tokens: int | None = None,
) -> Fitted | NeedSummary:
    """The request, shortened if it may be longer than the model's window.

    "May be" is meant: the count's error bound is added, so that what is sent fits in 95 of 100 cases at the least.

    Args:
        request: A prepared request.
        config: The model's facts; where the window is unknown nothing is cut.
        policy: A policy or its name.
        counter: Counts each message once.
        max_input_tokens: A tighter limit than the window, or None.

    Raises:
        ContextTooLongError: Even what must stay does not fit, or the policy forbids to cut.
        ConfigurationError: There is no such policy, or it chose what there is not.
    """
    chosen = policy_of(policy)
    window = input_window(request, config, max_input_tokens)
    work = _Work(request, config, counter)
    if window is None or work.bound <= window - ROUNDING_TOKENS:
        return work.fitted()
    choice = chosen.choose(work.exchanges())
    if choice is not None:
        work.cut(choice, window - ROUNDING_TOKENS - HYSTERESIS_TOKENS)
    fitted = work.fitted()
    if work.bound > window - ROUNDING_TOKENS:
        raise _too_long(fitted.count, window, config)
    if choice is not None and choice.summarise and fitted.dropped:
        return NeedSummary(fitted.dropped, fitted, int(window - ROUNDING_TOKENS - work.bound))
    return fitted


def shrink(request: Request, config: ModelConfig, policy: str | ContextPolicy, counter: TokenCounter) -> Fitted | None:
    """A much shorter request, for after the provider refused this one as too long; None where nothing may go.

    Aims at three quarters of the size that was refused, and takes what it can get.

    Raises:
        ConfigurationError: There is no such policy, or it chose what there is not.
    """
    work = _Work(request, config, counter)
    choice = policy_of(policy).choose(work.exchanges())
    if choice is None:
        return None
    work.cut(choice, work.bound * SHRINK_SHARE)
    fitted = work.fitted()
    return fitted if fitted.warnings else None


class _Outline:
    """Where the exchanges of a conversation begin, and where its system messages and tool results stand."""

    __slots__ = ("called", "length", "results", "starts", "system")

    def __init__(self) -> None:
        self.length = 0
        self.starts: list[int] = []
        self.system: list[int] = []
        self.results: list[int] = []
        self.called: dict[str, list[int]] = {}  # the latest call of an id, then those that wait for their results

    def add(self, message: Message) -> None:
        """Take in the next message."""
        index = self.length
        self.length += 1
        answers = False
        for part in message.parts:
            if isinstance(part, ToolCall):
                calls = self.called.setdefault(part.id, [index])
                calls[0] = index
                calls.append(index)
            elif isinstance(part, ToolResult):
                answers = True
                calls = self.called.get(part.tool_call_id, [index])
                made = calls.pop() if len(calls) > 1 else calls[0]  # ids may come again: the latest that waits
                while self.starts and self.starts[-1] > made:  # a call and its result are not to be parted
                    self.starts.pop()
        if answers:
            self.results.append(index)
        elif message.role == "user":
            self.starts.append(index)
        elif message.role == "system":
            self.system.append(index)


def _emptied(message: Message) -> Message:
    """The message with its tool results emptied."""
    parts = (ToolResult(p.tool_call_id, REMOVED, p.is_error) if isinstance(p, ToolResult) else p for p in message.parts)
    return Message(message.role, tuple(parts))


_EMPTIED: MessageMemo[Message] = MessageMemo(_emptied)


class _Work:
    """A request on its way to being shorter.

    Attributes:
        bound: The most input tokens that it may take as it now stands.
        starts: Where its exchanges begin, once `exchanges` was asked for.
    """

    def __init__(self, request: Request, config: ModelConfig, counter: TokenCounter) -> None:
        self.request = request
        self.tally = counter.tally(request, config)
        self._weight = self._whole = self.tally.whole()
        self.bound = self.tally.bound(self._whole)
        self.starts: list[int] = []
        self._results: list[int] = []
        self._config = config
        self._counter = counter
        self._gone: list[tuple[int, int]] = []
        self._emptied: dict[int, Message] = {}
        self._stays: dict[int, Weight] = {}  # of a message in a span, what does not go with it

    def exchanges(self) -> Exchanges:
        """The exchanges, for a policy to choose from."""
        outline = self.tally.follow(_Outline)
        self.starts, self._results = outline.starts, outline.results
        self._stays = {index: self.tally.weight(index, index + 1) for index in outline.system}
        return Exchanges(self)

    def span(self, exchange: int) -> tuple[int, int]:
        """Where an exchange begins and ends."""
        if not 0 <= exchange < len(self.starts):
            raise ConfigurationError(f"the context policy chose exchange {exchange} of {len(self.starts)}")
        after = exchange + 1
        return self.starts[exchange], self.starts[after] if after < len(self.starts) else len(self.request.messages)

    def movable(self, begin: int, end: int) -> Weight:
        """What goes with a span: all but its system messages and what went before."""
        weight = self.tally.weight(begin, end)
        if not self._stays:
            return weight
        tokens, doubt = weight
        for index in self._stays.keys() & range(begin, end):
            tokens -= self._stays[index].tokens
            doubt -= self._stays[index].doubt
        return Weight(tokens, doubt)

    def cut(self, choice: Choice, limit: float) -> None:
        """Empty and drop what the choice allows, until the bound is within the limit or nothing more may go."""
        for exchange in choice.empty_results:
            if self.bound <= limit:
                return
            self._empty(*self.span(exchange), limit)
        if self.starts and self.bound > limit:
            self._drop(0, self.starts[0])  # nothing of worth stands before the first user turn
        if self.bound > limit:
            self._drop_some(choice.drop, limit)

    def _drop_some(self, exchanges: Iterable[int], limit: float) -> None:
        """Drop exchanges in this order until the bound is within the limit."""
        last = len(self.starts) - 1
        run = range(last)[exchanges.start : exchanges.stop] if isinstance(exchanges, range) else ()
        if run and run == exchanges and not self._stays:
            begin, ends = self.starts[run[0]], self.starts[run[0] + 1 : run[-1] + 2]
            place = self.tally.reach(begin, ends, self.bound - limit)
            self._drop(begin, ends[min(place, len(ends) - 1)])  # a run of exchanges goes in one piece
            return
        seen = {last}
        for exchange in exchanges:
            if self.bound <= limit:
                return
            if exchange not in seen:
                seen.add(exchange)
                self._drop(*self.span(exchange))

    def _take(self, weight: Weight) -> None:
        self._weight = Weight(self._weight.tokens - weight.tokens, self._weight.doubt - weight.doubt)
        self.bound -= self.tally.bound(weight)

    def _drop(self, begin: int, end: int) -> None:
        weight = self.movable(begin, end)
        if weight.tokens > HYSTERESIS_TOKENS:  # else there is nothing, or system messages only
            self._take(weight)
            self._gone.append((begin, end))
            self._emptied = {index: kept for index, kept in self._emptied.items() if not begin <= index < end}

    def _empty(self, begin: int, end: int, limit: float) -> None:
        """Empty the tool results of a span, oldest first, where that saves anything; never the last message's."""
        end = min(end, len(self.request.messages) - 1)
        for index in self._results[bisect_left(self._results, begin) : bisect_left(self._results, end)]:
            emptied = _EMPTIED.of(self.request.messages[index])
            before, after = self.tally.weight(index, index + 1), self._counter.weigh_message(emptied, self._config)
            saved = Weight(before.tokens - after.tokens, before.doubt - after.doubt)
            if saved.tokens > 0:
                self._emptied[index], self._stays[index] = emptied, saved
                self._take(saved)
            if self.bound <= limit:
                return

    def fitted(self) -> Fitted:
        """The request as it now stands."""
        count = self.tally.count(self._weight)
        if not self._gone and not self._emptied:
            return Fitted(self.request, (), count)
        messages: Sequence[Message] = self.request.messages
        if self._emptied:
            messages = [self._emptied.get(index, message) for index, message in enumerate(messages)]
        kept: list[Message] = []
        dropped: list[Message] = []
        place = 0
        for begin, end in sorted(self._gone):
            kept += messages[place:begin]
            gone = messages[begin:end]
            kept += (message for message in gone if self._stays and message.role == "system")
            dropped += (message for message in gone if message.role != "system") if self._stays else gone
            place = end
        kept += messages[place:]
        request = Request(tuple(kept), self.request.parameters, self.request.call_id)
        details = {"messages": len(dropped), "tokens": ceil(self._whole.tokens) - count.tokens}
        text = f"to fit the context window, {len(dropped)} messages were left out"
        if self._emptied:
            details["tool_results"] = len(self._emptied)
            text += f", and the tool results of {len(self._emptied)} messages were emptied"
        return Fitted(request, tuple(dropped), count, (ResponseWarning("dropped", text, "messages", details),))


def _too_long(count: TokenCount, window: int, config: ModelConfig) -> ContextTooLongError:
    bound = f" ± {count.error_bound}" if count.error_bound else ""
    text = (
        f"the conversation takes {count.tokens}{bound} input tokens ({count.source}) with all left out that may be, "
        f"and {config.model or 'the model'} has room for {window}: shorten the last turn, the tools or the system text"
    )
    about: dict[str, str | None] = {"parameter": "messages", "model": config.model, "provider": config.provider}
    return ContextTooLongError(text, tokens=count.tokens, window=window, source=count.source, **about)
