"""What the emulator is told to answer: a queue, first in first out.

Here: `Script`, `Reply`, and the reading of what a test may give as an answer. Not here: the answers without a script
(answer.py). Called by: service, Emulator, ScriptedModel.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Message
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason

__all__ = ["Reply", "Script", "as_response"]

Reply: TypeAlias = "str | Message | Response[Any] | Callable[[Request], str | Message | Response[Any]]"


def as_response(reply: object) -> Response[Any]:
    """A scripted answer as a `Response`; its stop reason is `tool_use` where it calls tools.

    Raises:
        InvalidRequestError: It is neither a string, an assistant's `Message` nor a `Response`.
    """
    if isinstance(reply, Response):
        return reply
    message = Message.assistant(reply) if isinstance(reply, str) else reply
    if not isinstance(message, Message) or message.role != "assistant":
        raise InvalidRequestError.of(
            "reply", reply, "a string, a Message.assistant(...), a Response, or a function that returns one"
        )
    return Response(message=message, stop_reason=StopReason.tool_use if message.tool_calls else StopReason.stop)


class Script:
    """Answers in their order. A function stays: it answers every request from its turn on."""

    def __init__(self) -> None:
        self._replies: deque[Reply] = deque()

    def __len__(self) -> int:
        return len(self._replies)

    def add(self, reply: Reply) -> None:
        """Queue an answer.

        Raises:
            InvalidRequestError: It is not one.
        """
        self._replies.append(reply if callable(reply) else as_response(reply))

    def clear(self) -> None:
        """Forget what is queued."""
        self._replies.clear()

    def peek(self) -> Response[Any] | None:
        """The next answer, if one is queued that is not a function; it stays."""
        first = self._replies[0] if self._replies else None
        return first if isinstance(first, Response) else None

    def take(self, request: Request) -> Response[Any] | None:
        """The next answer, or None where nothing is queued."""
        if not self._replies:
            return None
        first = self._replies[0]
        if isinstance(first, (str, Message, Response)):
            return as_response(self._replies.popleft())
        return as_response(first(request))
