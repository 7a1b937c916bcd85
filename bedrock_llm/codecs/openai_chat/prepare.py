"""A request as the chat completions body and the model take it.

Here: what this body has no member for, marks that it does not know, and which reasoning goes back. Not here: the steps
that wires share (shared/draft.py), messages (shared/conversation.py). Called by: body.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from bedrock_llm.codecs.openai_chat.schema import DETAILS, IN_MESSAGE, NAME, Options, options_of
from bedrock_llm.codecs.shared.cache import place_cache_points
from bedrock_llm.codecs.shared.draft import (
    CALLS,
    Draft,
    Step,
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
from bedrock_llm.codecs.shared.per_model import per_model
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Message, Opaque, Part, Text, Thinking, ToolCall
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["prepare"]


class _Known(NamedTuple):
    """What is worked out once for a model: its options, its facts as this body has them, and the steps."""

    options: Options
    config: ModelConfig
    steps: tuple[Step, ...]


def prepare(request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request as it can be written, and what was left out or repaired. Pure.

    Raises:
        UnsupportedFeatureError: The model lacks what the request is about.
        InvalidRequestError: A reasoning budget that the model cannot take.
    """
    known = _known(config)
    request, unread = _without_spare_reasoning(request, known.options)
    request, unsealed = _without_details(request, known.options)
    prepared, warnings = settle(request, known.config, NAME, known.steps)
    prepared, unmarked = place_cache_points(prepared, known.config, api="this body", refused_behind=lambda part: False)
    if config.feature("system_messages") is False and prepared.messages[:1] and prepared.messages[0].role == "system":
        prepared = _one_system_message(prepared)
    return prepared, (*unread, *unsealed, *warnings, *unmarked)


@per_model
def _known(config: ModelConfig) -> _Known:
    options = options_of(config)
    absent = tuple(name for name, member in options.fields.items() if member is None and name != "top_k")
    steps = (drop_absent(absent, "the model's chat body"), *_STEPS)
    return _Known(options, _as_this_body_has_it(config, options), steps)


def _as_this_body_has_it(config: ModelConfig, options: Options) -> ModelConfig:
    """The model's facts where the body itself decides.

    It has no cache points: who serves it caches by itself, if at all. A result holds text alone unless more is known to
    be taken.
    """
    features: dict[str, Any] = {**(config.features or {}), "cache_points": ()}
    if features.get("tool_result_media") is None:
        features["tool_result_media"] = ()
    if options.fields["top_k"] is not None:
        features["top_k"] = options.fields["top_k"]
    if options.reasoning_history is None:
        features["reasoning_in_history"] = "none"
    return replace(config, features=features)


def _without_spare_reasoning(request: Request, options: Options) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """Leave reasoning out of turns without tool calls, where the model wants it only beside those."""
    if not options.reasoning_with_calls or options.reasoning_history is None:
        return request, ()
    messages, warnings = list[Message](), list[ResponseWarning]()
    for index, message in enumerate(request.messages):
        kinds = {part.__class__ for part in message.parts}
        if Thinking in kinds and ToolCall not in kinds:
            where = f"messages[{index}]"
            text = f"reasoning in {where} was left out: the model reads it again only beside tool calls"
            warnings.append(ResponseWarning("repaired", text, where))
            kept = tuple(part for part in message.parts if part.__class__ is not Thinking)
            message = replace(message, parts=kept)  # noqa: PLW2901  # the message as it goes on
        messages.append(message)
    return (request.with_(messages=messages), tuple(warnings)) if warnings else (request, ())


def _without_details(request: Request, options: Options) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """Leave `reasoning_details` out where the server would refuse them; words beside them have their own warning."""
    if options.reasoning_history == DETAILS:
        return request, ()
    changed: dict[int, Message] = {}
    warnings: list[ResponseWarning] = []
    for index, message in enumerate(request.messages):
        if any(map(_has_details, message.parts)):
            kept = [_less_details(part) for part in message.parts]
            changed[index] = replace(message, parts=tuple(part for part in kept if part is not None))
            if not any(part.__class__ is Thinking for part in message.parts):
                text = f"reasoning in messages[{index}] was left out: the model does not read it again"
                warnings.append(ResponseWarning("repaired", text, f"messages[{index}]"))
    if not changed:
        return request, ()
    messages = [changed.get(index, message) for index, message in enumerate(request.messages)]
    return request.with_(messages=messages), tuple(warnings)


def _has_details(part: Part) -> bool:
    return isinstance(part, Opaque) and part.provider == NAME and part.kind == IN_MESSAGE and DETAILS in part.data


def _less_details(part: Part) -> Part | None:
    """The part less its details; None where there is nothing else."""
    if not isinstance(part, Opaque) or not _has_details(part):
        return part
    rest = {name: value for name, value in part.data.items() if name != DETAILS}
    return replace(part, data=rest) if rest else None


def _one_system_message(request: Request) -> Request:
    """System messages that lead the conversation join the system text: such models take one alone."""
    leading = next((place for place, turn in enumerate(request.messages) if turn.role != "system"), None)
    if leading is None:
        return request
    system = request.get("system", ())
    parts = [Text(system)] if isinstance(system, str) else list(system)
    parts += [part for message in request.messages[:leading] for part in message.parts]
    plain = all(isinstance(part, Text) for part in parts)
    joined = "\n\n".join(part.text for part in parts if isinstance(part, Text)) if plain else tuple(parts)
    return request.with_(messages=request.messages[leading:], system=joined)


def _settle_parallel_calls(draft: Draft, calls: Mapping[str, None]) -> None:
    """It is refused without tools; and one that says what the model does anyway need not be said."""
    del calls
    if draft.get("parallel_tool_calls") is not None and not specs_of(draft.get("tools")):
        draft.changes["parallel_tool_calls"] = None


_STEPS = (
    step(drop_sampling, "temperature", "top_p", "top_k"),
    step(settle_reasoning, "reasoning"),
    step(settle_system, "system"),
    step(settle_tools, "tools", CALLS),
    step(settle_tool_choice, "tool_choice"),
    step(_settle_parallel_calls, "parallel_tool_calls"),
    step(settle_the_rest, "output_type", "latency", "service_tier"),
)
