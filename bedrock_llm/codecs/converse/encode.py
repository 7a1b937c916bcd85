"""A request as a Converse body.

Here: the body's members in their fixed order, each from the parameter that says it, and the bytes. Not here: content
blocks (blocks.py), tools (tools.py), fields of a model family (fields.py), what is left out (prepare.py). Called by:
codec.py.
Follows: the service model `bedrock-runtime/2023-09-30`, ConverseRequest and ConverseStreamRequest.

Rule 1: only what the caller set is written.
Rule 2: the same request gives the same bytes, as prompt caches compare them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bedrock_llm.codecs.converse.blocks import BlockWriter
from bedrock_llm.codecs.converse.tools import tool_config
from bedrock_llm.codecs.shared.fields import merge, model_fields, reasoning_style
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.codecs.shared.service import check_guardrail, checked_metadata
from bedrock_llm.codecs.shared.writing import to_bytes, to_json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Message, Text
from bedrock_llm.request import Request

__all__ = ["PROMPT_MARK", "body_of", "encode"]

MAX_STOP_SEQUENCES = 2500
PROMPT_MARK = ":prompt/"  # in the ARN of a managed prompt
# From this budget on the service's own default for maxTokens may be too small to hold it.
_BUDGET_NEEDS_MAX_TOKENS = 4096

# A managed prompt has these itself; Converse refuses them beside its ARN.
_OF_THE_PROMPT = (
    "system", "tools", "tool_choice", "parallel_tool_calls", "max_tokens", "temperature", "top_p", "top_k", "stop",
    "reasoning", "additional_model_request_fields",
)  # fmt: skip


def encode(request: Request, config: ModelConfig, *, stream: bool) -> bytes:
    """A prepared request as the bytes of a body.

    Raises:
        InvalidRequestError: It cannot be written on this wire; names the parameter or message and what is allowed.
    """
    return to_bytes(body_of(request, config, stream=stream), _leading_system(request.messages))


def body_of(request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
    """A prepared request as a body. Errors as `encode`."""
    if config.model is not None and PROMPT_MARK in config.model:
        _refuse_beside_prompt(request)
    writer, body = BlockWriter(config), {}
    leading = _leading_system(request.messages)
    messages = [writer.message(message, index) for index, message in enumerate(request.messages[leading:], leading)]
    if messages:
        body["messages"] = messages
    given = request.parameters.keys()
    if leading or "system" in given:
        system = _system(request, writer, leading)
        if system:
            body["system"] = system
    for member in _MEMBERS:
        if not given.isdisjoint(member.said_by):
            value = member.write(request, config, writer, stream)
            if value:
                body[member.name] = value
    extra = request.get("extra_body")
    return merge(body, extra) if extra else body


def _leading_system(messages: tuple[Message, ...]) -> int:
    """How many system messages the conversation begins with; they join `system`."""
    if messages and messages[0].role != "system":
        return 0
    return next((index for index, message in enumerate(messages) if message.role != "system"), len(messages))


def _refuse_beside_prompt(request: Request) -> None:
    for name in _OF_THE_PROMPT:
        if request.get(name) is not None:
            text = f"{name} stands in the managed prompt; Converse refuses it beside the prompt's ARN: leave it out"
            raise InvalidRequestError(text, parameter=name, allowed="absent with a prompt ARN")


def _system(request: Request, writer: BlockWriter, leading: int) -> Json:
    system = request.get("system", ())
    blocks = writer.content((Text(system),) if isinstance(system, str) else system, "system")
    for index in range(leading):
        blocks += writer.content(request.messages[index].parts, f"messages[{index}]")
    return [block for block in blocks if block.get("text", "-").strip()]


def _inference_config(request: Request, config: ModelConfig, writer: BlockWriter, stream: bool) -> Json:
    del writer, stream
    made: dict[str, Json] = {}
    max_tokens, stop = request.get("max_tokens"), request.get("stop")
    if max_tokens is None and _large_budget(request, config):
        max_tokens = config.max_output_tokens
    if max_tokens is not None:
        made["maxTokens"] = max_tokens
    for name, wire in (("temperature", "temperature"), ("top_p", "topP")):
        if (value := request.get(name)) is not None:
            made[wire] = value
    if stop:
        if len(stop) > MAX_STOP_SEQUENCES:
            raise InvalidRequestError.of("stop", f"{len(stop)} strings", f"at most {MAX_STOP_SEQUENCES} strings")
        made["stopSequences"] = list(stop)
    return made


def _large_budget(request: Request, config: ModelConfig) -> bool:
    """Whether Claude is given a thinking budget that the service's default answer length may not hold."""
    reasoning = request.get("reasoning")
    style = reasoning_style(reasoning, config) if reasoning else None
    if not isinstance(style, Mapping) or style.get("style") != "budget":
        return False
    return reasoning in ("medium", "high") or (isinstance(reasoning, int) and reasoning >= _BUDGET_NEEDS_MAX_TOKENS)


def _tool_config(request: Request, config: ModelConfig, writer: BlockWriter, stream: bool) -> Json:
    del writer, stream
    return tool_config(request, config)


def _guardrail(request: Request, config: ModelConfig, writer: BlockWriter, stream: bool) -> Json:
    del config, writer
    given: Mapping[str, str] = request.parameters["guardrail"]
    check_guardrail(given)
    made = {"guardrailIdentifier": given["identifier"], "guardrailVersion": given["version"]}
    if "trace" in given:
        made["trace"] = given["trace"]
    if stream and "stream_processing_mode" in given:
        made["streamProcessingMode"] = given["stream_processing_mode"]
    return made


def _model_fields(request: Request, config: ModelConfig, writer: BlockWriter, stream: bool) -> Json:
    del writer, stream
    return model_fields(request, config)


def _prompt_variables(request: Request, config: ModelConfig, writer: BlockWriter, stream: bool) -> Json:
    del config, writer, stream
    return {name: {"text": value} for name, value in request.get("prompt_variables", {}).items()}


def _metadata(request: Request, config: ModelConfig, writer: BlockWriter, stream: bool) -> Json:
    del config, writer, stream
    return checked_metadata(request.get("metadata", {}))


def _latency(request: Request, config: ModelConfig, writer: BlockWriter, stream: bool) -> Json:
    del config, writer, stream
    return {"latency": request.get("latency")} if request.get("latency") else None


def _service_tier(request: Request, config: ModelConfig, writer: BlockWriter, stream: bool) -> Json:
    del config, writer, stream
    return {"type": request.get("service_tier")} if request.get("service_tier") else None


def _output_config(request: Request, config: ModelConfig, writer: BlockWriter, stream: bool) -> Json:
    """Converse takes the schema as a string of JSON."""
    del config, writer, stream
    from bedrock_llm.output import json_schema, name_of

    output_type = request.parameters["output_type"]
    schema: dict[str, Json] = {"schema": to_json(json_schema(output_type))}
    name = name_of(output_type)
    if name is not None:
        schema["name"] = name
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}


class _Member(NamedTuple):
    """A member of the body: what writes it, and the parameters without which there is nothing to write."""

    name: str
    write: Callable[[Request, ModelConfig, BlockWriter, bool], Json]
    said_by: frozenset[str]


def _member(name: str, write: Callable[[Request, ModelConfig, BlockWriter, bool], Json], said_by: str) -> _Member:
    return _Member(name, write, frozenset(said_by.split()))


# The body's members behind `messages` and `system`, in their order.
_MEMBERS = (
    _member("inferenceConfig", _inference_config, "max_tokens temperature top_p stop reasoning"),
    _member("toolConfig", _tool_config, "tools"),
    _member("guardrailConfig", _guardrail, "guardrail"),
    _member(
        "additionalModelRequestFields",
        _model_fields,
        "additional_model_request_fields reasoning top_k tool_choice parallel_tool_calls",
    ),
    _member("promptVariables", _prompt_variables, "prompt_variables"),
    _member("requestMetadata", _metadata, "metadata"),
    _member("performanceConfig", _latency, "latency"),
    _member("serviceTier", _service_tier, "service_tier"),
    _member("outputConfig", _output_config, "output_type"),
)
