"""An answer while it grows: reasoning, text and calls of one message, from one piece or many.

Here: which part is open and which events it gives. Not here: the lines of a stream (stream.py), whole answers
(decode.py). Called by: both.
Follows: Ollama's API, api.Message.

Rule 1: a whole message is one piece, so both ways of an answer are read by the same lines.
Rule 2: a call comes whole; one without an id gets one that depends on its place alone.
"""

from __future__ import annotations

import json

from bedrock_llm.codecs.shared.reading import Json, list_of, object_of, read_arguments, string_of
from bedrock_llm.events import (
    Event,
    PartFinished,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from bedrock_llm.messages import Part, Text, Thinking, ToolCall

__all__ = ["Assembly"]


class Assembly:
    """The parts of one answer.

    Args:
        family: Of the model asked; stands on its reasoning.

    Attributes:
        parts: Those that are complete.
        calls: How many calls there are.
    """

    def __init__(self, family: str | None) -> None:
        self.parts: list[Part] = []
        self.calls = 0
        self._family = family
        self._ids: set[str] = set()
        self._delta: type[TextDelta | ThinkingDelta] = TextDelta
        self._pieces: list[str] = []

    def take(self, message: Json, events: list[Event]) -> None:
        """A piece of the message, or the whole of it.

        Raises:
            ProtocolError: It is none, or a member that is known has a wrong type.
        """
        fields = object_of(message, "message")
        self._grow(ThinkingDelta, fields.get("thinking"), events)
        self._grow(TextDelta, fields.get("content"), events)
        for entry in list_of(fields.get("tool_calls"), "tool_calls"):
            self._call(entry, events)

    def finish(self, events: list[Event]) -> None:
        """The answer is complete: so is its last part."""
        if self._pieces:
            words, self._pieces = "".join(self._pieces), []
            part = Text(words) if self._delta is TextDelta else Thinking(words, family=self._family)
            self.parts.append(part)
            events.append(PartFinished(part))

    def _grow(self, delta: type[TextDelta | ThinkingDelta], given: Json, events: list[Event]) -> None:
        piece = string_of(given or "", "message.content")
        if not piece:
            return
        if delta is not self._delta:
            self.finish(events)
            self._delta = delta
        self._pieces.append(piece)
        events.append(delta(piece))

    def _call(self, given: Json, events: list[Event]) -> None:
        entry = object_of(given, "an entry of tool_calls")
        function = object_of(entry.get("function"), "tool_calls.function")
        name = string_of(function.get("name"), "tool_calls.function.name")
        identity = string_of(entry.get("id") or self._free_id(), "tool_calls.id")
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
        call = (
            ToolCall(identity, name, arguments) if isinstance(arguments, dict) else read_arguments(identity, name, text)
        )
        self.finish(events)
        self.parts.append(call)
        events += [ToolCallStarted(self.calls, identity, name), ToolCallDelta(self.calls, text), ToolCallFinished(call)]
        self._ids.add(identity)
        self.calls += 1

    def _free_id(self) -> str:
        made = f"call_{self.calls}"
        while made in self._ids:
            made += "_"
        return made
