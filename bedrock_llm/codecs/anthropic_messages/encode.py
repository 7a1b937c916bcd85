"""A request as a Messages body.

Here: the body's members in their fixed order, each from the parameter that says it. Not here: content blocks
(blocks.py), tools (tools.py), what is left out (prepare.py), the carrier's own members (carrier.py). Called by:
body.py.

Rule 1: only what the caller set is written; but the wire wants `max_tokens`, so without one it is the model's largest.
Rule 2: the same request gives the same body, as prompt caches compare it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.codecs.anthropic_messages.blocks import BlockWriter
from bedrock_llm.codecs.anthropic_messages.carrier import Carrier
from bedrock_llm.codecs.anthropic_messages.tools import tool_choice, written_tools
from bedrock_llm.codecs.shared.fields import merge, reasoning_fields
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Message
from bedrock_llm.request import Request

__all__ = ["body_of"]

UNKNOWN_MAX_TOKENS = 4096  # every Claude can answer as long


def body_of(request: Request, config: ModelConfig, carrier: Carrier, *, stream: bool) -> dict[str, Json]:
    """A prepared request as a body.

    Raises:
        InvalidRequestError: It cannot be written on this wire; names the parameter or message and what is allowed.
    """
    writer, given = BlockWriter(carrier), request.parameters.keys()
    thinking = _thinking(request, config)
    body = carrier.members(request, config, stream)
    body["max_tokens"] = _max_tokens(request, config, thinking)
    leading = _leading_system(request.messages)
    if leading or "system" in given:
        system = _system(request, writer, leading)
        if system:
            body["system"] = system
    body["messages"] = [
        writer.message(message, index) for index, message in enumerate(request.messages[leading:], leading)
    ]
    if "tools" in given:
        body.update(_tools(request))
    body = merge(body, thinking) if thinking else body
    if "output_type" in given:
        body = merge(body, {"output_config": {"format": _output_format(request)}})
    return {**body, **_sampling(request)} if not given.isdisjoint(_SAMPLING) else body


_SAMPLING = ("stop", "temperature", "top_p", "top_k")


def _leading_system(messages: tuple[Message, ...]) -> int:
    """How many system messages the conversation begins with; they join `system`."""
    if messages and messages[0].role != "system":
        return 0
    return next((index for index, message in enumerate(messages) if message.role != "system"), len(messages))


def _system(request: Request, writer: BlockWriter, leading: int) -> Json:
    """The system text: a string where it was given as one and stands alone."""
    system = request.get("system", ())
    if isinstance(system, str):
        if not leading:
            return system if system.strip() else None
        blocks: list[Json] = [{"type": "text", "text": system}]
    else:
        blocks = writer.content(system, "system")
    for index in range(leading):
        blocks += writer.content(request.messages[index].parts, f"messages[{index}]")
    return [block for block in blocks if block.get("type") != "text" or block["text"].strip()]


def _thinking(request: Request, config: ModelConfig) -> Mapping[str, Json]:
    reasoning = request.get("reasoning")
    if reasoning is None:
        return {}
    return reasoning_fields(reasoning, config, request.get("max_tokens")).fields or {}


def _max_tokens(request: Request, config: ModelConfig, thinking: Mapping[str, Json]) -> int:
    """As set, or the model's largest; room is left behind a budget where that is not known."""
    known: int | None = request.get("max_tokens", config.max_output_tokens)
    if known is not None:
        return known
    return UNKNOWN_MAX_TOKENS + int(thinking.get("thinking", {}).get("budget_tokens", 0))


def _tools(request: Request) -> dict[str, Json]:
    tools = written_tools(request.parameters["tools"])
    choice = tool_choice(request) if tools else None
    made: dict[str, Json] = {"tools": tools} if tools else {}
    return made if choice is None else {**made, "tool_choice": choice}


def _output_format(request: Request) -> Json:
    from bedrock_llm.output import json_schema

    return {"type": "json_schema", "schema": json_schema(request.parameters["output_type"])}


def _sampling(request: Request) -> dict[str, Json]:
    made: dict[str, Json] = {}
    if stop := request.get("stop"):
        blank = next((text for text in stop if not text.strip()), None)
        if blank is not None:
            raise InvalidRequestError.of("stop", blank, "strings that are not blank")
        made["stop_sequences"] = list(stop)
    for name in ("temperature", "top_p", "top_k"):
        if (value := request.get(name)) is not None:
            made[name] = value
    return made
