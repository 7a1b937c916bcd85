"""The parameters of a call: their names, their types, and `ToolSpec`.

Here: one table of checks that hold for every model, run once per request. Not here: what a given model takes
(`parameter_rules` in its facts), how a parameter is written (codecs/). Called by: request, models; `ToolSpec` by all
that reads tools.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any, ClassVar, Literal, TypeAlias, TypedDict

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import CachePoint, Opaque, Part, Text
from bedrock_llm.values import Value, frozen

__all__ = ["Parameters", "ToolInput", "ToolSpec", "check_header", "check_parameters"]


@frozen
class ToolSpec(Value):
    """A tool that a model may call.

    Attributes:
        name: What the model calls it by.
        description: What it does and when to use it, or None; None with a `function` means: taken from its docstring.
        parameters: JSON schema of its arguments (an object); None with a `function` means: made from its signature.
        strict: Whether the provider shall hold the arguments to the schema; None leaves it to the provider.
        function: What runs it, or None. Not kept by `to_dict` and pickle.
    """

    omitted: ClassVar[frozenset[str]] = frozenset({"function"})

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None
    function: Callable[..., Any] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not name:
            raise InvalidRequestError.of("ToolSpec.name", self.name, "a string that is not empty")
        if self.description is not None and not isinstance(self.description, str):
            raise InvalidRequestError.of("ToolSpec.description", self.description, "a string or None")
        if self.parameters is not None and not isinstance(self.parameters, Mapping):
            raise InvalidRequestError.of("ToolSpec.parameters", self.parameters, "a JSON schema (a mapping) or None")
        if self.parameters is not None and self.parameters.__class__ is not dict:
            object.__setattr__(self, "parameters", dict(self.parameters))
        if self.strict is not None and not isinstance(self.strict, bool):
            raise InvalidRequestError.of("ToolSpec.strict", self.strict, "True, False or None")
        if self.function is not None and not callable(self.function):
            raise InvalidRequestError.of("ToolSpec.function", self.function, "callable or None")

    def __reduce__(self) -> Any:
        return ToolSpec, (self.name, self.description, self.parameters, self.strict)

    def __copy__(self) -> ToolSpec:
        return self  # it is frozen; `__reduce__` would leave out the function

    def __deepcopy__(self, memo: dict[int, Any]) -> ToolSpec:
        parameters = copy.deepcopy(self.parameters, memo)
        return ToolSpec(self.name, self.description, parameters, self.strict, self.function)


ToolInput: TypeAlias = "ToolSpec | Opaque | CachePoint | Mapping[str, Any] | Callable[..., Any]"


class Parameters(TypedDict, total=False):
    """Keywords of `generate` and `stream`. `None` means not set; only what is set is sent."""

    system: str | Part | Iterable[str | Part] | None
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    stop: str | Iterable[str] | None
    seed: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    repetition_penalty: float | None
    logprobs: bool | int | None
    reasoning: Literal["low", "medium", "high"] | int | None
    tools: Iterable[ToolInput] | None
    tool_choice: str | None
    parallel_tool_calls: bool | None
    metadata: Mapping[str, str] | None
    service_tier: str | None
    latency: Literal["standard", "optimized"] | None
    cache: bool | Literal["5m", "1h"] | None
    guardrail: Mapping[str, str] | None
    prompt_variables: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None
    additional_model_request_fields: Mapping[str, Any] | None
    extra_headers: Mapping[str, str] | None


Check: TypeAlias = Callable[[str, Any], Any]

_SYSTEM_PARTS = (Text, CachePoint, Opaque)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")  # what lies beyond ASCII is written by one library so, by another so


_LARGEST_NUMBER = 1.7e308  # finite, and no float is near enough to overflow
_LARGEST_INTEGER = 2**63 - 1  # what other languages' servers can read


def _number(minimum: float = -math.inf, maximum: float = math.inf) -> Check:
    allowed = "a finite number"
    if minimum > -math.inf:
        allowed = f"a number from {minimum:g}" + (f" to {maximum:g}" if maximum < math.inf else "")

    def check(name: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidRequestError.of(name, value, allowed)
        # An int beyond every float would raise an OverflowError later; NaN compares false with everything.
        if not minimum <= value <= maximum or abs(value) > _LARGEST_NUMBER:
            raise InvalidRequestError.of(name, value, allowed)
        return value

    return check


def _integer(minimum: int | None = None) -> Check:
    allowed = "a whole number" if minimum is None else f"a whole number from {minimum}"

    def check(name: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int) or (minimum is not None and value < minimum):
            raise InvalidRequestError.of(name, value, allowed)
        if abs(value) > _LARGEST_INTEGER:
            raise InvalidRequestError.of(name, value, f"{allowed} and of at most 64 bits")
        return value

    return check


def _choice(*choices: str) -> Check:
    allowed = "one of " + ", ".join(repr(choice) for choice in choices)

    def check(name: str, value: Any) -> Any:
        if not isinstance(value, str) or value not in choices:
            raise InvalidRequestError.of(name, value, allowed)
        return value

    return check


def _boolean(name: str, value: Any) -> Any:
    if not isinstance(value, bool):
        raise InvalidRequestError.of(name, value, "True or False")
    return value


def _string(name: str, value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequestError.of(name, value, "a string that is not blank")
    return value


def _mapping(name: str, value: Any) -> Any:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidRequestError.of(name, value, "a mapping with string keys")
    return dict(value)


def _strings(name: str, value: Any) -> Any:
    made: dict[str, str] = _mapping(name, value)
    for key, entry in made.items():
        if not isinstance(entry, str):
            raise InvalidRequestError.of(f"{name}[{key!r}]", entry, "a string")
    return made


def _headers(name: str, value: Any) -> Any:
    # A header may hold a key, so no value is shown.
    if not isinstance(value, Mapping):
        allowed = "a mapping of header names to values"
        raise InvalidRequestError(
            f"{name} must be {allowed}, not {type(value).__name__}", parameter=name, allowed=allowed
        )
    for key, entry in value.items():
        check_header(name, key, entry)
        if key.lower() in _WRITTEN_BY_US:
            text = f"{name} must not hold {key}: the client writes it"
            raise InvalidRequestError(text, parameter=name, allowed="other headers; keys go into the client's options")
    return dict(value)


_WRITTEN_BY_US = frozenset({"authorization", "connection", "content-length", "content-type", "expect", "host", "te"})
_WRITTEN_BY_US |= {"trailer", "transfer-encoding", "upgrade"}


def check_header(parameter: str, name: object, value: object) -> None:
    """Refuse a header that could not be sent or would smuggle in another; never shows its value.

    Raises:
        InvalidRequestError: The name is no token, or the value is not one line of ASCII text.
    """
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise InvalidRequestError.of(f"{parameter} name", name, "an HTTP header name (letters, digits, hyphens)")
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        where, allowed = f"{parameter}[{name!r}]", "one line of ASCII text without control characters"
        raise InvalidRequestError(f"{where} must be {allowed}", parameter=where, allowed=allowed)


def _system(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return value
    entries = (value,) if isinstance(value, _SYSTEM_PARTS) else value
    if not isinstance(entries, Iterable) or isinstance(entries, (bytes, Mapping)):
        raise InvalidRequestError.of(name, value, "a string, a part, or a list of both")
    parts = tuple(Text(part) if isinstance(part, str) else part for part in entries)
    for index, part in enumerate(parts):
        if not isinstance(part, _SYSTEM_PARTS):
            raise InvalidRequestError.of(f"{name}[{index}]", part, "a string, Text, CachePoint or Opaque")
    return parts


def _stop(name: str, value: Any) -> Any:
    entries = (value,) if isinstance(value, str) else value
    if not isinstance(entries, Iterable) or isinstance(entries, (bytes, Mapping)):
        raise InvalidRequestError.of(name, value, "a string or a list of strings")
    made = tuple(entries)
    for index, entry in enumerate(made):
        if not isinstance(entry, str) or not entry:
            raise InvalidRequestError.of(f"{name}[{index}]", entry, "a string that is not empty")
    return made


def _logprobs(name: str, value: Any) -> Any:
    return value if isinstance(value, bool) else _integer(0)(name, value)


def _reasoning(name: str, value: Any) -> Any:
    allowed = "'low', 'medium', 'high', a token budget from 1, or False"
    if value is False or (isinstance(value, str) and value in ("low", "medium", "high")):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidRequestError.of(name, value, allowed)
    return value


def _tools(name: str, value: Any) -> Any:
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        raise InvalidRequestError.of(name, value, "a list of tools")
    made: list[ToolSpec | Opaque | CachePoint] = []
    for index, tool in enumerate(value):
        made += _tool(f"{name}[{index}]", tool)
    names: set[str] = set()
    for tool in made:
        if isinstance(tool, ToolSpec):
            if tool.name in names:
                raise InvalidRequestError.of(name, tool.name, "tools with different names")
            names.add(tool.name)
    return tuple(made)


def _tool(where: str, tool: Any) -> tuple[ToolSpec | Opaque | CachePoint, ...]:
    """A tool, and the cache point that a dict may set after it."""
    if isinstance(tool, (ToolSpec, Opaque, CachePoint)):
        return (tool,)
    if isinstance(tool, Mapping):
        from bedrock_llm.shapes import tool_cache_point, tool_fields

        fields, mark = tool_fields(tool, where), tool_cache_point(tool, where)
        made = fields if isinstance(fields, (Opaque, CachePoint)) else ToolSpec(**fields)
        return (made,) if mark is None else (made, mark)
    if not callable(tool):
        allowed = "a ToolSpec, a function, or a dict in the OpenAI, Anthropic or Converse shape"
        raise InvalidRequestError.of(where, tool, allowed)
    name = getattr(tool, "__name__", None)
    if not isinstance(name, str) or not name.isidentifier():
        allowed = "a function with a name; for a lambda or an object give ToolSpec(name, function=...)"
        raise InvalidRequestError.of(where, tool, allowed)
    return (ToolSpec(name, function=tool),)


def _cache(name: str, value: Any) -> Any:
    if isinstance(value, bool) or value in ("5m", "1h"):
        return value
    raise InvalidRequestError.of(name, value, "True, False, '5m' or '1h'")


def _guardrail(name: str, value: Any) -> Any:
    made: dict[str, str] = _strings(name, value)
    for key in ("identifier", "version"):
        if not made.get(key):
            raise InvalidRequestError.of(f"{name}[{key!r}]", made.get(key), "a string that is not empty")
    for key, entry in made.items():
        if key not in ("identifier", "version", "trace", "stream_processing_mode"):
            allowed = "a mapping with identifier, version, trace and stream_processing_mode"
            raise InvalidRequestError.of(name, {key: entry}, allowed)
    return made


def _output_type(name: str, value: Any) -> Any:
    if isinstance(value, (str, bytes, int, float, bool)):
        raise InvalidRequestError.of(name, value, "a type (pydantic model, dataclass, TypedDict ...) or a JSON schema")
    return value


_CHECKS: Mapping[str, Check] = {
    "system": _system,
    "max_tokens": _integer(1),
    "temperature": _number(0),
    "top_p": _number(0, 1),
    "top_k": _integer(0),
    "min_p": _number(0, 1),
    "stop": _stop,
    "seed": _integer(),
    "presence_penalty": _number(),
    "frequency_penalty": _number(),
    "repetition_penalty": _number(0),
    "logprobs": _logprobs,
    "reasoning": _reasoning,
    "tools": _tools,
    "tool_choice": _string,
    "parallel_tool_calls": _boolean,
    "output_type": _output_type,
    "metadata": _strings,
    "service_tier": _string,
    "latency": _choice("standard", "optimized"),
    "cache": _cache,
    "guardrail": _guardrail,
    "prompt_variables": _strings,
    "extra_body": _mapping,
    "additional_model_request_fields": _mapping,
    "extra_headers": _headers,
}


def check_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are set, each checked and in its normal form, in the order they were given.

    Raises:
        InvalidRequestError: A name is unknown (the nearest is named) or a value has the wrong type or range.
    """
    checked = {}
    for name, value in parameters.items():
        check = _CHECKS.get(name)
        if check is None:
            raise _unknown(name)
        if value is not None:
            made = check(name, value)
            if made.__class__ is tuple and not made:
                continue  # no tools and no stop strings are the same as none given; a wire may refuse an empty list
            checked[name] = made
    choice = checked.get("tool_choice")
    if choice is not None and choice not in ("auto", "none"):
        _check_choice(choice, checked.get("tools") or ())
    return checked


def _check_choice(choice: str, tools: tuple[Any, ...]) -> None:
    names = [tool.name for tool in tools if isinstance(tool, ToolSpec)]
    if choice not in names and (choice != "required" or not tools):
        allowed = "'auto', 'required' (with tools), 'none' or the name of one of the tools: " + (
            ", ".join(names) or "there are none"
        )
        raise InvalidRequestError.of("tool_choice", choice, allowed)


def _unknown(name: str) -> InvalidRequestError:
    import difflib

    near = difflib.get_close_matches(name, _CHECKS, 1, 0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    allowed = "one of " + ", ".join(_CHECKS)
    return InvalidRequestError(
        f"there is no parameter {name!r}; {hint}it can be {allowed}", parameter=name, allowed=allowed
    )
