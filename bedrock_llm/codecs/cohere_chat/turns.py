"""Which part of a conversation is history here, and which is asked now.

Here: the one cut that this body wants. Called by: prepare.py, encode.py.

Rule: what is asked is the last text of the user's. Calls and results behind it belong to that question and go back
beside it; everything before it is history.
"""

from __future__ import annotations

from collections.abc import Sequence

from bedrock_llm.messages import Message, Part, Text, ToolResult

__all__ = ["open_turns", "split_results"]


def open_turns(messages: Sequence[Message]) -> tuple[int, Sequence[Message]]:
    """The place behind the message that asks, and the turns from there on."""
    for index in reversed(range(len(messages))):
        message = messages[index]
        if message.role == "user" and any(isinstance(part, Text) for part in message.parts):
            return index + 1, messages[index + 1 :]
    return 0, messages


def split_results(message: Message) -> tuple[list[ToolResult], list[Part]]:
    """The results of a turn, and the rest of it."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    return results, [part for part in message.parts if not isinstance(part, ToolResult)]
