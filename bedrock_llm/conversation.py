"""A chat that keeps its history.

Here: `Conversation`, what a turn adds to it and when, and how it is written down. Not here: the path of a call
(flow.py), fitting to the window (context.py). Called by: client, sync.

Rule 1: the history changes only when an answer is complete. A turn that failed, broke off or was left has changed
nothing, so it can be sent again as it was. Rule 2: one turn at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, Unpack, overload

from bedrock_llm.errors import InvalidRequestError, UsageError
from bedrock_llm.messages import PART_CLASSES, Message, Part
from bedrock_llm.parameters import Parameters, ToolSpec, check_parameters
from bedrock_llm.redaction import names_secret
from bedrock_llm.request import MessagesInput, Request
from bedrock_llm.response import Response, TokenCount
from bedrock_llm.stream import ResponseStream

if TYPE_CHECKING:
    from bedrock_llm.client import LLMClient

__all__ = ["Content", "Conversation"]

T = TypeVar("T")

Content: TypeAlias = "str | Part | Message | Mapping[str, Any] | Iterable[str | Part | Message | Mapping[str, Any]]"

_CONTENT = "a string, parts such as ToolResult, a user's Message, or a list of these"


class Conversation:
    """A chat with its history. Made by `LLMClient.conversation`.

        chat = client.conversation(system="Be brief.", max_tokens=200)
        response = await chat.send("Why is the sky blue?")
        response = await chat.send("And at dusk?")

    A turn is added to the history, question and answer together, when its answer is complete. One that failed, broke
    off or was left has changed nothing. After an answer with tool calls the next turn brings their results:
    `await chat.send([ToolResult(call.id, "22 degrees") for call in response.tool_calls])`.

    The history is kept whole; what a client's `context=` leaves out to fit the window is left out of what is sent.

    Args:
        client: Asks the model.
        messages: What was said before.
        parameters: Those of every turn.

    Raises:
        InvalidRequestError: A message or parameter is wrong.
    """

    def __init__(self, client: LLMClient, *, messages: MessagesInput = (), **parameters: Unpack[Parameters]) -> None:
        if not hasattr(client, "aclose"):
            raise UsageError(f"a Conversation is asked of an LLMClient, not of {type(client).__name__}")
        self._client = client
        self._parameters: Mapping[str, Any] = MappingProxyType(check_parameters(parameters))
        given: Any = messages
        if isinstance(given, Iterable) and not isinstance(given, (str, Mapping)):
            given = tuple(given)
        self._messages: tuple[Message, ...] = Request.of(given).messages if given != () else ()
        self._turn: _Turn | None = None  # the one under way
        self._calibration: float | None = None

    @property
    def messages(self) -> tuple[Message, ...]:
        """The history, oldest first; the system text is a parameter and not among them."""
        return self._messages

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of every turn, in their normal form; they cannot be changed."""
        return self._parameters

    @property
    def calibration(self) -> float | None:
        """Input tokens that the provider counted for one that we estimated, by the last answer that told; None before.

        `count_tokens` is corrected by it. A conversation that was shortened to fit tells nothing.
        """
        return self._calibration

    @property
    def summary(self) -> str | None:
        """Words that stand for what was dropped to fit the window; None, as no policy makes a summary."""
        return None

    @overload
    async def send(
        self, content: Content, *, output_type: type[T], **parameters: Unpack[Parameters]
    ) -> Response[T]: ...

    @overload
    async def send(
        self, content: Content, *, output_type: Any = None, **parameters: Unpack[Parameters]
    ) -> Response[Any]: ...

    async def send(self, content: Content, **parameters: Any) -> Response[Any]:
        """Say something, and wait for the whole answer.

        Args:
            content: A string, parts (results of tools among them), or a user's message.
            parameters: Of this turn alone, over those of the conversation; None takes one away.

        Raises:
            UsageError: Another turn is under way.
            InvalidRequestError: The content or a parameter is wrong.
            LLMError: As `LLMClient.generate`; the history is as it was.
        """
        turn = self._next(content, parameters)
        turn.begin()
        try:
            response = await self._client.generate(turn.asked, **turn.parameters)
            await turn.take(response)
        finally:
            turn.drop()
        return response

    @overload
    def stream(
        self, content: Content, *, output_type: type[T], **parameters: Unpack[Parameters]
    ) -> ResponseStream[T]: ...

    @overload
    def stream(
        self, content: Content, *, output_type: Any = None, **parameters: Unpack[Parameters]
    ) -> ResponseStream[Any]: ...

    def stream(self, content: Content, **parameters: Any) -> ResponseStream[Any]:
        """Say something, and read the answer as it arrives; use it with `async with`. Arguments and errors as `send`.

        The turn begins when the stream is entered, and is added to the history when its last event was read.
        """
        turn = self._next(content, parameters)
        stream = self._client.stream(turn.asked, **turn.parameters)
        stream._turn = turn  # noqa: SLF001  # the stream tells its turn how it ends
        return stream

    async def count_tokens(
        self, content: Content | None = None, *, source: Literal["exact", "provider", "estimate"] | None = None
    ) -> TokenCount:
        """Input tokens of the conversation, system text and tools included.

        An estimate is corrected by what the provider counted so far. It stays an estimate, with the bound it had, or a
        wider one where the correction is upwards.

        Args:
            content: What would be said next, or None.
            source: As for `LLMClient.count_tokens`.

        Raises:
            InvalidRequestError: There is nothing to count yet.
            UnsupportedFeatureError: The model cannot count that way.
        """
        messages = self._messages if content is None else (*self._messages, *_said(content))
        count = await self._client.count_tokens(messages, source=source, **_counted(self._parameters))
        if count.source != "estimate" or self.calibration is None:
            return count
        tokens = ceil(count.tokens * self.calibration)
        return TokenCount(tokens, "estimate", ceil(count.error_bound * max(1.0, self.calibration)))

    def to_dict(self) -> dict[str, Any]:
        """The conversation as JSON-able data: messages, parameters, calibration.

        Raises:
            InvalidRequestError: A parameter cannot be written: a tool with a function, an `output_type` that is no JSON
                schema, a header that holds a key. Give such a one to `send`, or to `from_dict` again.
        """
        for name, value in self._parameters.items():
            _check_writable(name, value)
        data = Request(self._messages, self._parameters).to_dict()
        return {
            "messages": data["messages"],
            "parameters": data.get("parameters", {}),
            "calibration": self.calibration,
            "summary": self.summary,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, client: LLMClient, **parameters: Unpack[Parameters]) -> Conversation:
        """The conversation that `to_dict` wrote.

        Args:
            data: What it wrote.
            client: Who asks the model from now on.
            parameters: Laid over those that were written; None takes one away.

        Raises:
            InvalidRequestError: The data is not what `to_dict` writes.
        """
        if not isinstance(data, Mapping):
            raise InvalidRequestError.of("data", data, "a mapping as to_dict() writes it")
        for name, value in data.items():
            check = _READ.get(name)
            if check is None:
                raise InvalidRequestError.of(f"data[{name!r}]", value, f"absent; the fields are {', '.join(_READ)}")
            check(name, value)
        read = Request.from_dict({"messages": data.get("messages", ()), "parameters": data.get("parameters", {})})
        chat = cls(client, messages=read.messages, **{**read.parameters, **parameters})
        calibration = data.get("calibration")
        chat._calibration = None if calibration is None else float(calibration)
        return chat

    def __repr__(self) -> str:
        return f"Conversation({len(self._messages)} messages, {self._client!r})"

    def _next(self, content: Content, parameters: Mapping[str, Any]) -> _Turn:
        return _Turn(self, _said(content), check_parameters({**self._parameters, **parameters}))


class _Turn:
    """One question and its answer, on the way into the history.

    Attributes:
        asked: The history and the question.
        parameters: Of this turn.
    """

    def __init__(self, chat: Conversation, said: tuple[Message, ...], parameters: dict[str, Any]) -> None:
        self._chat = chat
        self._before = chat._messages  # noqa: SLF001  # one module, one job: so throughout this class
        self.asked = (*self._before, *said)
        self.parameters = parameters

    def begin(self) -> None:
        """Be the turn that is under way.

        Raises:
            UsageError: Another one is, or the history is not what it was when the question was put.
        """
        chat = self._chat
        if chat._turn is not None:  # noqa: SLF001
            raise UsageError(
                "this conversation is waiting for an answer: it has one turn at a time. Wait for it, or start another "
                "conversation with client.conversation(messages=chat.messages)"
            )
        if chat._messages is not self._before:  # noqa: SLF001
            raise UsageError("the conversation has gone on since this stream was made: make another, chat.stream(...)")
        chat._turn = self  # noqa: SLF001

    async def take(self, response: Response[Any]) -> None:
        """Add the question and its answer to the history, and learn from what the provider counted."""
        self._chat._messages = (*self.asked, response.message)  # noqa: SLF001
        self.drop()
        ratio = await self._ratio(response)
        if ratio is not None:
            self._chat._calibration = ratio  # noqa: SLF001

    def drop(self) -> None:
        """Be under way no longer. Can be called twice."""
        if self._chat._turn is self:  # noqa: SLF001
            self._chat._turn = None  # noqa: SLF001

    async def _ratio(self, response: Response[Any]) -> float | None:
        """Input tokens as counted by the provider for one of our estimate, or None where they cannot be compared."""
        counted = response.usage.total_input_tokens
        if not counted or any(warning.kind == "dropped" for warning in response.warnings):
            return None  # not told, or not of all that is estimated here
        client = self._chat._client  # noqa: SLF001
        try:
            count = await client.count_tokens(self.asked, **_counted(self.parameters))
        except Exception:  # noqa: BLE001  # a model that cannot count can chat all the same, and its answer is there
            return None
        return counted / count.tokens if count.source == "estimate" and count.tokens else None


def _counted(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that take input tokens."""
    return {name: parameters.get(name) for name in ("system", "tools")}


def _said(content: Any) -> tuple[Message, ...]:
    """The user's messages of what is given to `send`."""
    if isinstance(content, (str, *PART_CLASSES)):
        if isinstance(content, str) and not content.strip():
            raise InvalidRequestError("content is a blank string", parameter="content", value=content)
        return (Message.user(content),)
    entries: Any = (content,) if isinstance(content, (Message, Mapping)) else content
    if not isinstance(entries, Iterable) or isinstance(entries, (bytes, bytearray)):
        raise InvalidRequestError.of("content", content, _CONTENT)
    given = tuple(entries)
    whole = [isinstance(entry, (Message, Mapping)) for entry in given]
    if not given or any(whole) != all(whole):
        raise InvalidRequestError.of("content", content, f"{_CONTENT}; messages and parts do not mix")
    if not any(whole):
        return (Message.user(*given),)
    if not all(isinstance(entry, Message) for entry in given):
        from bedrock_llm.shapes import messages_from_dict

        given = messages_from_dict(given)
    for message in given:
        if message.role != "user":
            raise InvalidRequestError.of(
                "content", message, "of the user: the model answers, and system= is a parameter"
            )
    return given


def _check_writable(name: str, value: Any) -> None:
    """Refuse a parameter that would not come back as it was.

    Raises:
        InvalidRequestError: Names it.
    """
    if name == "tools":
        for index, tool in enumerate(value):
            if isinstance(tool, ToolSpec) and tool.function is not None:
                allowed = "a tool without a function: a function cannot be written; give such tools to send()"
                raise InvalidRequestError.of(f"tools[{index}] ({tool.name})", tool.function, allowed)
    elif name == "output_type" and not isinstance(value, Mapping):
        raise InvalidRequestError.of(name, value, "a JSON schema: a type cannot be written; give it to send()")
    elif name == "extra_headers":
        for header in value:
            if names_secret(header):
                text = f"{name}[{header!r}] seems to hold a key, which is not written; give it to send()"
                raise InvalidRequestError(text, parameter=f"{name}[{header!r}]", allowed="headers without keys")
    elif name != "system":
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise InvalidRequestError.of(name, value, f"JSON-able to be written ({error})") from error


def _check_ratio(name: str, value: Any) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9):
        raise InvalidRequestError.of(f"data[{name!r}]", value, "a number above 0, or None")


def _check_none(name: str, value: Any) -> None:
    if value is not None:
        raise InvalidRequestError.of(f"data[{name!r}]", value, "None: nothing here makes a summary or reads one")


def _by_request(name: str, value: Any) -> None:
    """Whoever reads the field checks it."""


_READ = {"messages": _by_request, "parameters": _by_request, "calibration": _check_ratio, "summary": _check_none}
