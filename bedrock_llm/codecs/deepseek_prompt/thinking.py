"""A text that begins with reasoning: what stands before `</think>`, and what behind it.

Here: `ThoughtThenText`. Called by: body.py.

Rule 1: no character is lost but the tags and the blanks before a leading `<think>`.
Rule 2: reasoning is handed out as it comes, except the few characters that may become a tag. So whether an answer
begins inside its reasoning must be known before: it is where the prompt opened it.
"""

from __future__ import annotations

from bedrock_llm.codecs.deepseek_prompt.schema import CLOSE, OPEN
from bedrock_llm.codecs.shared.completions import PlainText
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.events import Event, PartFinished, ThinkingDelta
from bedrock_llm.messages import Thinking
from bedrock_llm.response import ResponseWarning

__all__ = ["ThoughtThenText"]

_NEVER_CLOSED = ResponseWarning(
    "incomplete", "the answer ended inside its reasoning, which </think> did not close: it holds no text", "thinking"
)


class ThoughtThenText(PlainText):
    """Reasoning up to `</think>`, then text.

    Args:
        family: Of the model; stands on its reasoning.
        thinks: Whether the answer begins inside the reasoning though it does not say so.
    """

    def __init__(self, family: str | None, *, thinks: bool) -> None:
        super().__init__()
        self._family = family
        self._thinks = thinks
        self._held = ""
        self._begun = False
        self._thinking = True
        self._thoughts: list[str] = []

    def take(self, text: str, events: list[Event]) -> None:
        """More of the answer."""
        if not self._thinking:
            super().take(text, events)
            return
        held, self._held = self._held + text, ""
        if not self._begun:
            bare = held.lstrip()
            if OPEN.startswith(bare[: len(OPEN)]) and len(bare) < len(OPEN):
                self._held = held
                return
            self._begin(held, bare.startswith(OPEN), events)
            return
        self._think(held, events)

    def _begin(self, held: str, tagged: bool, events: list[Event]) -> None:
        """Enough has come to tell whether a tag opens the reasoning."""
        self._begun = True
        if tagged:
            self._think(held.lstrip().removeprefix(OPEN), events)
        elif self._thinks:
            self._think(held, events)
        else:
            self._thinking = False
            super().take(held, events)

    def _think(self, text: str, events: list[Event]) -> None:
        thought, tag, rest = text.partition(CLOSE)
        if not tag:
            kept = _maybe_tag(text)
            self._held = text[len(text) - kept :]
            self._add(text[: len(text) - kept], events)
            return
        self._add(thought, events)
        self._close(events)
        if rest:
            super().take(rest, events)

    def _add(self, thought: str, events: list[Event]) -> None:
        if thought:
            self._thoughts.append(thought)
            events.append(ThinkingDelta(thought))

    def _close(self, events: list[Event]) -> None:
        self._thinking = False
        if self._thoughts:
            events.append(PartFinished(Thinking("".join(self._thoughts), family=self._family)))

    def end(self, word: Json, events: list[Event]) -> ResponseWarning | None:
        """All of it has come. Warned of is reasoning that was neither closed nor cut by the limit."""
        held, self._held = self._held, ""
        open_still = self._thinking and (self._begun or self._thinks)
        if self._thinking:
            if open_still:
                self._add(held, events)
                self._close(events)
            elif held:
                super().take(held, events)
        super().end(word, events)
        return _NEVER_CLOSED if open_still and self._thoughts and word != "length" else None


def _maybe_tag(text: str) -> int:
    """How many characters at the end may be the beginning of `</think>`."""
    return next((size for size in range(len(CLOSE) - 1, 0, -1) if text.endswith(CLOSE[:size])), 0)
