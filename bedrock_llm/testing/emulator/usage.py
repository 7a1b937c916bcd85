"""The tokens of a request and its answer, as the emulator counts them.

Here: `Meter`, which also keeps a prompt cache in mind. Not here: the counter itself (tokens/). Called by: service.

Rule 1: input is what the library's own estimate says of the request; so a request that a client fitted to a window by
that estimate and its error bound fits here too.
Rule 2: what stands before the last cache point is written to the cache the first time and read from it later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Text, Thinking, ToolCall
from bedrock_llm.request import Request
from bedrock_llm.response import Response, Usage
from bedrock_llm.tokens.counter import TokenCounter
from bedrock_llm.tokens.estimate import estimate

__all__ = ["Meter"]

Body: TypeAlias = "Mapping[str, Any]"
_MAX_CACHED = 1_000  # prompts


class Meter:
    """Counts, and remembers which prompts were cached."""

    def __init__(self) -> None:
        self._counter = TokenCounter()
        self._cached: set[tuple[str, str]] = set()

    def input_tokens(self, request: Request, config: ModelConfig) -> int:
        """Tokens of everything the model reads."""
        return self._counter.count_request(request, config).tokens

    def measure(self, model: str, body: Body, input_tokens: int, response: Response[Any]) -> Response[Any]:
        """The answer with its usage, where a script did not give it one."""
        if response.usage != Usage():
            return response
        output = sum(estimate(_spoken(part)) for part in response.message.parts)
        return replace(response, usage=replace(self._input(model, body, input_tokens), output_tokens=output))

    def _input(self, model: str, body: Body, total: int) -> Usage:
        pieces = _pieces(body)
        last = max((place for place, piece in enumerate(pieces) if piece.get("cachePoint")), default=None)
        if last is None:
            return Usage(input_tokens=total)
        prefix = json.dumps(pieces[:last], ensure_ascii=False, sort_keys=True)
        held = min(total, estimate(prefix))
        if (model, prefix) in self._cached:
            return Usage(input_tokens=total - held, cache_read_tokens=held, cache_write_tokens=0)
        if len(self._cached) >= _MAX_CACHED:
            self._cached.clear()
        self._cached.add((model, prefix))
        kept_for = "cache_write_1h_tokens" if pieces[last]["cachePoint"].get("ttl") == "1h" else "cache_write_tokens"
        return replace(Usage(input_tokens=total - held, cache_read_tokens=0), **{kept_for: held})


def _pieces(body: Body) -> list[Mapping[str, Any]]:
    """Tools, system and messages in the order in which a model reads them."""
    pieces: list[Mapping[str, Any]] = [
        *((body.get("toolConfig") or {}).get("tools") or ()),
        *(body.get("system") or ()),
    ]
    for message in body.get("messages") or ():
        pieces.append({"role": message["role"]})
        pieces.extend(message["content"])
    return pieces


def _spoken(part: Any) -> str:
    if isinstance(part, (Text, Thinking)):
        return part.text
    if isinstance(part, ToolCall):
        return part.name + (part.raw_arguments or json.dumps(part.arguments))
    return ""
