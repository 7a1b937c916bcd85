"""`ScriptedModel`: a model without a wire, which answers what it was told to.

Here: the model. Not here: a server (emulator/). Called by: tests of users and our own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, TypeAlias

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError, UsageError
from bedrock_llm.events import Event, TextDelta, ThinkingDelta, events_of
from bedrock_llm.messages import Message
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.request import Request
from bedrock_llm.response import Response
from bedrock_llm.testing.emulator.encode import pieces
from bedrock_llm.testing.emulator.script import as_response
from bedrock_llm.tokens.estimate import estimate

__all__ = ["ScriptEntry", "ScriptedModel"]

_Answer: TypeAlias = "str | Message | Response[Any] | BaseException"
ScriptEntry: TypeAlias = "_Answer | Callable[[Request], _Answer]"


class ScriptedModel(BaseModelImplementation):
    """Answers from a script, without any network.

        model = ScriptedModel(["Hello!", RateLimitError("slow down"), lambda request: request.messages[-1].text])
        client = LLMClient(model)

    Each entry answers one request: a string, a `Message.assistant(...)`, a `Response`, an exception (raised), or a
    function of the `Request` that returns one of these. A single function in place of the list answers every request.

    Attributes:
        requests: What was asked, oldest first.
        config: What the path shall believe of the model.
    """

    def __init__(
        self, script: Iterable[ScriptEntry] | Callable[[Request], _Answer], *, config: ModelConfig | None = None
    ) -> None:
        self.requests: list[Request] = []
        self.config: ModelConfig = ModelConfig(provider="scripted", model="scripted") if config is None else config
        self._always = script if callable(script) else None
        self._script: tuple[ScriptEntry, ...] = () if callable(script) else _checked(script)

    async def generate_text(self, messages: Any, **parameters: Any) -> Response[Any]:
        """The next answer of the script.

        Raises:
            UsageError: The script is used up.
        """
        return await self.answer(Request.of(messages, **parameters))

    async def answer(self, request: Request) -> Response[Any]:
        """The next answer of the script.

        Raises:
            UsageError: The script is used up.
        """
        self.requests.append(request)
        entry: Any = self._always or self._entry(len(self.requests))
        answer = entry(request) if callable(entry) and not isinstance(entry, type) else entry
        if isinstance(answer, BaseException) or (isinstance(answer, type) and issubclass(answer, BaseException)):
            raise answer
        return as_response(answer)

    async def answer_stream(self, request: Request) -> AsyncIterator[Event]:
        """The next answer as events, its text in pieces about the size of a token."""
        for event in events_of(await self.answer(request)):
            if isinstance(event, (TextDelta, ThinkingDelta)):
                for piece in pieces(event.text):
                    yield type(event)(piece)
            else:
                yield event

    def count_tokens(self, text: str) -> int:
        """About the tokens of a text, by the library's own estimate."""
        return estimate(text)

    def validate_parameters(self, **parameters: Any) -> None:
        """Take every parameter."""

    def _entry(self, number: int) -> ScriptEntry:
        if number > len(self._script):
            raise UsageError(
                f"the script of this ScriptedModel is used up: it has {len(self._script)} answers, and this is request "
                f"{number}; give it more, or a function that answers every request"
            )
        return self._script[number - 1]


def _checked(script: Iterable[ScriptEntry]) -> tuple[ScriptEntry, ...]:
    if isinstance(script, (str, bytes)):
        raise InvalidRequestError.of("script", script, "a list of answers, or a function")
    made = tuple(script)
    for entry in made:
        if not isinstance(entry, BaseException) and not callable(entry):
            as_response(entry)
    return made
