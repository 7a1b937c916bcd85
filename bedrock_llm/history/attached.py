"""What may stand in and beside tool results, and documents without a word.

Here: media that a result or an assistant's turn cannot hold, moved into the user's turn; parts that cannot stand beside
results, parted from them; a text for documents. Not here: which result belongs to which call (pairs.py). Called by:
mending.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from bedrock_llm.history.rules import BESIDE, MEDIA, HistoryRules
from bedrock_llm.history.turns import PLACEHOLDER, Notes, Turn, followers
from bedrock_llm.messages import Document, Opaque, Part, Text, ToolResult

__all__ = ["add_document_texts", "move_media", "split_results"]

DOCUMENT_TEXT = "See what is attached."


def move_media(turns: list[Turn], rules: HistoryRules, notes: Notes) -> list[Turn]:
    """Move media to where they are taken: out of tool results, and from the assistant into the user's next turn."""
    following = followers(turns)
    made: list[Turn] = []
    for number, turn in enumerate(turns):
        made.append(turn)
        if turn.role == "user":
            _move_from_results(turn, rules, notes)
        elif turn.role == "assistant" and not rules.assistant_media:
            moved = [part for part in turn.parts if part.__class__ in MEDIA]
            if not moved:
                continue
            target = following[number]
            if target is not None and turns[target].role == "user":
                receiver = turns[target]
            else:
                receiver = Turn("user", [], turn.index)
                made.append(receiver)
            turn.parts = [part for part in turn.parts if part.__class__ not in MEDIA]
            place = _after_results(receiver)
            receiver.parts[place:place] = [Text("[From the assistant's turn before:]"), *moved]
            notes.add(turn.index, "media were moved to the user's next turn: the assistant's cannot hold any")
    return made


def _after_results(turn: Turn) -> int:
    return max((place + 1 for place, part in enumerate(turn.parts) if isinstance(part, ToolResult)), default=0)


def _move_from_results(turn: Turn, rules: HistoryRules, notes: Notes) -> None:
    """Put what a result cannot hold behind the turn's results, each with a word that names its result."""
    moved: list[Part] = []
    numbers: Counter[str] = Counter()
    for place, result in enumerate(turn.parts):
        if not isinstance(result, ToolResult) or isinstance(result.content, str):
            continue
        kept: list[Part] = []
        for part in result.content:
            kind = MEDIA.get(part.__class__)
            if kind is None or kind in rules.tool_result_media:
                kept.append(part)
                continue
            numbers[kind] += 1
            name = f"{kind} {numbers[kind]}"
            kept.append(Text(f"[{name}: see below]"))
            moved += [Text(f"[{name}, from the result of tool call {result.tool_call_id}:]"), part]
        if any(mine is not theirs for mine, theirs in zip(kept, result.content, strict=True)):
            turn.parts[place] = replace(result, content=tuple(kept))
    if moved:
        what = ", ".join(f"{count} {kind}" for kind, count in sorted(numbers.items()))
        notes.add(turn.index, f"media ({what}) were moved out of tool results, which cannot hold them here")
        place = _after_results(turn)
        turn.parts[place:place] = moved


def split_results(turns: list[Turn], rules: HistoryRules, notes: Notes) -> list[Turn]:
    """Part tool results from what cannot stand beside them; an assistant's placeholder keeps the two turns two."""
    allowed = BESIDE.get(rules.tool_result_beside)
    if allowed is None:
        return turns
    made: list[Turn] = []
    for turn in turns:
        made.append(turn)
        if turn.role != "user" or not any(isinstance(part, ToolResult) for part in turn.parts):
            continue
        place = next((place for place, part in enumerate(turn.parts) if part.__class__ not in allowed), None)
        if place is None:
            continue
        while place and isinstance(turn.parts[place - 1], Text):  # words before an attachment belong to it
            place -= 1
        notes.add(turn.index, "what cannot stand beside tool results was put into a turn of its own")
        rest = turn.parts[place:]
        turn.parts = turn.parts[:place]
        made += [Turn("assistant", [Text(PLACEHOLDER)], turn.index), Turn("user", rest, turn.index)]
    return made


def add_document_texts(turns: list[Turn], rules: HistoryRules, notes: Notes) -> list[Turn]:
    """Put a text beside documents that stand without one."""
    for turn in turns if rules.document_text else ():
        if any(map(_is_document, turn.parts)) and not any(isinstance(part, Text) for part in turn.parts):
            notes.add(turn.index, "a text was put beside the document, which needs one")
            turn.parts.append(Text(DOCUMENT_TEXT))
    return turns


def _is_document(part: Part) -> bool:
    return isinstance(part, Document) or (isinstance(part, Opaque) and part.kind == "document")
