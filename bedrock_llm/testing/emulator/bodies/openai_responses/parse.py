"""A Responses body as the `Request` that it was: the inverse of the codec's writer.

Here: JSON members to parameters. Not here: items (items.py), whether the body is allowed (rules.py). Called by: the
package.
Follows: OpenAI's CreateResponse.

Rule 1: what `Request` has a name for becomes that; items and contents without one become `Opaque`, members of the body
        without one `extra_body`: nothing is lost.
Rule 2: what a client writes by itself (`store`, `include`) is not the caller's; where the body lacks it, `extra_body`
        holds it as null, which means the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bedrock_llm.codecs.openai_responses.schema import (
    LOGPROBS,
    NAME,
    Options,
    facts_of,
    includes,
    options_of,
    stores_nothing,
)
from bedrock_llm.codecs.shared.fields import read_fields
from bedrock_llm.codecs.shared.openai_tools import UNNAMED, holds_strictly
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Opaque
from bedrock_llm.output import name_of
from bedrock_llm.parameters import ToolSpec, check_parameters
from bedrock_llm.request import Request
from bedrock_llm.testing.emulator.bodies.openai_responses.items import messages_of

__all__ = ["parse"]


def parse(body: Mapping[str, Json], config: ModelConfig) -> Request:
    """The request that a body says.

    Args:
        body: It has the service's shape.
        config: Of the model; tells which of its own members are `reasoning` and `top_k`.

    Raises:
        InvalidRequestError: A parameter has a value that no request can have.
    """
    options, members = options_of(config), {name: value for name, value in body.items() if value is not None}
    given = members.pop("input", [])
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    parameters: dict[str, Any] = {}
    if isinstance(members.get("instructions"), str):
        parameters["system"] = members.pop("instructions")
    for name, member in options.fields.items():
        if member in members and (name != "metadata" or _all_texts(members[member])):
            parameters[name] = members.pop(member)
    for read in (_logprobs, _tools, _text):
        read(members, parameters)
    found, rest = read_fields(members, facts_of(config, options))
    parameters.update(found)
    _without_summary(rest, parameters, options)
    messages = messages_of(items, config, options)
    extra = _written_by_clients(rest, Request(messages, MappingProxyType(parameters)), config, options)
    if extra:
        parameters["extra_body"] = extra
    return Request(messages, MappingProxyType(check_parameters(parameters)))


def _all_texts(value: Json) -> bool:
    return isinstance(value, Mapping) and all(isinstance(entry, str) for entry in value.values())


def _logprobs(members: dict[str, Json], parameters: dict[str, Any]) -> None:
    """Probabilities are asked for in `include`; `top_logprobs` says how many."""
    if LOGPROBS in members.get("include", ()):
        top = members.pop("top_logprobs", None)
        parameters["logprobs"] = True if top is None else top


def _tools(members: dict[str, Json], parameters: dict[str, Any]) -> None:
    tools = tuple(map(_tool, members.pop("tools", ())))
    if tools:
        parameters["tools"] = tools
    names = [tool.name for tool in tools if isinstance(tool, ToolSpec)]
    choice = members.get("tool_choice")
    if isinstance(choice, Mapping) and choice.keys() == {"type", "name"} and choice["type"] == "function":
        if choice["name"] in names:
            parameters["tool_choice"] = members.pop("tool_choice")["name"]
    elif choice in ("auto", "none") or (choice == "required" and tools):
        parameters["tool_choice"] = members.pop("tool_choice")


def _tool(tool: Mapping[str, Json]) -> ToolSpec | Opaque:
    if tool.get("type") != "function" or not tool.keys() <= {"type", "name", "description", "parameters", "strict"}:
        return Opaque(NAME, str(tool.get("type")), dict(tool))
    return ToolSpec(tool["name"], tool.get("description"), tool.get("parameters"), tool.get("strict"))


def _text(members: dict[str, Json], parameters: dict[str, Any]) -> None:
    """The schema is the output type; a name or a strictness that does not follow from it stays beside it."""
    given = members.get("text")
    text: Mapping[str, Json] = given if isinstance(given, Mapping) else {}
    asked = text.get("format")
    if not isinstance(asked, Mapping) or asked.get("type") != "json_schema" or not _is_schema(asked.get("schema")):
        return
    schema = parameters["output_type"] = dict(asked["schema"])
    rest = {name: value for name, value in asked.items() if name not in ("type", "schema") and value is not None}
    if rest.get("name") == (name_of(schema) or UNNAMED):
        del rest["name"]
    if rest.get("strict") is holds_strictly(schema):
        del rest["strict"]
    beside = {name: value for name, value in text.items() if name != "format" and value is not None}
    left = {**beside, **({"format": rest} if rest else {})}
    members.pop("text")
    if left:
        members["text"] = left


def _is_schema(value: Json) -> bool:
    return isinstance(value, Mapping)


def _without_summary(rest: dict[str, Json], parameters: Mapping[str, Any], options: Options) -> None:
    """A summary that a client asks for by itself; null where it did not."""
    wanted = options.reasoning_summary
    if wanted is None or not parameters.get("reasoning"):
        return
    beside = dict(rest.get("reasoning") or {})
    if beside.get("summary") == wanted:
        del beside["summary"]
    else:
        beside.setdefault("summary", None)
    rest.pop("reasoning", None)
    if beside:
        rest["reasoning"] = beside


def _written_by_clients(
    rest: dict[str, Json], request: Request, config: ModelConfig, options: Options
) -> dict[str, Json]:
    """The members without a name, with `store` and `include` only where a client would not write just these."""
    store, include = rest.pop("store", None), rest.pop("include", None)
    as_is = request.with_(extra_body=rest or None)
    if store is not (False if stores_nothing(as_is, options) else None):
        rest["store"] = store
    written = includes(request.with_(extra_body=rest or None), config, options)
    if (include or []) != written:
        rest["include"] = include
    return rest
