"""Tool calls of an answer while they grow.

Here: which call a delta belongs to, its id and name, and its arguments. Called by: assembly.py.
Follows: OpenAI's ChatCompletionMessageToolCallChunk, and what other servers leave out of it.

Rule 1: a delta belongs to the call of its `index`, else to that of its id, else to the last one. An index that comes
again with another id and a name of its own begins another call.
Rule 2: a call begins with its name; one without an id gets one that depends on its place alone.
Rule 3: calls are complete when the answer is. An entry that says nothing is none.
"""

from __future__ import annotations

import json
from typing import Any

from bedrock_llm.codecs.openai_chat.schema import NAME
from bedrock_llm.codecs.shared.reading import Json, object_of, read_arguments, string_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import CUT_CALL, Event, PartFinished, ToolCallDelta, ToolCallFinished, ToolCallStarted
from bedrock_llm.messages import Opaque, Part, ToolCall

__all__ = ["Calls"]

IN_CALLS = "tool_calls"
_TEXTS = frozenset({"arguments", "input"})  # grow from delta to delta; everything else is said once


class _Call:
    """A call that grows; `number` and `place` are set when it begins."""

    __slots__ = ("fragments", "id", "index", "name", "number", "place")

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = self.name = ""
        self.fragments: list[str] = []
        self.number = self.place = -1


class Calls:
    """The calls of one answer.

    Args:
        parts: Of the answer; calls are put in their places.

    Attributes:
        begun: How many have begun.
    """

    __slots__ = ("_calls", "_others", "_parts", "begun")

    def __init__(self, parts: list[Part]) -> None:
        self.begun = 0
        self._parts = parts
        self._calls: list[_Call] = []
        self._others: dict[Any, dict[str, Json]] = {}

    def take(self, entries: list[Json], events: list[Event]) -> None:
        """Entries of `tool_calls`, whole or in pieces.

        Raises:
            ProtocolError: An entry has not the form.
        """
        for place, given in enumerate(entries):
            entry = object_of(given, "an entry of tool_calls")
            index = _index(entry)
            if entry.get("type") not in (None, "", "function") or index in self._others:
                _grow(self._others.setdefault(place if index is None else index, {}), entry)
                continue
            function = object_of(entry.get("function") or {}, "tool_calls.function")
            call = self._call_of(entry, function)
            if call.number < 0:
                self._begin(call, entry, function, events)
            self._argue(call, function.get("arguments"), events)

    def finish(self, events: list[Event], *, cut: bool) -> None:
        """All calls are complete.

        Args:
            events: Takes the last event of each.
            cut: Whether the answer ended at its limit: then a last call without arguments has lost them.

        Raises:
            ProtocolError: A call never got its name.
        """
        for call in self._calls:
            if call.number < 0 and not call.fragments:
                continue  # some servers send an entry that says nothing
            if call.number < 0:
                raise ProtocolError("a tool call of the answer has no name", excerpt=repr(call.fragments))
            text = "".join(call.fragments)
            made = read_arguments(call.id, call.name, text)
            if cut and call is self._calls[-1] and not text.strip():
                made = ToolCall(call.id, call.name, None, text, CUT_CALL)
            self._parts[call.place] = made
            events.append(ToolCallFinished(made))
        for entry in self._others.values():
            part = Opaque(NAME, IN_CALLS, entry)
            self._parts.append(part)
            events.append(PartFinished(part))

    def _call_of(self, entry: dict[str, Json], function: dict[str, Json]) -> _Call:
        """The call that an entry belongs to."""
        index, identity, named = _index(entry), entry.get("id") or "", bool(function.get("name"))
        known = next((call for call in self._calls if identity and call.id == identity), None)
        if index is not None:
            found = next((call for call in reversed(self._calls) if call.index == index), None)
            if found is None:
                return self._new(index)
            another = named and identity and found.id and identity != found.id and found.number >= 0
            return (known or self._new(index)) if another else found
        if known is not None:
            return known
        return self._calls[-1] if self._calls and not identity and not named else self._new(index)

    def _new(self, index: int | None) -> _Call:
        self._calls.append(_Call(index))
        return self._calls[-1]

    def _begin(self, call: _Call, entry: dict[str, Json], function: dict[str, Json], events: list[Event]) -> None:
        """Id and name, as far as this entry has them; with the name the call begins."""
        if entry.get("id"):
            call.id = string_of(entry["id"], "tool_calls.id")
        if not function.get("name"):
            return
        call.name = string_of(function["name"], "tool_calls.function.name")
        call.number, self.begun = self.begun, self.begun + 1
        call.id = call.id or self._free_id(call.number)
        call.place = len(self._parts)
        self._parts.append(ToolCall(call.id, call.name, None, "", CUT_CALL))
        events.append(ToolCallStarted(call.number, call.id, call.name))
        events += [ToolCallDelta(call.number, fragment) for fragment in call.fragments]

    def _free_id(self, number: int) -> str:
        made = f"call_{number}"
        while any(call.id == made for call in self._calls):
            made += "_"
        return made

    def _argue(self, call: _Call, arguments: Json, events: list[Event]) -> None:
        """More arguments: JSON text, or some servers' object."""
        if arguments is None or arguments == "":
            return
        fragment = arguments if arguments.__class__ is str else json.dumps(arguments, ensure_ascii=False)
        call.fragments.append(fragment)
        if call.number >= 0:
            events.append(ToolCallDelta(call.number, fragment))


def _index(entry: dict[str, Json]) -> int | None:
    index = entry.get("index")
    return index if index.__class__ is int else None


def _grow(whole: dict[str, Json], piece: dict[str, Json]) -> None:
    """Lay a piece over an entry of another kind; its texts are joined."""
    for name, value in piece.items():
        before = whole.get(name)
        if before.__class__ is dict and value.__class__ is dict:
            _grow(before, value)
        elif name in _TEXTS and before.__class__ is str and value.__class__ is str:
            whole[name] = before + value
        elif value is not None or name not in whole:
            whole[name] = dict(value) if value.__class__ is dict else value
