"""A request as a Responses body.

Here: the body's members in their fixed order, each from the parameter that says it. Not here: messages (messages.py),
a function and a schema themselves (shared/openai_tools.py), what is left out (prepare.py), what the carrier adds.
Called by: body.py.
Follows: OpenAI's Responses API, CreateResponse.

Rule 1: only what the caller set is written; and that nothing shall be stored, unless the caller wants it.
Rule 2: the same request gives the same members in the same order, as prompt caches compare them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bedrock_llm.codecs.openai_responses.messages import InputWriter
from bedrock_llm.codecs.openai_responses.schema import (
    FIELDS,
    NAME,
    Options,
    facts_of,
    includes,
    options_of,
    stores_nothing,
)
from bedrock_llm.codecs.shared.fields import merge, model_fields
from bedrock_llm.codecs.shared.openai_tools import function_of, schema_of
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import CachePoint, Opaque, Text
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

__all__ = ["body_of"]

_OWN_FIELDS = ("reasoning", "top_k")
_NOT_OWN_FIELDS = ("additional_model_request_fields", "tool_choice")  # the carrier's, and written here


def body_of(request: Request, config: ModelConfig) -> dict[str, Json]:
    """A prepared request as a body.

    Raises:
        InvalidRequestError: It cannot be written so; names the parameter or message and what is allowed.
    """
    options = options_of(config)
    body: dict[str, Json] = {}
    writer, items = InputWriter(config, options), list[Json]()
    _add_system(body, items, request.get("system"), writer, options)
    for index, message in enumerate(request.messages):
        items += writer.message(message, f"messages[{index}]")
    body["input"] = items
    for name in FIELDS:
        value, member = request.get(name), options.fields[name]
        if value is not None and member is not None:
            body[member] = list(value) if value.__class__ is tuple else value
    if request.get("logprobs").__class__ is int:
        body["top_logprobs"] = request.get("logprobs")
    _add_tools(body, request, options)
    if request.get("output_type") is not None:
        schema = schema_of(request.get("output_type"), inline_refs=options.inline_refs)
        body["text"] = {"format": {"type": "json_schema", **schema}}
    _add_model_fields(body, request, config, options)
    if included := includes(request, config, options):
        body["include"] = included
    if stores_nothing(request, options):
        body["store"] = False
    return body


def _add_system(body: dict[str, Json], items: list[Json], system: Any, writer: InputWriter, options: Options) -> None:
    """Plain text are the instructions; cache points and own parts have a place in a message alone."""
    parts = (Text(system),) if isinstance(system, str) else system or ()
    if all(part.__class__ is Text for part in parts):
        words = "\n\n".join(part.text for part in parts)
        if words:
            body["instructions"] = words
    else:
        items += writer.turn(options.system_role, parts, "system")


def _add_tools(body: dict[str, Json], request: Request, options: Options) -> None:
    tools = _tools(request.get("tools") or (), options)
    if tools:
        body["tools"] = tools
    choice = request.get("tool_choice")
    if choice in (None, "auto", "none", "required"):
        body |= {} if choice is None else {"tool_choice": choice}
    else:
        body["tool_choice"] = {"type": "function", "name": choice}


def _tools(tools: Iterable[ToolSpec | Opaque | CachePoint], options: Options) -> list[Json]:
    made: list[Json] = []
    for index, tool in enumerate(tools):
        if isinstance(tool, ToolSpec):
            function = function_of(tool, f"tools[{index}]", inline_refs=options.inline_refs)
            made.append({"type": "function", **function})
        elif isinstance(tool, Opaque) and tool.provider == NAME:
            made.append(tool.data)
    return made


def _add_model_fields(body: dict[str, Json], request: Request, config: ModelConfig, options: Options) -> None:
    if request.parameters.keys().isdisjoint(_OWN_FIELDS):
        return
    written = (*_NOT_OWN_FIELDS, *(("top_k",) if options.fields["top_k"] else ()))
    fields = model_fields(request.with_(**dict.fromkeys(written)), facts_of(config, options))
    if fields.get("reasoning") and options.reasoning_summary and request.get("reasoning"):
        fields = merge(fields, {"reasoning": {"summary": options.reasoning_summary}})
    body.update(merge(body, fields))
