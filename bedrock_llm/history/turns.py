"""Turns of a conversation that may be changed, and the steps that look at whole turns.

Here: blanks, system messages, turns of one role in a row, empty turns, the first and the last. Not here: tool calls
and results (pairs.py), media (attached.py). Called by: mending.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bedrock_llm.history.rules import HistoryRules
from bedrock_llm.messages import CachePoint, Message, Opaque, Part, Role, Text, Thinking, ToolResult
from bedrock_llm.response import ResponseWarning

__all__ = [
    "PLACEHOLDER",
    "Notes",
    "Turn",
    "drop_blanks",
    "fill_empty",
    "followers",
    "mend_ends",
    "merge",
    "place_system",
]

PLACEHOLDER = "."  # several models refuse white space as a text, none refuses this
NO_OUTPUT = "(no output)"  # stands for what a tool gave back where that was blank


class Notes:
    """The warnings of one repair."""

    __slots__ = ("warnings",)

    def __init__(self) -> None:
        self.warnings: list[ResponseWarning] = []

    def add(self, index: int, what: str) -> None:
        """Say what was done to the caller's message `index`."""
        where = f"messages[{index}]"
        self.warnings.append(ResponseWarning("repaired", f"{where}: {what}", where))


@dataclass(slots=True)
class Turn:
    """One message that may be changed.

    Attributes:
        role: Whose turn it is.
        parts: What is said.
        index: Its place among the caller's messages; of a turn that was put in, that of its cause.
        source: The message it was, or None for one that was put in.
        emptied: Whether all it held was moved elsewhere.
    """

    role: Role
    parts: list[Part]
    index: int
    source: Message | None = None
    emptied: bool = False

    @classmethod
    def of(cls, message: Message, index: int) -> Turn:
        """The turn of a message."""
        return cls(message.role, list(message.parts), index, message)

    def message(self) -> Message:
        """The turn as a message: the very one it came from, where nothing changed."""
        source = self.source
        if source is None or len(source.parts) != len(self.parts):
            return Message(self.role, tuple(self.parts))
        if all(mine is theirs for mine, theirs in zip(self.parts, source.parts, strict=True)):
            return source
        return Message(self.role, tuple(self.parts))


def followers(turns: list[Turn]) -> list[int | None]:
    """For each turn the number of the next one that is not the system's."""
    made: list[int | None] = []
    following: int | None = None
    for number in reversed(range(len(turns))):
        made.append(following)
        if turns[number].role != "system":
            following = number
    return made[::-1]


def drop_blanks(turns: list[Turn], rules: HistoryRules, notes: Notes) -> list[Turn]:
    """Leave out texts that are blank, thinking that says nothing, and blocks of another provider's."""
    for turn in turns:
        kept = [part for part in turn.parts if not _blank(part, rules)]
        if len(kept) < len(turn.parts):
            foreign = any(isinstance(part, Opaque) and _blank(part, rules) for part in turn.parts)
            what = "blank parts, or parts that only another provider reads," if foreign else "blank parts"
            notes.add(turn.index, f"{what} were left out")
        turn.parts = [
            _filled_result(part, turn, rules, notes) if isinstance(part, ToolResult) else part for part in kept
        ]
    return turns


def _blank(part: Part, rules: HistoryRules) -> bool:
    if isinstance(part, Text):
        return not part.citations and (not part.text or part.text.isspace())
    if isinstance(part, Thinking):
        return not (part.text or part.signature or part.redacted)
    return isinstance(part, Opaque) and rules.wire is not None and part.provider != rules.wire


def _filled_result(result: ToolResult, turn: Turn, rules: HistoryRules, notes: Notes) -> ToolResult:
    content = result.content
    if isinstance(content, str):
        if content and not content.isspace():
            return result
        kept: Any = ()
    else:
        kept = tuple(part for part in content if not _blank(part, rules))
        if len(kept) == len(content) > 0:
            return result
    notes.add(
        turn.index, f"the result of tool call {result.tool_call_id!r} was blank in part or whole, which was mended"
    )
    return replace(result, content=kept or NO_OUTPUT)


def place_system(turns: list[Turn], rules: HistoryRules, notes: Notes) -> list[Turn]:
    """Move system messages to the front where they cannot stand in the middle; empty ones are left out."""
    front: list[Turn] = []
    rest: list[Turn] = []
    for turn in turns:
        if turn.role != "system":
            rest.append(turn)
        elif all(isinstance(part, CachePoint) for part in turn.parts):
            notes.add(turn.index, "an empty system message was left out")
        elif not rest:
            front.append(turn)
        elif rules.system_messages:
            rest.append(turn)
        else:
            notes.add(turn.index, "the system message was moved to the front: this model takes none in between")
            front.append(turn)
    return front + rest


def merge(turns: list[Turn], rules: HistoryRules, notes: Notes) -> list[Turn]:
    """Make one turn of several of one role in a row; system messages between them stand behind it."""
    if not rules.alternate:
        return turns
    made: list[Turn] = []
    last: Turn | None = None
    for turn in turns:
        if turn.role == "system":
            made.append(turn)
        elif last is not None and last.role == turn.role:
            last.parts += turn.parts
            notes.add(turn.index, f"merged into the {turn.role}'s turn before it: roles must alternate")
        else:
            made.append(turn)
            last = turn
    return made


def fill_empty(turns: list[Turn], rules: HistoryRules, notes: Notes) -> list[Turn]:
    """Put a placeholder where a turn says nothing."""
    del rules
    for turn in turns:
        if turn.role != "system" and all(isinstance(part, CachePoint) for part in turn.parts):
            notes.add(turn.index, f"the {turn.role}'s turn was empty: it now says {PLACEHOLDER!r}")
            turn.parts.insert(0, Text(PLACEHOLDER))
    return turns


def mend_ends(turns: list[Turn], rules: HistoryRules, notes: Notes) -> list[Turn]:
    """See to it that the conversation begins with the user, and ends so that the model can answer."""
    first = next((place for place, turn in enumerate(turns) if turn.role != "system"), None)
    if first is None:
        notes.add(max(len(turns) - 1, 0), f"a user's turn ({PLACEHOLDER!r}) was put in: there was none to answer")
        return [*turns, Turn("user", [Text(PLACEHOLDER)], 0)]
    if rules.user_first and turns[first].role == "assistant":
        notes.add(
            turns[first].index, f"a user's turn ({PLACEHOLDER!r}) was put before it: the first must be the user's"
        )
        turns.insert(first, Turn("user", [Text(PLACEHOLDER)], turns[first].index))
    last = next(turn for turn in reversed(turns) if turn.role != "system")
    if last.role == "user":
        return turns
    if not rules.assistant_last:
        notes.add(last.index, f"a user's turn ({PLACEHOLDER!r}) was put after it: this model cannot go on with its own")
        return [*turns, Turn("user", [Text(PLACEHOLDER)], last.index)]
    _strip_end(last, notes)
    return turns


def _strip_end(turn: Turn, notes: Notes) -> None:
    place = next(place for place in reversed(range(len(turn.parts))) if not isinstance(turn.parts[place], CachePoint))
    part = turn.parts[place]
    if isinstance(part, Text) and part.text != part.text.rstrip():
        notes.add(turn.index, "white space at the end of the last turn was cut: the model goes on from there")
        turn.parts[place] = replace(part, text=part.text.rstrip())
