"""A Llama's answer as it comes: text, or tool calls.

Here: `CallsOrText`. Not here: what a call looks like (calls.py). Called by: body.py.

Rule: text is held back only while it may still become calls; the first character that cannot belong to one lets it go.
A long text is looked at anew each time it has grown by an eighth, so that looking stays cheap.
"""

from __future__ import annotations

import json

from bedrock_llm.codecs.llama_prompt.calls import may_become_calls, read_calls
from bedrock_llm.codecs.shared.completions import PlainText
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.events import Event, ToolCallDelta, ToolCallFinished, ToolCallStarted
from bedrock_llm.response import ResponseWarning

__all__ = ["CallsOrText"]

_SHORT_CHARS = 256


class CallsOrText(PlainText):
    """An answer that is text, unless all of it is tool calls."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[str] | None = []
        self._held_chars = 0
        self._look_at_chars = 0

    def take(self, text: str, events: list[Event]) -> None:
        """More of the answer."""
        if self._held is None:
            super().take(text, events)
            return
        self._held.append(text)
        self._held_chars += len(text)
        if self._held_chars < self._look_at_chars:
            return
        held = "".join(self._held)
        if may_become_calls(held):
            self._look_at_chars = 0 if len(held) < _SHORT_CHARS else len(held) + len(held) // 8
            return
        self._held = None
        super().take(held, events)

    def end(self, word: Json, events: list[Event]) -> ResponseWarning | None:
        """All of it has come: what was held back is calls, or text after all."""
        held = "".join(self._held or ())
        self._held = None
        calls = read_calls(held)
        if held and not calls:
            super().take(held, events)
        for index, call in enumerate(calls):
            text = call.raw_arguments
            written = json.dumps(call.arguments, ensure_ascii=False) if text is None else text
            events += [ToolCallStarted(index, call.id, call.name), ToolCallDelta(index, written)]
            events.append(ToolCallFinished(call))
        self.calls = len(calls)
        return super().end(word, events)
