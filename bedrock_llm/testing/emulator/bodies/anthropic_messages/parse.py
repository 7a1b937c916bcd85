"""A Messages body as the `Request` that it was: the inverse of the codec's encoder.

Here: members to parameters, and messages. Not here: single blocks (parts.py), whether the body is allowed (shape.py,
rules.py). Called by: the package.

Rule: what `Request` has a name for becomes that; blocks without one become `Opaque`, members without one `extra_body`,
so that nothing is lost and encoding the request again gives the same body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bedrock_llm.codecs.anthropic_messages.schema import DEFAULT_VERSION
from bedrock_llm.codecs.shared.fields import read_fields
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Message
from bedrock_llm.parameters import check_parameters
from bedrock_llm.request import Request
from bedrock_llm.testing.emulator.bodies.anthropic_messages.parts import content_of, tools_of
from bedrock_llm.testing.emulator.native import Object

__all__ = ["parse"]

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def parse(body: Object, config: ModelConfig) -> Request:
    """The request that a body says.

    Args:
        body: It has the service's shape.
        config: Of the model; tells which of its own members are `reasoning` and `top_k`.

    Raises:
        InvalidRequestError: A parameter has a value that no request can have.
    """
    messages = tuple(
        Message(message["role"], content_of(message["content"], config.family)) for message in body["messages"]
    )
    parameters: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in body.items():
        read, rest = _READERS.get(name), value
        if read is not None and value is not None:
            found, rest = read(value, config)
            parameters.update(found)
        if name != "messages" and rest not in (None, {}, []):
            extra[name] = rest
    found, extra = _own_fields(extra, config)
    parameters.update(found)
    if extra:
        parameters["extra_body"] = extra
    return Request(messages, MappingProxyType(check_parameters(parameters)))


def _own_fields(extra: dict[str, Any], config: ModelConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters that Claude's own members say, and the members that say none."""
    own: dict[str, Any] = {name: extra[name] for name in ("thinking", "output_config", "top_k") if name in extra}
    if not own:
        return {}, extra
    found, rest = read_fields(own, config)
    return found, {**{name: value for name, value in extra.items() if name not in own}, **rest}


def _named(name: str) -> Callable[[Any, ModelConfig], tuple[dict[str, Any], Any]]:
    """A member that is a parameter as it is."""
    return lambda value, config: ({name: value}, None)


def _max_tokens(value: Any, config: ModelConfig) -> tuple[dict[str, Any], Any]:
    """0 only warms the cache, for which there is no parameter."""
    del config
    return ({"max_tokens": value}, None) if value else ({}, value)


def _system(value: Any, config: ModelConfig) -> tuple[dict[str, Any], Any]:
    if isinstance(value, str):
        return {"system": value}, None
    return {"system": content_of(value, config.family)} if value else {}, None


def _tools(value: Any, config: ModelConfig) -> tuple[dict[str, Any], Any]:
    del config
    return {"tools": tools_of(value)} if value else {}, None


def _tool_choice(value: Any, config: ModelConfig) -> tuple[dict[str, Any], Any]:
    del config
    rest = {name: entry for name, entry in value.items() if name not in ("type", "name", "disable_parallel_tool_use")}
    if rest:
        return {}, value
    choice = value["name"] if value["type"] == "tool" else _CHOICES[value["type"]]
    found: dict[str, Any] = {"tool_choice": choice}
    if value.get("disable_parallel_tool_use") is not None:
        found["parallel_tool_calls"] = not value["disable_parallel_tool_use"]
    return found, None


def _output_config(value: Any, config: ModelConfig) -> tuple[dict[str, Any], Any]:
    """The schema is the output type; the effort is read with the thinking it belongs to."""
    del config
    wanted = value.get("format")
    if not isinstance(wanted, Mapping) or wanted.keys() != {"type", "schema"}:
        return {}, value
    return {"output_type": wanted["schema"]}, {name: entry for name, entry in value.items() if name != "format"}


def _version(value: Any, config: ModelConfig) -> tuple[dict[str, Any], Any]:
    """The encoder writes what the model's facts say."""
    return {}, None if value == (config.feature("anthropic_version") or DEFAULT_VERSION) else value


_READERS: Mapping[str, Callable[[Any, ModelConfig], tuple[dict[str, Any], Any]]] = {
    "anthropic_version": _version,
    "max_tokens": _max_tokens,
    "system": _system,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "output_config": _output_config,
    "temperature": _named("temperature"),
    "top_p": _named("top_p"),
    "stop_sequences": _named("stop"),
}
