"""The messages of a request as the model takes them.

Here: which reasoning goes back to whom, citations where there are none, media that the model has no eyes or ears for.
Not here: repairs that any strict API wants (history/), parameters (draft.py). Called by: what prepares
a request for a wire.

Rule: what a model cannot see is refused, as the answer would be about something else; what it said itself, or what
only tunes the answer, is left out with a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.history import HistoryRules, repair, rules_for
from bedrock_llm.messages import Audio, Document, Image, Message, Part, Thinking, ToolCall, ToolResult, Video
from bedrock_llm.response import ResponseWarning

__all__ = ["names_called", "settle_messages"]

_MEDIA_FEATURES: Mapping[type, tuple[str, str]] = {
    Image: ("images", "an image"),
    Document: ("documents", "a document"),
    Video: ("video", "a video"),
    Audio: ("audio", "audio"),
}
_MAY_HOLD_MEDIA = frozenset({*_MEDIA_FEATURES, ToolResult})


def settle_messages(
    messages: tuple[Message, ...], config: ModelConfig, wire: str, rules: HistoryRules | None = None
) -> tuple[tuple[Message, ...], tuple[ResponseWarning, ...]]:
    """The messages as they can be written, and what was left out or repaired. The same tuple where nothing was.

    Args:
        messages: As the caller gave them.
        config: Of the model.
        wire: The name under which provider's own blocks are taken.
        rules: What the wire wants of a history; None for what follows from the model alone.

    Raises:
        UnsupportedFeatureError: A message holds what the model does not take.
    """
    kinds = {part.__class__ for message in messages for part in message.parts}
    if not kinds.isdisjoint(_MAY_HOLD_MEDIA):
        _refuse_media(messages, config)
    if config.feature("system") is False:
        _refuse_system(messages, config)
    warnings: tuple[ResponseWarning, ...] = ()
    if Thinking in kinds or Document in kinds:
        messages, warnings = _without_unread(messages, config)
    messages, repairs = repair(messages, rules_for(config, wire) if rules is None else rules)
    return messages, (*warnings, *repairs)


def _without_unread(
    messages: tuple[Message, ...], config: ModelConfig
) -> tuple[tuple[Message, ...], tuple[ResponseWarning, ...]]:
    """The messages less the reasoning that the model does not read, and less citations where it has none."""
    cites, reads, model = config.feature("citations") is not False, _reader(config), config.model or "the model"
    changed: dict[int, Message] = {}
    warnings: list[ResponseWarning] = []
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        kept = [part for part in message.parts if part.__class__ is not Thinking or reads(part)]
        if len(kept) < len(message.parts):
            text = f"reasoning in {where} was left out: {model} does not read it again"
            warnings.append(ResponseWarning("repaired", text, where))
            changed[index] = replace(message, parts=tuple(kept))
        if not cites and any(part.__class__ is Document and part.citations for part in kept):
            text = f"citations were left out of {where}: {model} does not cite"
            warnings.append(ResponseWarning("unsupported", text, where))
            changed[index] = replace(message, parts=tuple(map(_uncited, kept)))
    if changed:
        messages = tuple(changed.get(index, message) for index, message in enumerate(messages))
    return messages, tuple(warnings)


def _uncited(part: Part) -> Part:
    return replace(part, citations=False) if isinstance(part, Document) else part


def _reader(config: ModelConfig) -> Callable[[Thinking], bool]:
    """Which reasoning the model reads again: never another family's; Claude's only with its seal."""
    family, rule = config.family, config.feature("reasoning_in_history")
    if rule is None and family == "claude":
        rule = "signed"

    def reads(part: Thinking) -> bool:
        if rule == "none" or (part.family is not None and part.family != family):
            return False
        return rule != "signed" or part.signature is not None or part.redacted is not None

    return reads


def _refuse_media(messages: Iterable[Message], config: ModelConfig) -> None:
    missing = {kind: words for kind, (name, words) in _MEDIA_FEATURES.items() if config.feature(name) is False}
    if not missing:
        return
    for index, message in enumerate(messages):
        kinds = [part.__class__ for part in _flat(message.parts)]
        found = next((missing[kind] for kind in kinds if kind in missing), None)
        if found is not None:
            text = f"messages[{index}] holds {found}, which {config.model or 'the model'} does not take"
            taken = ["text", *(name for kind, (name, _) in _MEDIA_FEATURES.items() if kind not in missing)]
            raise UnsupportedFeatureError(text, parameter=f"messages[{index}]", allowed=", ".join(taken))


def _refuse_system(messages: Iterable[Message], config: ModelConfig) -> None:
    for index, message in enumerate(messages):
        if message.role == "system":
            where = f"messages[{index}]"
            text = f"{where} is a system message; {config.model} takes none: put it into the first user message"
            raise UnsupportedFeatureError(text, parameter=where, allowed="messages of user and assistant")


def _flat(parts: Iterable[Part]) -> Iterable[Part]:
    """The parts, and what stands in tool results."""
    for part in parts:
        yield part
        if isinstance(part, ToolResult) and not isinstance(part.content, str):
            yield from part.content


def names_called(messages: Iterable[Message]) -> dict[str, Any]:
    """The names of the tools that the messages have calls of, each once, in order."""
    return {part.name: None for message in messages for part in message.parts if part.__class__ is ToolCall}
