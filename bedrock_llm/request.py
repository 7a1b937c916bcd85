"""What is asked: `Request`.

Here: one normal form for all that a caller may give; after that it is frozen. Not here: the checks of single
parameters (parameters.py), what a given model takes (models/), how it is written (codecs/). Called by: client,
models, codecs, tests of users.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import CachePoint, Message, Opaque, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec, check_parameters
from bedrock_llm.redaction import names_secret
from bedrock_llm.values import Converter, Value, frozen, many, one

__all__ = ["MessagesInput", "Request"]

MessagesInput: TypeAlias = "str | Message | Mapping[str, Any] | Iterable[Message | Mapping[str, Any]]"


def _new_call_id() -> str:
    return os.urandom(16).hex()


_TOOLS = {kind.__name__: kind for kind in (ToolSpec, Opaque, CachePoint)}


def _write_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, value in parameters.items():
        if name == "tools":
            written[name] = [{"type": type(tool).__name__, "value": tool.to_dict()} for tool in value]
        elif name == "system" and not isinstance(value, str):
            written[name] = Message("system", value).to_dict()["parts"]
        elif name == "extra_headers":
            written[name] = _open_headers(value)
        elif name != "output_type" or isinstance(value, Mapping):
            written[name] = list(value) if isinstance(value, tuple) else value
    return written


def _read_parameters(data: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise TypeError("parameters must be a mapping")
    read = dict(data)
    if "tools" in read:
        read["tools"] = [_TOOLS[tool["type"]].from_dict(tool["value"]) for tool in read["tools"]]
    if isinstance(read.get("system"), list):
        read["system"] = Message.from_dict({"role": "system", "parts": read["system"]}).parts
    return MappingProxyType(check_parameters(read))


def _open_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers whose names do not say that they hold a key."""
    return {name: value for name, value in headers.items() if not names_secret(name)}


def _picklable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters without secrets, and without an `output_type` that pickle could not find again."""
    kept = dict(parameters)
    if "extra_headers" in kept:
        kept["extra_headers"] = _open_headers(kept["extra_headers"])
    if "<locals>" in getattr(kept.get("output_type"), "__qualname__", ""):
        del kept["output_type"]
    return kept


@frozen
class Request(Value):
    """Messages and the parameters that were set. Make one with `Request.of`.

    `to_dict` and pickle leave out what they must not or cannot hold: headers that hold keys, the functions of tools,
    and an `output_type` (`to_dict`: unless it is a JSON schema; pickle: if it is a local class).

    Attributes:
        messages: The conversation, oldest first.
        parameters: What was set, in its normal form: `stop` is a tuple, `tools` are `ToolSpec`s.
        call_id: Pairs what observers see of one call. Not compared.
    """

    converters: ClassVar[Mapping[str, Converter]] = {
        "messages": many(one(lambda: Message)),
        "parameters": Converter(_write_parameters, _read_parameters),
    }
    messages: tuple[Message, ...]
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    call_id: str = field(default_factory=_new_call_id, compare=False)

    @classmethod
    def of(cls, messages: MessagesInput, /, **parameters: Any) -> Request:
        """The normal form of what a caller gives.

        Args:
            messages: A string, a `Message`, or a list of `Message`s and plain dicts in the OpenAI, Anthropic or
                Converse shape.
            parameters: See `Parameters`; None means not set.

        Raises:
            InvalidRequestError: A message or parameter is wrong; `.parameter` names it.
        """
        checked = check_parameters(parameters)
        made = _messages(messages)
        if not made and "prompt_variables" not in checked:
            raise InvalidRequestError(
                "messages is empty: give at least one message", parameter="messages", value=messages
            )
        if not _continues(checked):
            _refuse_orphans(made)
        return cls(made, MappingProxyType(checked))

    def get(self, name: str, default: Any = None) -> Any:
        """The parameter `name`, or `default` where it was not set."""
        return self.parameters.get(name, default)

    def with_(self, *, messages: Iterable[Message] | None = None, **parameters: Any) -> Request:
        """A copy of the same call with other messages or parameters; None takes a parameter away.

        Raises:
            InvalidRequestError: A parameter is wrong.
        """
        changed = {**self.parameters, **parameters}
        kept = {name: value for name, value in changed.items() if value is not None}
        made = self.messages if messages is None else tuple(messages)
        return Request(made, MappingProxyType(check_parameters(kept)), self.call_id)

    def __reduce__(self) -> Any:
        return _rebuild, (self.messages, _picklable(self.parameters), self.call_id)

    def __copy__(self) -> Request:
        return self  # it is frozen; `__reduce__` would leave out the headers

    def __deepcopy__(self, memo: dict[int, Any]) -> Request:
        parameters = MappingProxyType(copy.deepcopy(dict(self.parameters), memo))
        return Request(copy.deepcopy(self.messages, memo), parameters, self.call_id)

    def __repr__(self) -> str:
        shown = dict(self.parameters)
        if "extra_headers" in shown:
            shown["extra_headers"] = dict.fromkeys(shown["extra_headers"], "[hidden]")  # a header may hold a key
        return f"Request(messages={self.messages!r}, parameters={shown!r}, call_id={self.call_id!r})"


def _rebuild(messages: tuple[Message, ...], parameters: dict[str, Any], call_id: str) -> Request:
    return Request(messages, MappingProxyType(parameters), call_id)


def _messages(messages: Any) -> tuple[Message, ...]:
    if isinstance(messages, str):
        if not messages.strip():
            raise InvalidRequestError("messages is a blank string", parameter="messages", value=messages)
        return (Message("user", messages),)  # type: ignore[arg-type]  # a string becomes a Text
    if isinstance(messages, Message):
        return (messages,)
    if isinstance(messages, Mapping):
        return _from_dicts([messages])
    if not isinstance(messages, Iterable) or isinstance(messages, (bytes, bytearray)):
        raise InvalidRequestError.of("messages", messages, "a string, a Message, or a list of Messages and dicts")
    given = tuple(messages)
    if all(message.__class__ is Message for message in given):
        return given
    return _from_dicts(given)


def _from_dicts(given: Sequence[Any]) -> tuple[Message, ...]:
    """Plain dicts among the messages; what reads them is loaded when the first one comes."""
    from bedrock_llm.shapes import messages_from_dict as read

    return read(given)


_CALL_IDS = ("id", "call_id")  # as calls name themselves in the shapes of OpenAI and Anthropic


def _continues(parameters: Mapping[str, Any]) -> bool:
    """Whether the request goes on from what the provider keeps, where the calls are then."""
    extra = parameters.get("extra_body") or {}
    return bool(extra.get("previous_response_id") or extra.get("conversation"))


def _refuse_orphans(messages: tuple[Message, ...]) -> None:
    """A tool result must answer a call made before it; a provider's own block may be one."""
    called: set[str] = set()
    for index, message in enumerate(messages):
        for part in message.parts:
            if isinstance(part, ToolCall):
                called.add(part.id)
            elif isinstance(part, Opaque):
                if isinstance(part.data, Mapping):
                    called.update(name for key in _CALL_IDS if isinstance(name := part.data.get(key), str))
            elif isinstance(part, ToolResult) and part.tool_call_id not in called:
                raise InvalidRequestError(
                    f"messages[{index}] holds the result of a tool call {part.tool_call_id!r} that no message "
                    "before it makes; keep the assistant's turn with the call in the history",
                    parameter=f"messages[{index}]",
                    value=part.tool_call_id,
                    allowed="results of calls made earlier",
                )
