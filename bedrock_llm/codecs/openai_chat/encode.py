"""A request as a chat completions body.

Here: the body's members in their fixed order, each from the parameter that says it. Not here: messages (messages.py),
tools and schemas (tools.py), what is left out (prepare.py), what the carrier adds. Called by: body.py.
Follows: OpenAI's Chat Completions API, CreateChatCompletionRequest.

Rule 1: only what the caller set is written.
Rule 2: the same request gives the same members in the same order, as prompt caches compare them.
"""

from __future__ import annotations

from typing import Any

from bedrock_llm.codecs.openai_chat.messages import MessageWriter
from bedrock_llm.codecs.openai_chat.schema import FIELDS, Options, options_of
from bedrock_llm.codecs.openai_chat.tools import response_format, tool_choice, tools_of
from bedrock_llm.codecs.shared.fields import merge, model_fields
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request

__all__ = ["body_of"]

_SAMPLING = tuple(name for name in FIELDS if name not in ("logprobs", "parallel_tool_calls"))
_OWN_FIELDS = ("reasoning", "top_k")
_NOT_OWN_FIELDS = ("additional_model_request_fields", "tool_choice")  # the carrier's, and written here


def body_of(request: Request, config: ModelConfig) -> dict[str, Json]:
    """A prepared request as a body.

    Raises:
        InvalidRequestError: It cannot be written so; names the parameter or message and what is allowed.
    """
    options = options_of(config)
    writer = MessageWriter(config, options)
    body: dict[str, Json] = {"messages": writer.all(request)}
    if not request.parameters:
        return body
    for name in _SAMPLING:
        value, member = request.get(name), options.fields[name]
        if value is not None and member is not None:
            body[member] = list(value) if value.__class__ is tuple else value
    _add_logprobs(body, request.get("logprobs"), options)
    _add_tools(body, request, options)
    if request.get("output_type") is not None:
        body["response_format"] = response_format(request.get("output_type"), options)
    if not request.parameters.keys().isdisjoint(_OWN_FIELDS):
        written = (*_NOT_OWN_FIELDS, *(("top_k",) if options.fields["top_k"] else ()))
        body = merge(body, model_fields(request.with_(**dict.fromkeys(written)), config))
    tier = request.get("service_tier")
    if tier is not None and config.provider not in (None, "bedrock"):  # on Bedrock the operation carries it
        body["service_tier"] = tier
    return body


def _add_logprobs(body: dict[str, Json], asked: Any, options: Options) -> None:
    """`True` asks for them, a number for so many of the likeliest beside each."""
    member = options.fields["logprobs"]
    if asked is None or member is None:
        return
    body[member] = asked is not False
    if asked.__class__ is int:
        body["top_logprobs"] = asked


def _add_tools(body: dict[str, Json], request: Request, options: Options) -> None:
    tools = tools_of(request.get("tools") or (), options)
    if not tools:
        return
    body["tools"] = tools
    choice, parallel = request.get("tool_choice"), request.get("parallel_tool_calls")
    if choice is not None:
        body["tool_choice"] = tool_choice(choice, options)
    member = options.fields["parallel_tool_calls"]
    if parallel is not None and member is not None:
        body[member] = parallel
