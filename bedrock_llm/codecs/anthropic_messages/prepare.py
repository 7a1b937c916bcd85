"""A request as the Messages API and the model take it.

Here: which parameters are left out with a warning, which are refused, the order of the steps, and what this wire alone
wants of a history. Not here: what all wires want of messages (shared/conversation.py, history/), writing (encode.py).
Called by: body.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bedrock_llm.codecs.anthropic_messages.blocks import written_here
from bedrock_llm.codecs.anthropic_messages.schema import NAME
from bedrock_llm.codecs.shared.cache import place_cache_points
from bedrock_llm.codecs.shared.draft import (
    CALLS,
    Draft,
    drop_absent,
    drop_sampling,
    settle,
    settle_reasoning,
    settle_system,
    settle_the_rest,
    settle_tool_choice,
    settle_tools,
    specs_of,
    step,
)
from bedrock_llm.config import ModelConfig
from bedrock_llm.history import rules_for
from bedrock_llm.messages import Message, Part, Text, Thinking, ToolCall
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["prepare"]

_API = "the Messages API"
_NOT_ON_THIS_WIRE = ("seed", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty", "logprobs")


def prepare(request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request as it can be written, and what was left out or repaired. Pure.

    Raises:
        UnsupportedFeatureError: The model lacks what the request is about.
        InvalidRequestError: A reasoning budget that the model cannot take.
    """
    messages, cleared = _with_own_citations(request.messages, cites=config.feature("citations") is not False)
    if cleared:
        request = request.with_(messages=messages)
    # A document may stand without a word here, and beside tool results; Converse alone wants otherwise.
    rules = replace(rules_for(config, NAME), document_text=False, tool_result_beside="any")
    request, warnings = settle(request, config, NAME, _STEPS, rules)
    messages, ordered = _thoughts_first(request.messages)
    if ordered:
        request = request.with_(messages=messages)
    request, cached = place_cache_points(request, config, api=_API, refused_behind=_refused_behind)
    return request, (*cleared, *warnings, *ordered, *cached)


def _refused_behind(part: Part) -> bool:
    return isinstance(part, Thinking)


def _with_own_citations(
    messages: tuple[Message, ...], *, cites: bool
) -> tuple[tuple[Message, ...], tuple[ResponseWarning, ...]]:
    """The messages less citations that another API wrote, or all where the model has none; the same where all is well.

    It comes before other repairs, as a text may be blank without them.
    """
    changed: dict[int, Message] = {}
    told: list[ResponseWarning] = []
    for index, message in enumerate(messages):
        parts = [_own(part, cites) if part.__class__ is Text and part.citations else part for part in message.parts]
        if any(mine is not theirs for mine, theirs in zip(parts, message.parts, strict=True)):
            changed[index] = replace(message, parts=tuple(parts))
            why = f"{_API} cannot hold those of another" if cites else "the model does not cite"
            where = f"messages[{index}]"
            told.append(ResponseWarning("repaired", f"citations were left out of {where}: {why}", where))
    return _replaced(messages, changed), tuple(told)


def _own(part: Text, cites: bool) -> Text:
    kept = tuple(citation for citation in part.citations if cites and written_here(citation))
    return part if len(kept) == len(part.citations) else replace(part, citations=kept)


def _thoughts_first(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], tuple[ResponseWarning, ...]]:
    """Reasoning put first in a turn that calls tools; the same where all is well.

    A turn that begins with reasoning may hold more further on, in the order in which the model thought.
    """
    changed: dict[int, Message] = {}
    told: list[ResponseWarning] = []
    for index, message in enumerate(messages):
        kinds = [part.__class__ for part in message.parts]
        if Thinking in kinds and ToolCall in kinds and kinds[0] is not Thinking:
            where, parts = f"messages[{index}]", message.parts
            thoughts = tuple(part for part in parts if isinstance(part, Thinking))
            rest = tuple(part for part in parts if not isinstance(part, Thinking))
            changed[index] = replace(message, parts=(*thoughts, *rest))
            text = f"reasoning was put first in {where}, as a turn that calls tools has to begin with it"
            told.append(ResponseWarning("repaired", text, where))
    return _replaced(messages, changed), tuple(told)


def _replaced(messages: tuple[Message, ...], changed: Mapping[int, Message]) -> tuple[Message, ...]:
    if not changed:
        return messages
    return tuple(changed.get(index, message) for index, message in enumerate(messages))


def _settle_parallel_calls(draft: Draft, calls: Mapping[str, None]) -> None:
    """Whether several calls at once are allowed has no meaning without tools."""
    del calls
    if draft.get("parallel_tool_calls") is not None and not specs_of(draft.get("tools")):
        draft.changes["parallel_tool_calls"] = None


_STEPS = (
    drop_absent(_NOT_ON_THIS_WIRE, _API),
    step(drop_sampling, "temperature", "top_p", "top_k"),
    step(settle_reasoning, "reasoning"),
    step(settle_system, "system"),
    step(settle_tools, "tools", "tool_choice", CALLS),
    step(settle_tool_choice, "tool_choice"),
    step(_settle_parallel_calls, "parallel_tool_calls"),
    step(settle_the_rest, "output_type", "latency", "service_tier"),
)
