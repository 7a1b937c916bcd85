"""Whether a conversation needs no repair: the fast way out of almost every call.

Here: one pass that stops at the first doubt. Not here: what to do about it. Called by: the package.

Rule: it may take a good conversation for a bad one (the steps then find nothing to do), never the other way round.
It asks for exact classes, as `isinstance` costs a third of the pass.
"""

from __future__ import annotations

from typing import Any

from bedrock_llm.history.rules import BESIDE, MEDIA, HistoryRules
from bedrock_llm.messages import CachePoint, Document, Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult

__all__ = ["well_formed"]


def well_formed(messages: tuple[Message, ...], rules: HistoryRules) -> bool:
    """Whether `repair` would leave the messages as they are."""
    spoken = ""  # the role of the last turn that was not the system's
    owed: list[str] = []  # the calls that the next turn must answer, in order
    seen: set[str] = set()
    for message in messages:
        role, parts = message.role, message.parts
        if role == "system":
            if owed or not _good_system(parts, bool(spoken), rules):
                return False
            continue
        if role == spoken and (rules.alternate or owed):
            return False
        if len(parts) == 1 and parts[0].__class__ is Text:
            if owed or not _good_text(parts[0]):
                return False
        elif role == "user":
            if not _good_user(parts, owed, rules):
                return False
            owed = []
        else:
            calls = _calls(parts, seen, rules)
            if calls is None:
                return False
            owed = calls
        if not spoken and role == "assistant" and rules.user_first:
            return False
        spoken = role
    return not owed and _good_end(messages, spoken, rules)


def _good_text(part: Any) -> bool:
    text = part.text
    return bool(text and not text.isspace()) or part.citations != ()


def _good_system(parts: tuple[Part, ...], late: bool, rules: HistoryRules) -> bool:
    if not parts or (late and not rules.system_messages):
        return False
    return all(_good_part(part, rules) for part in parts)


def _good_part(part: Any, rules: HistoryRules) -> bool:
    """Of parts other than calls and results: whether it says something, to this wire."""
    kind = part.__class__
    if kind is Text:
        return _good_text(part)
    if kind is Thinking:
        return bool(part.text or part.signature or part.redacted)
    return kind is not Opaque or rules.wire is None or part.provider == rules.wire


def _calls(parts: tuple[Part, ...], seen: set[str], rules: HistoryRules) -> list[str] | None:
    """The ids of an assistant's calls, in order; None where the turn is not good."""
    made: list[str] = []
    said = False
    for part in parts:
        kind = part.__class__
        if kind is ToolCall:
            call_id = part.id  # type: ignore[union-attr]  # it is a ToolCall
            if not call_id or call_id in seen:
                return None
            seen.add(call_id)
            made.append(call_id)
        elif kind is ToolResult or (kind in MEDIA and not rules.assistant_media) or not _good_part(part, rules):
            return None
        said = said or kind is not CachePoint
    kinds = {part.__class__ for part in parts}
    if rules.document_text and Text not in kinds and (Document in kinds or Opaque in kinds):
        return None  # a provider's own block may be a document; the steps look closer
    return made if said else None


def _good_user(parts: tuple[Part, ...], owed: list[str], rules: HistoryRules) -> bool:
    answered = 0
    kinds: set[type] = set()
    for part in parts:
        kind = part.__class__
        if kind is ToolResult:
            if kinds or answered == len(owed) or part.tool_call_id != owed[answered]:  # type: ignore[union-attr]
                return False
            if not _good_result(part, rules):
                return False
            answered += 1
        elif kind is not CachePoint:
            if not _good_part(part, rules):
                return False
            kinds.add(kind)
    return answered == len(owed) and _good_company(kinds, answered > 0, rules)


def _good_company(kinds: set[type], results: bool, rules: HistoryRules) -> bool:
    """Whether parts of these kinds may stand in one turn, with tool results or without."""
    if not kinds:
        return results
    if results and rules.tool_result_beside != "any" and not kinds <= BESIDE[rules.tool_result_beside]:
        return False
    # A provider's own block may be a document; the steps look closer.
    return not rules.document_text or Text in kinds or (Document not in kinds and Opaque not in kinds)


def _good_result(part: Any, rules: HistoryRules) -> bool:
    content = part.content
    if content.__class__ is str:
        return bool(content and not content.isspace())
    return bool(content) and all(
        MEDIA[entry.__class__] in rules.tool_result_media if entry.__class__ in MEDIA else _good_part(entry, rules)
        for entry in content
    )


def _good_end(messages: tuple[Message, ...], spoken: str, rules: HistoryRules) -> bool:
    if spoken != "assistant":
        return bool(spoken) or not messages
    if not rules.assistant_last:
        return False
    last = next(message for message in reversed(messages) if message.role == "assistant")
    part = next((part for part in reversed(last.parts) if part.__class__ is not CachePoint), None)
    return part.__class__ is not Text or not part.text[-1:].isspace()
