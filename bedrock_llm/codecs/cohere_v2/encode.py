"""A request as a body of Cohere's chat of version 2.

Here: the body's members in their fixed order, each from the parameter that says it. Not here: messages (messages.py),
what is left out (prepare.py), what the carrier adds. Called by: body.py.
Follows: Cohere's API, `POST /v2/chat`.

Rule: only what the caller set is written; the same request gives the same members in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bedrock_llm.codecs.cohere_v2.messages import documents_of, messages_of, system_of
from bedrock_llm.codecs.cohere_v2.prepare import thinking_of
from bedrock_llm.codecs.cohere_v2.schema import CHOICES, FIELDS, NAME
from bedrock_llm.codecs.shared.names import TOOL_NAME
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import CachePoint, Opaque
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

__all__ = ["body_of"]

_NO_ARGUMENTS: Mapping[str, Json] = {"type": "object", "properties": {}}


def body_of(request: Request, config: ModelConfig) -> dict[str, Json]:
    """A prepared request as a body.

    Raises:
        InvalidRequestError: It cannot be written so; names the parameter or message and what is allowed.
    """
    body: dict[str, Json] = {"messages": [*system_of(request.get("system", "")), *messages_of(request.messages)]}
    documents = documents_of(request.messages)
    if documents:
        body["documents"] = documents
    for name, member in FIELDS.items():
        if (value := request.get(name)) is not None:
            body[member] = list(value) if value.__class__ is tuple else value
    if "logprobs" in body:
        body["logprobs"] = body["logprobs"] is not False
    _add_tools(body, request)
    if request.get("output_type") is not None:
        body["response_format"] = _response_format(request.get("output_type"))
    if request.get("reasoning") is not None:
        body["thinking"] = thinking_of(request.get("reasoning"), config)
    return body


def _add_tools(body: dict[str, Json], request: Request) -> None:
    given = request.get("tools") or ()
    tools = _tools(given)
    if not tools:
        return
    body["tools"] = tools
    if any(isinstance(tool, ToolSpec) and tool.strict for tool in given):
        body["strict_tools"] = True  # prepared: of all of them or of none
    choice = CHOICES.get(request.get("tool_choice"))
    if choice is not None:
        body["tool_choice"] = choice


def _tools(tools: Iterable[ToolSpec | Opaque | CachePoint]) -> list[Json]:
    made: list[Json] = []
    for index, tool in enumerate(tools):
        if isinstance(tool, ToolSpec):
            made.append(_function(tool, f"tools[{index}]"))
        elif isinstance(tool, Opaque) and tool.provider == NAME:
            made.append(tool.data)
    return made


def _function(tool: ToolSpec, where: str) -> dict[str, Json]:
    if not TOOL_NAME.fullmatch(tool.name):
        raise InvalidRequestError.of(f"{where}.name", tool.name, "1 to 64 of the letters a-z, A-Z, digits, _ and -")
    function: dict[str, Json] = {"name": tool.name}
    if tool.description is not None and tool.description.strip():
        function["description"] = tool.description
    schema = tool.parameters or _NO_ARGUMENTS
    kind = schema.get("type", "object")
    if kind != "object":
        raise InvalidRequestError.of(f"{where}.parameters['type']", kind, "'object': a tool's arguments have names")
    function["parameters"] = schema if "type" in schema else {"type": "object", **schema}
    return {"type": "function", "function": function}


def _response_format(output_type: Any) -> dict[str, Json]:
    from bedrock_llm.output import json_schema

    return {"type": "json_object", "json_schema": json_schema(output_type)}
