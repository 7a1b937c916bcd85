"""A request as Cohere's chat body.

Here: the body's members in their order, history, what is asked, and results. Not here: tools (tools.py), where the
history ends (turns.py), what is left out (prepare.py). Called by: body.py.
Follows: Cohere's API of version 1, `POST /v1/chat`.

Rule 1: only what the caller set is written.
Rule 2: the wire has no ids: a result goes back with the call that it answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jiter

from bedrock_llm import media
from bedrock_llm.codecs.cohere_chat.schema import ERROR_MEMBER, FIELDS, NAME, RESULT_MEMBER, ROLES, TEXT_TYPES
from bedrock_llm.codecs.cohere_chat.tools import definition
from bedrock_llm.codecs.cohere_chat.turns import open_turns, split_results
from bedrock_llm.codecs.shared.names import replayed_name
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import CachePoint, Document, Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

__all__ = ["body_of"]

_INVALID_INPUT = "invalid_json"  # the member under which unreadable arguments go back to the model, as text
_Calls = Mapping[str, ToolCall]


def body_of(request: Request) -> dict[str, Json]:
    """A prepared request as a body.

    Raises:
        InvalidRequestError: It cannot be written so; names the parameter or message and what is allowed.
    """
    messages, preamble = request.messages, _preamble(request)
    calls = {part.id: part for message in messages for part in message.parts if isinstance(part, ToolCall)}
    first, behind = open_turns(messages)
    asked, before = messages[first - 1] if first else None, messages[: max(first - 1, 0)]
    history = [entry for message in before for entry in _entries(message, calls)]
    body: dict[str, Json] = {"message": ""}
    if asked is not None:
        results, rest = split_results(asked)
        history += _results_entry(results, calls)
        body["message"] = _text(rest)
    if history:
        body["chat_history"] = history
    if preamble:
        body["preamble"] = preamble
    documents = _documents(messages)
    if documents:
        body["documents"] = documents
    for name, member in FIELDS.items():
        if (value := request.get(name)) is not None:
            body[member] = list(value) if value.__class__ is tuple else value
    tools = _tools(request.get("tools") or ())
    if tools:
        body["tools"] = tools
    given = [_result(part, calls) for turn in behind for part in turn.parts if isinstance(part, ToolResult)]
    if given:
        body["tool_results"] = given
    return body


def _preamble(request: Request) -> str:
    system = request.get("system", "")
    return system if isinstance(system, str) else "\n\n".join(part.text for part in system if isinstance(part, Text))


def _entries(message: Message, calls: _Calls) -> list[Json]:
    """A turn of the history; its results are an entry of their own."""
    results, rest = split_results(message)
    made = _results_entry(results, calls)
    if not rest:
        return made
    entry: dict[str, Json] = {"role": ROLES[message.role], "message": _text(rest)}
    called = [_call(part) for part in rest if isinstance(part, ToolCall)]
    if called:
        entry["tool_calls"] = called
    return [*made, entry]


def _results_entry(results: Iterable[ToolResult], calls: _Calls) -> list[Json]:
    made = [_result(result, calls) for result in results]
    return [{"role": "TOOL", "tool_results": made}] if made else []


def _text(parts: Iterable[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


def _call(part: ToolCall) -> dict[str, Json]:
    arguments: Any = part.arguments
    if arguments is None:
        arguments = {_INVALID_INPUT: part.raw_arguments or ""}
    return {"name": replayed_name(part.name), "parameters": arguments}


def _result(part: ToolResult, calls: _Calls) -> dict[str, Json]:
    call = calls.get(part.tool_call_id)
    if call is None:
        raise InvalidRequestError.of("a tool result's tool_call_id", part.tool_call_id, "that of a call before it")
    return {"call": _call(call), "outputs": _outputs(part)}


def _outputs(part: ToolResult) -> list[Json]:
    """What a tool gave back, as objects: itself where it is one or a list of them, else a text in one."""
    if part.is_error:
        return [{ERROR_MEMBER: part.text}]
    try:
        value = jiter.from_json(part.text.encode("utf-8", "surrogatepass"))
    except ValueError:
        value = None
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        return value
    return [{RESULT_MEMBER: part.text}]


def _documents(messages: Sequence[Message]) -> list[Json]:
    """The documents of all messages: they stand beside the conversation here."""
    made: list[Json] = []
    for index, message in enumerate(messages):
        for place, part in enumerate(message.parts):
            if isinstance(part, Document):
                made.append(_document(part, f"messages[{index}].parts[{place}]"))
            elif isinstance(part, Opaque) and part.provider == NAME and part.kind == "document":
                made.append(part.data)
            elif not isinstance(part, (Text, ToolCall, ToolResult, CachePoint, Thinking, Opaque)):
                text = f"messages[{index}] holds {type(part).__name__}, for which this body has no place"
                raise UnsupportedFeatureError(text, parameter=f"messages[{index}]", allowed="text and text documents")
    return made


def _document(part: Document, where: str) -> dict[str, Json]:
    found = media.content(part)
    if found.data is None or found.media_type not in TEXT_TYPES:
        text = f"{where} is {found.media_type or found.uri}; this body takes documents as text"
        raise UnsupportedFeatureError(text, parameter=where, allowed="text, given as bytes or a Path")
    try:
        snippet = found.data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"{where} is not UTF-8: {error}", parameter=where, allowed="UTF-8 text") from error
    return {"snippet": snippet} if part.name is None else {"title": part.name, "snippet": snippet}


def _tools(tools: Iterable[ToolSpec | Opaque | CachePoint]) -> list[Json]:
    made: list[Json] = []
    for index, tool in enumerate(tools):
        if isinstance(tool, ToolSpec):
            made.append(definition(tool, f"tools[{index}]")[0])
        elif isinstance(tool, Opaque) and tool.provider == NAME:
            made.append(tool.data)
    return made
