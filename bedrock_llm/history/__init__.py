"""A conversation mended so that a strict API takes it.

Here: `repair`, and `uses_tools`. Not here: the order of the steps (mending.py), the single steps (turns.py, pairs.py,
attached.py), when there is nothing to do (check.py), which rules hold for a model (rules.py), what one wire alone wants
(codecs/). Called by: codecs.

Rule 1: what is changed is told: one warning for each, naming the message as the caller numbered it.
Rule 2: nothing that was said is lost; it is moved, merged, or left out only where it was blank.
Rule 3: a second repair finds nothing to do. Messages that need none stay the same objects.
Rule 4: a tool result without its call is not mended: it is refused when the request is made.
"""

from __future__ import annotations

from collections.abc import Iterable

from bedrock_llm.history.check import well_formed
from bedrock_llm.history.rules import HistoryRules, rules_for
from bedrock_llm.messages import Message, ToolCall, ToolResult
from bedrock_llm.response import ResponseWarning

__all__ = ["HistoryRules", "repair", "rules_for", "uses_tools"]


def repair(
    messages: tuple[Message, ...], rules: HistoryRules
) -> tuple[tuple[Message, ...], tuple[ResponseWarning, ...]]:
    """The conversation as the rules want it, and what was done to it.

    Pure, linear in the number of parts, and idempotent.

    Args:
        messages: As the caller gave them.
        rules: Of the model that is asked.

    Returns:
        The messages (the very same tuple where nothing was to be done) and one warning of kind `repaired` for each
        change; its parameter is `messages[i]`, counted in `messages`.
    """
    if well_formed(messages, rules):
        return messages, ()
    from bedrock_llm.history.mending import STEPS, Notes, Turn  # loaded when there is something to mend

    notes = Notes()
    turns = [Turn.of(message, index) for index, message in enumerate(messages)]
    for step in STEPS:
        turns = step(turns, rules, notes)
    if not notes.warnings:
        return messages, ()
    return tuple(turn.message() for turn in turns), tuple(notes.warnings)


def uses_tools(messages: Iterable[Message]) -> bool:
    """Whether a tool call or result stands in the conversation: some APIs then want the tools defined."""
    return any(
        part.__class__ is ToolCall or part.__class__ is ToolResult for message in messages for part in message.parts
    )
