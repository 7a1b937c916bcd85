"""A request as the Responses body and the model take it.

Here: what this body has no member for, marks that it does not know, and which reasoning goes back. Not here: the steps
that wires share (shared/draft.py), messages (shared/conversation.py). Called by: body.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from bedrock_llm.codecs.openai_responses.items import words_of
from bedrock_llm.codecs.openai_responses.schema import NAME, REASONING, Options, facts_of, options_of, stores_nothing
from bedrock_llm.codecs.shared.cache import place_cache_points
from bedrock_llm.codecs.shared.draft import (
    CALLS,
    Step,
    drop_absent,
    drop_sampling,
    settle,
    settle_reasoning,
    settle_system,
    settle_the_rest,
    settle_tool_choice,
    settle_tools,
    step,
)
from bedrock_llm.codecs.shared.per_model import per_model
from bedrock_llm.config import ModelConfig
from bedrock_llm.history import HistoryRules, rules_for
from bedrock_llm.messages import CachePoint, Message, Opaque, Part, Thinking, ToolCall, ToolResult
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["prepare"]


class _Known(NamedTuple):
    """What is worked out once for a model: its options, its facts as this body has them, the steps and the rules."""

    options: Options
    config: ModelConfig
    steps: tuple[Step, ...]
    rules: HistoryRules


def prepare(request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request as it can be written, and what was left out or repaired. Pure.

    Raises:
        UnsupportedFeatureError: The model lacks what the request is about.
        InvalidRequestError: A reasoning budget that the model cannot take.
    """
    known = _known(config)
    prepared, warnings = settle(request, known.config, NAME, known.steps, known.rules)
    prepared, lost = _without_lost_reasoning(prepared, known.options)
    prepared, unmarked = place_cache_points(prepared, known.config, api="this body", refused_behind=_takes_no_mark)
    return prepared, (*warnings, *lost, *unmarked)


def _takes_no_mark(part: Part) -> bool:
    """A cache point stands on a part of a content, and on nothing else."""
    return isinstance(part, (ToolCall, ToolResult, Thinking, Opaque, CachePoint))


@per_model
def _known(config: ModelConfig) -> _Known:
    options = options_of(config)
    absent = tuple(name for name, member in options.fields.items() if member is None and name != "top_k")
    steps = (drop_absent(absent, "the model's Responses body"), *_STEPS)
    facts = facts_of(config, options)
    # Items need no turns: nothing has to alternate, and whoever began may go on.
    rules = replace(rules_for(facts, NAME), alternate=False, user_first=False, document_text=False)
    return _Known(options, facts, steps, rules)


def _without_lost_reasoning(request: Request, options: Options) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """Leave out items of reasoning whose words were left out, and those that only a store could tell the model.

    An item says nothing to a service that stored nothing, unless it holds its own sealed form or its text.
    """
    forgets = stores_nothing(request, options)
    changed: dict[int, Message] = {}
    warnings: list[ResponseWarning] = []
    for index, message in enumerate(request.messages):
        if message.role != "assistant" or not any(map(_is_item, message.parts)):
            continue
        kept: list[Part] = []
        for part in message.parts:
            if _is_item(part):
                told = bool(kept) and kept[-1].__class__ is Thinking
                item: Mapping[str, object] = part.data  # type: ignore[union-attr]  # it is an Opaque
                if forgets and not item.get("encrypted_content") and not item.get("content"):
                    if told:
                        kept.pop()
                        warnings.append(_lost(index))
                    continue
                if not told and (item.get("encrypted_content") or words_of(item)):
                    continue  # its words were left out, which was told, or the caller took them away
            kept.append(part)
        if len(kept) < len(message.parts):
            changed[index] = replace(message, parts=tuple(kept))
    if not changed:
        return request, ()
    messages = [changed.get(index, message) for index, message in enumerate(request.messages)]
    return request.with_(messages=messages), tuple(warnings)


def _is_item(part: Part) -> bool:
    return isinstance(part, Opaque) and part.kind == REASONING and isinstance(part.data, Mapping)


def _lost(index: int) -> ResponseWarning:
    where = f"messages[{index}]"
    text = f"reasoning in {where} was left out: it came without its sealed form, and nothing was stored"
    return ResponseWarning("repaired", text, where)


_STEPS = (
    step(drop_sampling, "temperature", "top_p", "top_k"),
    step(settle_reasoning, "reasoning"),
    step(settle_system, "system"),
    step(settle_tools, "tools", CALLS),
    step(settle_tool_choice, "tool_choice"),
    step(settle_the_rest, "output_type", "latency", "service_tier"),
)
