"""Tool calls and their results, brought together.

Here: every call answered once, in the very next turn, in the order of the calls. Not here: what may stand in a result
or beside it (attached.py). Called by: mending.

Rule: a result answers the latest turn before it that made a call of its id and has no answer yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bedrock_llm.history.rules import HistoryRules
from bedrock_llm.history.turns import Notes, Turn, followers, merge
from bedrock_llm.messages import CachePoint, Part, Text, ToolCall, ToolResult

__all__ = ["pair_results"]

NOT_RECORDED = "No result of this call was recorded."


class _Found(NamedTuple):
    """A result, and where it stands: the turn's number and the place in it."""

    turn: int
    place: int
    result: ToolResult


@dataclass(slots=True)
class _Slot:
    """One call, and what answers it.

    Attributes:
        id: Of the call, as it will be sent.
        turn: The number of its turn.
        found: Its results; more than one are joined.
    """

    id: str
    turn: int
    found: list[_Found] = field(default_factory=list)


class _Calls:
    """The calls of a conversation, as a walk through it finds them."""

    def __init__(self) -> None:
        self.by_turn: dict[int, list[_Slot]] = {}
        self._open: dict[str, list[_Slot]] = {}
        self._last: dict[str, _Slot] = {}
        self._used: set[str] = set()
        self._count: dict[str, int] = {}

    def add(self, call: ToolCall, turn: int) -> str:
        """Note a call; its id, another one if that was taken or empty."""
        slot = _Slot(self._unique(call.id), turn)
        self.by_turn.setdefault(turn, []).append(slot)
        self._open.setdefault(call.id, []).append(slot)
        self._last[call.id] = slot
        return slot.id

    def answer(self, found: _Found) -> None:
        """Note a result with the call that it answers, by the rule; where all have theirs, the last gets one more."""
        waiting = self._open.get(found.result.tool_call_id)
        if not waiting:
            slot = self._last.get(found.result.tool_call_id)
        else:
            place = len(waiting) - 1
            while place and waiting[place - 1].turn == waiting[-1].turn:
                place -= 1
            slot = waiting.pop(place)
        if slot is not None:
            slot.found.append(found)

    def _unique(self, call_id: str) -> str:
        made = call_id
        while not made or made in self._used:
            self._count[call_id] = self._count.get(call_id, 0) + 1
            made = f"{call_id or 'call'}_{self._count[call_id]}"
        self._used.add(made)
        return made


def pair_results(turns: list[Turn], rules: HistoryRules, notes: Notes) -> list[Turn]:
    """Put each call's one result into the user's turn right after it, in the order of the calls."""
    turns = _system_behind_results(turns, notes)
    calls = _collect(turns, notes)
    following = followers(turns)
    answers: dict[int, list[Part]] = {}
    taken: dict[int, set[int]] = {}
    for number, owed in calls.by_turn.items():
        target = following[number]
        if target is not None and turns[target].role != "user":
            target = None
        renamed = any(found.result.tool_call_id != slot.id for slot in owed for found in slot.found)
        if _in_order(turns, target, owed) and not renamed:
            continue
        ordered = _in_order(turns, target, [slot for slot in owed if slot.found])
        answers[number] = [_answer(slot, turns, target, notes, quiet=ordered) for slot in owed]
        for found in (found for slot in owed for found in slot.found):
            taken.setdefault(found.turn, set()).add(found.place)
    return _rebuilt(turns, answers, taken, rules, notes) if answers else turns


def _system_behind_results(turns: list[Turn], notes: Notes) -> list[Turn]:
    """Move a system message from between calls and the user's turn to behind that turn."""
    made: list[Turn] = []
    held: list[Turn] = []
    calling = False
    for turn in turns:
        if turn.role == "system" and calling:
            notes.add(turn.index, "the system message was moved behind the results of the tool calls before it")
            held.append(turn)
            continue
        made.append(turn)
        if turn.role != "system":
            made += held
            held = []
            calling = turn.role == "assistant" and any(isinstance(part, ToolCall) for part in turn.parts)
    return made + held


def _collect(turns: list[Turn], notes: Notes) -> _Calls:
    calls = _Calls()
    for number, turn in enumerate(turns):
        for place, part in enumerate(turn.parts):
            if isinstance(part, ToolCall):
                call_id = calls.add(part, number)
                if call_id != part.id:
                    notes.add(
                        turn.index,
                        f"the id {part.id!r} of a tool call was taken or empty: call and result have {call_id!r}",
                    )
                    turn.parts[place] = replace(part, id=call_id)
            elif isinstance(part, ToolResult):
                calls.answer(_Found(number, place, part))
    return calls


def _in_order(turns: list[Turn], target: int | None, owed: list[_Slot]) -> bool:
    """Whether the turn begins with just these results, in this order; cache points may stand between."""
    if any(len(slot.found) != 1 or slot.found[0].turn != target for slot in owed):
        return False
    if target is None or not owed:
        return False
    places = [slot.found[0].place for slot in owed]
    parts = turns[target].parts[: max(places) + 1]
    return places == [place for place, part in enumerate(parts) if not isinstance(part, CachePoint)]


def _answer(slot: _Slot, turns: list[Turn], target: int | None, notes: Notes, *, quiet: bool) -> ToolResult:
    """The one result of a call, and a word on what was wrong with it."""
    if not slot.found:
        notes.add(turns[slot.turn].index, f"tool call {slot.id!r} has no result: one that says so was put in")
        return ToolResult(slot.id, NOT_RECORDED, is_error=True)
    first = slot.found[0]
    if len(slot.found) > 1:
        notes.add(turns[first.turn].index, f"several results of tool call {slot.id!r} were joined into one")
    if any(found.turn != target for found in slot.found):
        notes.add(turns[first.turn].index, f"the result of tool call {slot.id!r} was moved to right behind its call")
    elif len(slot.found) == 1 and not quiet:
        notes.add(
            turns[first.turn].index, f"the result of tool call {slot.id!r} was put first, in the order of the calls"
        )
    return _joined(slot)


def _joined(slot: _Slot) -> ToolResult:
    results = [found.result for found in slot.found]
    if len(results) == 1:
        return replace(results[0], tool_call_id=slot.id)
    parts: list[Part] = []
    for result in results:
        parts += [Text(result.content)] if isinstance(result.content, str) else result.content
    return ToolResult(slot.id, tuple(parts), is_error=any(result.is_error for result in results))


def _rebuilt(
    turns: list[Turn], answers: dict[int, list[Part]], taken: dict[int, set[int]], rules: HistoryRules, notes: Notes
) -> list[Turn]:
    """The turns without what was taken, and with the answers right after the turns that called."""
    made: list[Turn] = []
    waiting: list[Part] = []
    for number, turn in enumerate(turns):
        gone = taken.get(number)
        if gone:
            turn.parts = [part for place, part in enumerate(turn.parts) if place not in gone]
        if waiting:
            turn.parts = [*waiting, *turn.parts]
            waiting = []
        turn.emptied = bool(gone) and not turn.parts
        made.append(turn)
        if number in answers:
            following = turns[number + 1].role if number + 1 < len(turns) else None
            if following == "user":
                waiting = answers[number]
            else:
                made.append(Turn("user", answers[number], turn.index))
    last = next(turn for turn in reversed(made) if turn.role != "system")
    kept = [turn for turn in made if not turn.emptied or turn is last]
    return merge(kept, rules, notes) if len(kept) < len(made) else made
