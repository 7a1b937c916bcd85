"""What an API or a model wants of a conversation.

Here: `HistoryRules`, and how a model's facts fill it. Not here: keeping the rules (the files beside this one). Called
by: codecs, and all of this folder.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Audio, CachePoint, Document, Image, Opaque, Text, ToolResult, Video
from bedrock_llm.values import Frozen, frozen

__all__ = ["BESIDE", "MEDIA", "Beside", "HistoryRules", "rules_for"]

Beside: TypeAlias = Literal["nothing", "text_image", "any"]

MEDIA: dict[type, str] = {Image: "image", Document: "document", Video: "video", Audio: "audio"}
"""Media parts, by the names that `tool_result_media` uses."""

BESIDE: dict[str, frozenset[type]] = {
    "nothing": frozenset({ToolResult, CachePoint}),
    "text_image": frozenset({ToolResult, CachePoint, Text, Image, Opaque}),
}
"""What may stand in a turn with tool results; a word that is absent allows anything."""


@frozen
class HistoryRules(Frozen):
    """Switches of `repair`. The defaults are what every model takes that is asked through a strict API.

    Attributes:
        alternate: Whether turns of one role in a row are merged.
        user_first: Whether the first turn must be the user's.
        system_messages: Whether a system message may stand in the middle; otherwise it is moved to the front.
        assistant_last: Whether the last turn may be the assistant's (the model then goes on with it).
        assistant_media: Whether the assistant's turns may hold media.
        document_text: Whether a turn with a document must hold text too.
        tool_result_media: The kinds that may stand in a tool result: "image", "document", "video", "audio".
        tool_result_beside: What else may stand in a turn with tool results.
        wire: The name under which provider's own blocks (`Opaque`) are taken; None takes all.
    """

    alternate: bool = True
    user_first: bool = True
    system_messages: bool = False
    assistant_last: bool = True
    assistant_media: bool = False
    document_text: bool = True
    tool_result_media: frozenset[str] = frozenset({"image", "document", "video"})
    tool_result_beside: Beside = "any"
    wire: str | None = None


_DEFAULTS = HistoryRules()
_KNOWN: dict[tuple[int, str | None], tuple[ModelConfig, HistoryRules]] = {}
_MAX_KNOWN = 64  # models whose rules are remembered; a client asks few, and for each call


def rules_for(config: ModelConfig, wire: str | None = None) -> HistoryRules:
    """The rules of a model, from its features; one that is not known keeps its default.

    Args:
        config: What is known of the model.
        wire: The name of the codec that will write the messages, e.g. `converse`; None keeps foreign blocks.
    """
    known = _KNOWN.get((id(config), wire))
    if known is not None and known[0] is config:
        return known[1]
    if len(_KNOWN) >= _MAX_KNOWN:
        _KNOWN.clear()
    rules = _rules_of(config, wire)
    _KNOWN[id(config), wire] = (config, rules)
    return rules


def _rules_of(config: ModelConfig, wire: str | None) -> HistoryRules:
    media, beside = config.feature("tool_result_media"), config.feature("tool_result_beside")
    return HistoryRules(
        user_first=config.feature("leading_assistant") is not True,
        system_messages=config.feature("system_messages") is True,
        assistant_last=config.feature("prefill") is not False,
        tool_result_media=_DEFAULTS.tool_result_media if media is None else frozenset(media),
        tool_result_beside=_DEFAULTS.tool_result_beside if beside is None else beside,
        wire=wire,
    )
