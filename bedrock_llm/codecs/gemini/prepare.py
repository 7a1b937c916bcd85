"""A request as generateContent and the model take it.

Here: what this body has no member for, what it wants of a history, and signatures kept with their parts through its
repair. Not here: the steps that wires share (shared/draft.py), messages (shared/conversation.py), writing (encode.py).
Called by: body.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from bedrock_llm.codecs.gemini.schema import FAMILY, NAME, SIGNATURE, Options, is_seal, options_of
from bedrock_llm.codecs.gemini.tools import declares
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
from bedrock_llm.codecs.shared.per_model import per_model
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.history import HistoryRules, rules_for
from bedrock_llm.messages import Citation, Message, Opaque, Part, Text, Thinking
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["prepare"]

_API = "the Gemini API"
_ABSENT = ("min_p", "repetition_penalty")


class _Known(NamedTuple):
    """What is worked out once for a model: its facts as this body has them, and what follows from them."""

    config: ModelConfig
    rules: HistoryRules
    options: Options


def prepare(request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request as it can be written, and what was left out or repaired. Pure.

    Raises:
        UnsupportedFeatureError: The model lacks what the request is about.
        InvalidRequestError: A reasoning budget that the model cannot take.
    """
    known = _known(config)
    _refuse_schema_beside_tools(request, known)
    request, uncited = _changed(request, _without_citations)
    request, _ = _changed(request, partial(_with_settled_seals, family=known.config.family))
    if known.config.feature("reasoning_in_history") == "signed":
        request, _ = _changed(request, partial(_without_summaries, family=known.config.family))
    prepared, warnings = settle(request, known.config, NAME, _STEPS, known.rules)
    prepared, unmarked = place_cache_points(prepared, known.config, api=_API, refused_behind=lambda part: False)
    return prepared, (*uncited, *warnings, *unmarked)


@per_model
def _known(config: ModelConfig) -> _Known:
    own = _as_this_body_has_it(config)
    # A model's own pictures are part of what it reads again, and a document may stand without a word.
    rules = replace(rules_for(own, NAME), assistant_media=True, document_text=False)
    return _Known(own, rules, options_of(config))


def _as_this_body_has_it(config: ModelConfig) -> ModelConfig:
    """The model's facts where the body itself decides.

    It has no cache points: Google caches by itself, or what `cachedContent` names. It does not cite documents on
    demand. A result holds its object alone unless more is known to be taken.
    """
    features: dict[str, Any] = {**(config.features or {}), "cache_points": (), "citations": False}
    for name, value in (("top_k", "generationConfig.topK"), ("tool_result_media", ())):
        if features.get(name) is None:
            features[name] = value
    return replace(config, family=config.family or FAMILY, features=features)


def _refuse_schema_beside_tools(request: Request, known: _Known) -> None:
    if known.options.schema_beside_tools or request.get("output_type") is None or not specs_of(request.get("tools")):
        return
    text = f"{known.config.model or 'the model'} takes a schema for its answer or tools, not both"
    raise UnsupportedFeatureError(text, parameter="output_type", allowed="absent in a request with tools")


Change = Callable[[Message, str], tuple[Message, ResponseWarning | None]]


def _changed(request: Request, change: Change) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request with each message changed; the same where none was."""
    warnings: list[ResponseWarning] = []
    made: list[Message] = []
    for index, message in enumerate(request.messages):
        changed, warning = change(message, f"messages[{index}]")
        made.append(changed)
        warnings += [] if warning is None else [warning]
    if all(mine is theirs for mine, theirs in zip(made, request.messages, strict=True)):
        return request, ()
    return request.with_(messages=made), tuple(warnings)


def _without_citations(message: Message, where: str) -> tuple[Message, ResponseWarning | None]:
    """The message less its citations: an answer has them, a request has no place for them.

    It comes before other repairs, as a text may be blank without them. Only those of another API are told: Google's own
    never go back.
    """
    cited = [part for part in message.parts if isinstance(part, Text) and part.citations]
    if not cited:
        return message, None
    kept = tuple(
        replace(part, citations=()) if isinstance(part, Text) else part
        for part in message.parts
        if not (isinstance(part, Text) and part.citations and not part.text)
    )
    foreign = any(not _of_google(citation) for part in cited for citation in part.citations)
    text = f"citations were left out of {where}: {_API} has no place for them in a request"
    return replace(message, parts=kept), ResponseWarning("repaired", text, where) if foreign else None


def _of_google(citation: Citation) -> bool:
    return "groundingChunk" in citation.raw or "uri" in citation.raw


def _with_settled_seals(message: Message, where: str, family: str | None) -> tuple[Message, ResponseWarning | None]:
    """The message with each signature in a form that a repair does not separate from its part.

    A blank text with a signature would be left out, and its signature would come to stand on what follows; a signature
    without a part behind it would join the next turn's first one.
    """
    del where
    if not any(is_seal(part) for part in message.parts):
        return message, None
    made: list[Part] = []
    seal: Thinking | None = None
    for part in message.parts:
        if isinstance(part, Text) and seal is not None and not part.text.strip():
            made[-1] = Opaque(NAME, "text", {"text": part.text, SIGNATURE: seal.signature})
        else:
            made.append(part)
        seal = part if isinstance(part, Thinking) and is_seal(part) and part.family in (None, family) else None
    if seal is not None:
        made[-1] = Thinking("", None, seal.signature, seal.family)
    return (message if tuple(made) == message.parts else replace(message, parts=tuple(made))), None


def _without_summaries(message: Message, where: str, family: str | None) -> tuple[Message, ResponseWarning | None]:
    """The message less what the model told of its own thinking; the service asks for none of it back.

    Another family's thinking is left to the shared repair, which tells of it.
    """
    del where
    kept = tuple(
        part
        for part in message.parts
        if not (isinstance(part, Thinking) and part.family == family and not part.signature and not part.redacted)
    )
    # Of a message that is nothing else, the shared repair says what became of it.
    return (replace(message, parts=kept) if kept and len(kept) < len(message.parts) else message), None


def _settle_tool_choice(draft: Draft, calls: Mapping[str, None]) -> None:
    """There is a choice among functions only."""
    settle_tool_choice(draft, calls)
    choice = draft.get("tool_choice")
    if choice is None or any(map(declares, specs_of(draft.get("tools")))):
        return
    if choice == "auto":
        draft.changes["tool_choice"] = None  # what it does anyway
    else:
        draft.drop("tool_choice", "there are only tools that Google runs itself, and no choice among them")


def _settle_parallel_calls(draft: Draft, calls: Mapping[str, None]) -> None:
    """Several calls at once are always allowed."""
    del calls
    if draft.get("parallel_tool_calls") is False and specs_of(draft.get("tools")):
        draft.drop("parallel_tool_calls", f"{_API} has no such parameter")
    elif draft.get("parallel_tool_calls") is not None:
        draft.changes["parallel_tool_calls"] = None


_STEPS = (
    drop_absent(_ABSENT, _API),
    step(drop_sampling, "temperature", "top_p", "top_k"),
    step(settle_reasoning, "reasoning"),
    step(settle_system, "system"),
    step(settle_tools, "tools", "tool_choice", CALLS),
    step(_settle_tool_choice, "tool_choice"),
    step(_settle_parallel_calls, "parallel_tool_calls"),
    step(settle_the_rest, "output_type", "latency", "service_tier"),
)
