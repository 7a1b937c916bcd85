"""A chat completions body as the `Request` that it was: the inverse of the codec's writer.

Here: JSON members to messages and parameters. Not here: whether the body is allowed (rules.py). Called by: the package.
Follows: OpenAI's CreateChatCompletionRequest.

Rule: what `Request` has a name for becomes that; content and calls without one become `Opaque`, members of a message
without one an `Opaque` of kind `message`, members of the body without one `extra_body`: nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bedrock_llm.codecs.openai_chat.schema import DETAILS, NAME, REASONING_FIELDS, Options, options_of
from bedrock_llm.codecs.shared.fields import read_fields
from bedrock_llm.codecs.shared.openai_tools import UNNAMED, holds_strictly
from bedrock_llm.codecs.shared.reading import Json, read_arguments
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.output import name_of
from bedrock_llm.parameters import ToolSpec, check_parameters
from bedrock_llm.request import Request
from bedrock_llm.testing.emulator.bodies.openai_chat.content import part_of

__all__ = ["parse"]

_SYSTEM_ROLES = ("system", "developer")


def parse(body: Mapping[str, Json], config: ModelConfig) -> Request:
    """The request that a body says.

    Args:
        body: It has the service's shape.
        config: Of the model; tells which of its own members are `reasoning` and `top_k`.

    Raises:
        InvalidRequestError: A parameter has a value that no request can have.
    """
    options, members = options_of(config), {name: value for name, value in body.items() if value is not None}
    parameters: dict[str, Any] = {}
    messages = _messages(list(members.pop("messages", ())), options, config, parameters)
    for name, member in options.fields.items():
        if member in members and name != "logprobs":
            parameters[name] = members.pop(member)
    for read in (_logprobs, _tools, _response_format):
        read(members, parameters, options)
    if config.provider not in (None, "bedrock") and "service_tier" in members:
        parameters["service_tier"] = members.pop("service_tier")
    found, rest = read_fields(members, config)
    parameters.update(found)
    if rest:
        parameters["extra_body"] = rest
    return Request(messages, MappingProxyType(check_parameters(parameters)))


def _messages(
    given: list[Json], options: Options, config: ModelConfig, parameters: dict[str, Any]
) -> tuple[Message, ...]:
    """The messages; the first of the system's is the parameter, results and the user's turn behind them are one."""
    made: list[Message] = []
    for index, entry in enumerate(given):
        message = {name: value for name, value in entry.items() if value is not None}
        role = message.pop("role")
        if role in _SYSTEM_ROLES:
            parts = _said(message, role, options.system_role)
            if index == 0 and parts:
                parameters["system"] = parts[0].text if len(parts) == 1 and isinstance(parts[0], Text) else parts
            else:
                made.append(Message("system", parts))
        elif role == "assistant":
            made.append(Message("assistant", _assistant(message, options, config)))
        else:
            parts = (_result(message),) if role == "tool" else _said(message, role, "user")
            behind = made[-1] if made and given[index - 1]["role"] == "tool" and role in ("tool", "user") else None
            if behind is None:
                made.append(Message("user", parts))
            else:
                made[-1] = Message("user", (*behind.parts, *parts))
    return tuple(made)


def _said(message: dict[str, Json], role: str, own_role: str) -> tuple[Part, ...]:
    """Content, and what stands beside it."""
    parts = _content(message.pop("content", ""))
    beside = message if role == own_role else {"role": role, **message}
    return (*parts, Opaque(NAME, "message", beside)) if beside else parts


def _content(content: Json) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(map(part_of, content))


def _result(message: dict[str, Json]) -> Part:
    parts = _said({name: value for name, value in message.items() if name != "tool_call_id"}, "tool", "tool")
    plain = len(parts) == 1 and isinstance(parts[0], Text)
    content = parts[0].text if plain and isinstance(parts[0], Text) else parts or ""
    return ToolResult(message["tool_call_id"], content)


def _assistant(message: dict[str, Json], options: Options, config: ModelConfig) -> tuple[Part, ...]:
    history = options.reasoning_history
    if history == DETAILS:  # words stand alone only where there are none
        history = None if DETAILS in message else REASONING_FIELDS[0]
    thought: list[Part] = []
    if history is not None and isinstance(message.get(history), str) and message[history]:
        thought.append(Thinking(message.pop(history), family=config.family))
    calls = tuple(map(_call, message.pop("tool_calls", ())))
    said = []
    for part in _said(message, "assistant", "assistant"):
        words = _thinking(part) if history == "thinking" else None
        said.append(part if words is None else Thinking(words, family=config.family))
    beside = [part for part in said if isinstance(part, Opaque) and part.kind == "message"]
    return (*thought, *(part for part in said if part not in beside), *calls, *beside)


def _thinking(part: Part) -> str | None:
    """The words of a part of reasoning that holds nothing else."""
    if not isinstance(part, Opaque) or part.kind != "thinking" or part.data.keys() != {"type", "thinking"}:
        return None
    entries = part.data["thinking"]
    plain = isinstance(entries, list) and len(entries) == 1 and entries[0].keys() == {"type", "text"}
    return str(entries[0]["text"]) if plain else None


def _call(entry: Mapping[str, Json]) -> Part:
    function = entry.get("function")
    if not isinstance(function, Mapping) or not function.keys() <= {"name", "arguments"}:
        return Opaque(NAME, "tool_calls", dict(entry))
    if entry.get("type") not in (None, "function") or not entry.keys() <= {"id", "type", "function"}:
        return Opaque(NAME, "tool_calls", dict(entry))
    call: ToolCall = read_arguments(entry["id"], function["name"], function.get("arguments") or "")
    return call


def _logprobs(members: dict[str, Json], parameters: dict[str, Any], options: Options) -> None:
    name = options.fields["logprobs"]
    if name not in members:
        return
    asked, top = members.pop(name), members.get("top_logprobs")
    parameters["logprobs"] = members.pop("top_logprobs") if asked is True and isinstance(top, int) else asked


def _tools(members: dict[str, Json], parameters: dict[str, Any], options: Options) -> None:
    tools = members.pop("tools", None) or ()
    if not tools:
        if "parallel_tool_calls" in parameters:
            members[str(options.fields["parallel_tool_calls"])] = parameters.pop("parallel_tool_calls")
        return
    parameters["tools"] = tuple(map(_tool, tools))
    choice = members.pop("tool_choice", None)
    if isinstance(choice, Mapping) and choice.keys() == {"type", "function"} and choice["type"] == "function":
        parameters["tool_choice"] = choice["function"]["name"]
    elif choice == options.required:
        parameters["tool_choice"] = "required"
    elif choice in ("auto", "none"):
        parameters["tool_choice"] = choice
    elif choice is not None:
        members["tool_choice"] = choice


def _tool(tool: Mapping[str, Json]) -> ToolSpec | Opaque:
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, Mapping) or tool.keys() != {"type", "function"}:
        return Opaque(NAME, str(tool.get("type")), dict(tool))
    if not function.keys() <= {"name", "description", "parameters", "strict"}:
        return Opaque(NAME, "function", dict(tool))
    return ToolSpec(function["name"], function.get("description"), function.get("parameters"), function.get("strict"))


def _response_format(members: dict[str, Json], parameters: dict[str, Any], options: Options) -> None:
    """The schema is the output type; a name or a strictness that does not follow from it stays beside it."""
    del options
    asked = members.get("response_format")
    written = asked.get("json_schema") if isinstance(asked, Mapping) and asked.get("type") == "json_schema" else None
    if not isinstance(written, Mapping) or not isinstance(written.get("schema"), Mapping):
        return
    schema = parameters["output_type"] = dict(written["schema"])
    rest = {name: value for name, value in written.items() if name != "schema" and value is not None}
    if rest.get("name") == (name_of(schema) or UNNAMED):
        del rest["name"]
    if rest.get("strict") is holds_strictly(schema):
        del rest["strict"]
    members.pop("response_format")
    if rest:
        members["response_format"] = {"json_schema": rest}
