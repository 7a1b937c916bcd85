"""The counter: how many tokens a text, a message or a request is for a model.

Here: `TokenCounter`, estimating. Not here: the estimate of a plain text (estimate.py), fitting to a window
(context.py). Called by: models, context.

Rules for what has no text, all with an error as large as the figure: an image is 1,600 tokens (the ceiling of the
usual rule, width x height / 750 of an image scaled to fit); a PDF or another binary document a token for 16 bytes, one
that we do not have at hand 3,000; audio and video a token for 400 bytes, not at hand 5,000; a provider's own block what
its JSON would be as text. How a family's vocabulary and templates differ from the plain estimate is data: the feature
`token_estimate` of its profile in catalog/families/.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import (
    Audio,
    CachePoint,
    Document,
    Image,
    Message,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import TokenCount
from bedrock_llm.tokens.estimate import Weight, weigh_text
from bedrock_llm.tokens.memo import CAPACITY, ConversationMemo, MessageMemo, S, Trace

__all__ = ["Tally", "TokenCounter"]


ERROR_FLOOR_TOKENS = 40  # templates and switches that no formula sees
IMAGE_TOKENS = 1600
CALL_TOKENS = 10  # the wrapping of a tool call, and of a result
_REMOTE_DOCUMENT_TOKENS = 3000
_REMOTE_RECORDING_TOKENS = 5000
_DOCUMENT_BYTES_PER_TOKEN = 16
_RECORDING_BYTES_PER_TOKEN = 400
_TEXT_TYPES = ("text/", "application/json", "application/xml")
_TOOLS_REMEMBERED = 256


class _Scale(NamedTuple):
    """How a family's count follows from the plain estimate.

    Attributes:
        ratio: Its tokens for one of the estimate.
        error: What the estimate may be off by, as a share of itself, in 95 of 100 requests.
        request: Tokens around every request.
        message: Tokens around every message.
        tools: Tokens that the first tool brings with it (the provider's own instructions).
        tool: Tokens around every tool.

    Source: tests/tokens/test_calibration.py, recorded requests with the input tokens that the provider reported.
    """

    ratio: float = 1.15
    error: float = 0.25
    request: float = 6
    message: float = 4
    tools: float = 60
    tool: float = 12


_DEFAULT = _Scale(error=0.35)  # for a model of which nothing is known


def _scale(config: ModelConfig | None) -> _Scale:
    data = None if config is None else config.feature("token_estimate")
    return _made(tuple(data.items())) if isinstance(data, Mapping) else _DEFAULT


@lru_cache(maxsize=64)
def _made(data: tuple[tuple[str, float], ...]) -> _Scale:
    return _Scale(**dict(data))


class _Totals:
    """Running totals along a conversation; the entry at n is that of the first n messages."""

    __slots__ = ("_memo", "doubts", "length", "tokens")

    def __init__(self, memo: MessageMemo[Weight]) -> None:
        self._memo = memo
        self.length: int = 0
        self.tokens: list[float] = [0.0]
        self.doubts: list[float] = [0.0]

    def add(self, message: Message) -> None:
        """Take in the next message."""
        tokens, doubt = self._memo.of(message)
        self.tokens.append(self.tokens[-1] + tokens)
        self.doubts.append(self.doubts[-1] + doubt)
        self.length += 1


class Tally:
    """What a request and every stretch of its messages weigh, in the tokens of its model.

    Attributes:
        around: What is no message: system text, tools, templates.
    """

    __slots__ = ("_messages", "_scale", "_totals", "_trace", "around")

    def __init__(
        self, around: Weight, messages: Sequence[Message], totals: _Totals, scale: _Scale, trace: Trace
    ) -> None:
        self.around: Weight = around
        self._messages = messages
        self._totals = totals
        self._scale = scale
        self._trace = trace

    def follow(self, kind: type[S]) -> S:
        """A state of the caller's own that grows with the conversation, remembered beside the counts."""
        return self._trace.state(kind, self._messages)

    def weight(self, begin: int, end: int) -> Weight:
        """The messages from `begin` up to `end`, which is not among them."""
        totals, scale = self._totals, self._scale
        tokens = (totals.tokens[end] - totals.tokens[begin]) * scale.ratio + (end - begin) * scale.message
        return Weight(tokens, totals.doubts[end] - totals.doubts[begin])

    def whole(self) -> Weight:
        """The request."""
        messages = self.weight(0, len(self._messages))
        return Weight(self.around.tokens + messages.tokens, self.around.doubt + messages.doubt)

    def bound(self, weight: Weight) -> float:
        """The most tokens that something of this weight may take, in 95 of 100 cases. Bounds add up."""
        return weight[0] * (1 + self._scale.error) + weight[1]

    def reach(self, begin: int, ends: Sequence[int], bound: float) -> int:
        """Which of the rising `ends` is the first up to which the messages from `begin` may take `bound` tokens.

        Returns:
            Its place; `len(ends)` where even the last is not enough.
        """
        tokens, doubts = self._totals.tokens, self._totals.doubts
        wrapping = self._scale.message * (1 + self._scale.error)
        factor = self._scale.ratio * (1 + self._scale.error)
        wanted = bound + tokens[begin] * factor + begin * wrapping + doubts[begin]
        return bisect_left(ends, wanted, key=lambda end: tokens[end] * factor + end * wrapping + doubts[end])

    def count(self, weight: Weight) -> TokenCount:
        """The count of a request of this weight."""
        return _count(weight.tokens, weight.doubt, self._scale)


class TokenCounter:
    """Counts tokens by estimate, each message once.

    A message's count is remembered while the message lives; changing a dict inside of it is not noticed. Use one
    counter from one thread.

    Args:
        capacity: Messages remembered at most.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._messages = MessageMemo(_weigh_message, capacity)
        self._conversations = ConversationMemo()
        self._tools: dict[int, tuple[Any, Weight]] = {}

    def count_text(self, text: str, config: ModelConfig | None = None) -> TokenCount:
        """Tokens of a text alone, without what a request wraps around it."""
        scale = _scale(config)
        weight = weigh_text(text)
        return _count(weight.tokens * scale.ratio, weight.doubt, scale)

    def weigh_message(self, message: Message, config: ModelConfig | None = None) -> Weight:
        """What a message weighs, as `Tally.weight` has it."""
        scale = _scale(config)
        tokens, doubt = self._messages.of(message)
        return Weight(tokens * scale.ratio + scale.message, doubt)

    def count_request(self, request: Request, config: ModelConfig | None = None) -> TokenCount:
        """Input tokens of a request: system text, messages, tools, and what is wrapped around them."""
        tally = self.tally(request, config)
        return tally.count(tally.whole())

    def tally(self, request: Request, config: ModelConfig | None = None) -> Tally:
        """What a request and every stretch of its messages weigh; cheap for a conversation that has only grown."""
        scale = _scale(config)
        trace = self._conversations.of(request.messages)
        totals = trace.state(_Totals, request.messages, self._messages)
        return Tally(self._around(request, scale), request.messages, totals, scale, trace)

    def _around(self, request: Request, scale: _Scale) -> Weight:
        get = request.parameters.get
        weights = []
        tokens = scale.request
        if system := get("system"):
            weights.append(_weigh_system(system) if isinstance(system, str) else _weigh_parts(system))
        if tools := get("tools"):
            weights += map(self._weigh_tool, tools)
            tokens += scale.tools + scale.tool * len(tools)
        if isinstance(schema := get("output_type"), Mapping):
            weights.append(_weigh_json(schema))
        if not weights:
            return Weight(tokens, ERROR_FLOOR_TOKENS)
        more = _sum(weights)
        return Weight(tokens + scale.ratio * more.tokens, more.doubt + ERROR_FLOOR_TOKENS)

    def _weigh_tool(self, tool: Any) -> Weight:
        found = self._tools.get(id(tool))
        if found is not None and found[0] is tool:
            return found[1]
        weight = _weigh_tool(tool)
        if len(self._tools) >= _TOOLS_REMEMBERED:
            self._tools.clear()
        self._tools[id(tool)] = (tool, weight)
        return weight


def _count(tokens: float, doubt: float, scale: _Scale) -> TokenCount:
    if tokens == 0:
        return TokenCount(0, "estimate")
    return TokenCount(math.ceil(tokens), "estimate", math.ceil(tokens * scale.error + doubt))


def _sum(weights: Iterable[Weight], more: float = 0) -> Weight:
    tokens, doubt = more, 0.0
    for weight in weights:
        tokens += weight[0]
        doubt += weight[1]
    return Weight(tokens, doubt)


def _weigh_message(message: Message) -> Weight:
    parts = message.parts
    if len(parts) == 1 and isinstance(parts[0], Text):
        return weigh_text(parts[0].text)
    return _weigh_parts(parts)


def _weigh_parts(parts: Iterable[Part]) -> Weight:
    return _sum(_PARTS[part.__class__](part) for part in parts)


@lru_cache(maxsize=16)  # the system text comes with every request and is often long
def _weigh_system(text: str) -> Weight:
    return weigh_text(text)


def _weigh_json(data: Any) -> Weight:
    return weigh_text(json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str))


def _weigh_tool(tool: Any) -> Weight:
    if isinstance(tool, ToolSpec):
        return _sum((weigh_text(f"{tool.name} {tool.description or ''}"), _weigh_json(dict(tool.parameters or {}))))
    return _PARTS[tool.__class__](tool)


def _weigh_call(call: ToolCall) -> Weight:
    raw = call.raw_arguments or ""
    arguments = weigh_text(raw) if call.arguments is None else _weigh_json(call.arguments)
    return _sum((weigh_text(call.name), arguments if raw or call.arguments else Weight(0)), CALL_TOKENS)


def _weigh_result(result: ToolResult) -> Weight:
    content = result.content
    return _sum((weigh_text(content) if isinstance(content, str) else _weigh_parts(content),), CALL_TOKENS)


def _weigh_thinking(thinking: Thinking) -> Weight:
    hidden = 0 if thinking.text else len(thinking.signature or thinking.redacted or "") / 4
    shown = weigh_text(thinking.text)
    return Weight(shown.tokens + hidden, shown.tokens + shown.doubt + hidden)  # whether it is counted is theirs to say


def _size(part: Image | Document | Audio | Video) -> int | None:
    """Bytes of a part's media, where they are at hand."""
    source = part.source
    if isinstance(source, bytes):
        return len(source)
    return len(source) * 3 // 4 if isinstance(source, str) and source.startswith("data:") else None


def _weigh_document(document: Document) -> Weight:
    source = document.source
    if isinstance(source, bytes) and (document.media_type or "").startswith(_TEXT_TYPES):
        return weigh_text(source.decode("utf-8", "replace"))
    size = _size(document)
    tokens = _REMOTE_DOCUMENT_TOKENS if size is None else size / _DOCUMENT_BYTES_PER_TOKEN
    return Weight(tokens, tokens)


def _weigh_recording(part: Audio | Video) -> Weight:
    size = _size(part)
    tokens = _REMOTE_RECORDING_TOKENS if size is None else size / _RECORDING_BYTES_PER_TOKEN
    return Weight(tokens, tokens)


def _weigh_opaque(part: Opaque) -> Weight:
    weight = _weigh_json(part.data)
    return Weight(weight.tokens, weight.tokens + weight.doubt)


_PARTS: Mapping[type, Callable[[Any], Weight]] = {
    Text: lambda part: weigh_text(part.text),
    ToolCall: _weigh_call,
    ToolResult: _weigh_result,
    Thinking: _weigh_thinking,
    Image: lambda _: Weight(IMAGE_TOKENS, IMAGE_TOKENS),
    Document: _weigh_document,
    Audio: _weigh_recording,
    Video: _weigh_recording,
    CachePoint: lambda _: Weight(0),
    Opaque: _weigh_opaque,
}
