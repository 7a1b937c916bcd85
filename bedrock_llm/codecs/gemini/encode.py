"""A request as a generateContent body.

Here: the body's members in their fixed order, each from the parameter that says it. Not here: contents (parts.py),
tools (tools.py), what is left out (prepare.py). Called by: body.py.
Follows: https://ai.google.dev/api/generate-content#request-body.

Rule 1: only what the caller set is written.
Rule 2: the same request gives the same members in the same order, as prompt caches compare them.
"""

from __future__ import annotations

from typing import Any

from bedrock_llm.codecs.gemini.parts import ContentWriter
from bedrock_llm.codecs.gemini.schema import FIELDS, MAX_STOPS, options_of
from bedrock_llm.codecs.gemini.tools import calling_config, declares, written_tools
from bedrock_llm.codecs.shared.fields import merge, reasoning_fields
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Message
from bedrock_llm.request import Request

__all__ = ["body_of"]

JSON_TYPE = "application/json"


def body_of(request: Request, config: ModelConfig) -> dict[str, Json]:
    """A prepared request as a body.

    Raises:
        InvalidRequestError: It cannot be written so; names the parameter or message and what is allowed.
    """
    messages = request.messages
    writer, leading = ContentWriter(messages, options_of(config)), _leading_system(messages)
    body: dict[str, Json] = {
        "contents": [writer.content(message, index) for index, message in enumerate(messages[leading:], leading)]
    }
    if leading or "system" in request.parameters:
        system = _system(request, writer, leading)
        if system:
            body["systemInstruction"] = {"parts": system}
    _add_tools(body, request)
    settings = _generation_config(request, config) if request.parameters else {}
    if settings:
        body["generationConfig"] = settings
    tier = request.get("service_tier")
    if tier is not None:
        body["serviceTier"] = "standard" if tier == "default" else tier
    return body


def _leading_system(messages: tuple[Message, ...]) -> int:
    """How many system messages the conversation begins with; they join the instruction."""
    return next((index for index, message in enumerate(messages) if message.role != "system"), len(messages))


def _system(request: Request, writer: ContentWriter, leading: int) -> list[Json]:
    system = request.get("system", ())
    parts: list[Json] = [{"text": system}] if isinstance(system, str) else [*writer.parts(system, "system")]
    for index in range(leading):
        parts += writer.parts(request.messages[index].parts, f"messages[{index}]")
    return [part for part in parts if part.keys() != {"text"} or part["text"].strip()]


def _add_tools(body: dict[str, Json], request: Request) -> None:
    given = request.get("tools") or ()
    tools = written_tools(given)
    if not tools:
        return
    body["tools"] = tools
    if any(map(declares, given)):
        calling = calling_config(request.get("tool_choice"), given)
        if calling is not None:
            body["toolConfig"] = {"functionCallingConfig": calling}


def _generation_config(request: Request, config: ModelConfig) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for name, member in FIELDS.items():
        if (value := request.get(name)) is not None:
            made[member] = _stops(value) if name == "stop" else value
    _add_logprobs(made, request.get("logprobs"))
    if request.get("output_type") is not None:
        from bedrock_llm.output import json_schema

        made["responseMimeType"] = JSON_TYPE
        made["responseJsonSchema"] = json_schema(request.get("output_type"))
    if (reasoning := request.get("reasoning")) is not None:
        made = merge(made, reasoning_fields(reasoning, config, request.get("max_tokens")).fields or {})
    return made


def _stops(texts: tuple[str, ...]) -> list[str]:
    if len(texts) > MAX_STOPS:
        raise InvalidRequestError.of("stop", list(texts), f"at most {MAX_STOPS} strings")
    return list(texts)


def _add_logprobs(made: dict[str, Json], asked: Any) -> None:
    """`True` asks for them, a number for so many of the likeliest beside each."""
    if asked is None:
        return
    made["responseLogprobs"] = asked is not False
    if asked.__class__ is int:
        made["logprobs"] = asked
