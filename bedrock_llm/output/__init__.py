"""Answers as Python values: JSON schemas made from types, and answers read by them.

Here: types and answers. Not here: what strict APIs want of a schema (strict.py), tools made from functions
(functions.py), how a wire carries a schema (codecs/). Called by: codecs, models, flow, the emulator.

pydantic does the work; it is imported at the first use, so that a plain call does not pay for it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bedrock_llm.errors import InvalidRequestError, OutputValidationError
from bedrock_llm.output.functions import function_schema, with_schemas
from bedrock_llm.output.strict import strict_schema
from bedrock_llm.response import Response, StopReason

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

__all__ = ["function_schema", "json_schema", "name_of", "parsed", "strict_schema", "validate", "with_schemas"]

_CACHED_TYPES = 256
_SHOWN_PROBLEMS = 3
_FENCED = re.compile(r"```(?:json)?[ \t]*\r?\n(.*?)```", re.DOTALL | re.IGNORECASE)
_NO_NAME = re.compile(r"[^a-zA-Z0-9_-]+")
_UNANSWERED = frozenset({StopReason.content_filter, StopReason.tool_use, StopReason.pause})


def json_schema(output_type: Any) -> dict[str, Any]:
    """The JSON schema of the answers wanted, as strict APIs take it (see `strict_schema`).

    Args:
        output_type: A pydantic model, a dataclass, a TypedDict, any other type that pydantic knows; or a JSON schema,
            which is handed on as it is.

    Raises:
        InvalidRequestError: pydantic can make no schema of it.
    """
    if isinstance(output_type, Mapping):
        return dict(output_type)
    try:
        return _schema_of(output_type)
    except TypeError:  # not hashable, e.g. Annotated with a dict
        return _new_schema(output_type)


def validate(output_type: Any, text: str) -> Any:
    """An answer's text, read as JSON and made a value of the type.

    A fence (```json ... ```) around the JSON is tolerated, also with words around it. Where a JSON schema stands for
    the type, the JSON is read and not checked against it.

    Raises:
        OutputValidationError: It is not JSON, or does not fit; says where.
    """
    import jiter

    found = _json_in(text)
    if found is None:
        start = text.strip()[:60]
        raise OutputValidationError(
            f"the answer is not JSON, as {name_of(output_type) or 'a schema'} wants; it begins: {start!r}"
        )
    if isinstance(output_type, Mapping):
        return jiter.from_json(found)
    from pydantic import ValidationError

    try:
        return adapter(output_type).validate_json(found)
    except ValidationError as error:
        raise OutputValidationError(f"the answer is no valid {name_of(output_type)}: {_problems(error)}") from error


def parsed(output_type: Any, response: Response[Any]) -> Any:
    """The value that an answer holds; None where it was refused, paused, or asks for tools first.

    Raises:
        OutputValidationError: It holds no valid one (it may have been cut); `.partial` is the answer.
    """
    if response.stop_reason in _UNANSWERED:
        return None
    try:
        return validate(output_type, response.text)
    except OutputValidationError as error:
        if response.stop_reason is StopReason.length:
            error.args = (f"{error.message} (it was cut at max_tokens)",)
        error.partial, error.usage = response, response.usage
        raise


def name_of(output_type: Any) -> str | None:
    """A name for the type, of letters, digits, `_` and `-`, at most 64; of a schema its title, or None."""
    if isinstance(output_type, Mapping):
        name = output_type.get("title")
    elif isinstance(output_type, type) and not hasattr(output_type, "__origin__"):
        name = output_type.__name__
    else:
        name = str(output_type).replace("typing.", "")
    return _NO_NAME.sub("_", name).strip("_")[:64] or None if isinstance(name, str) else None


def adapter(output_type: Any) -> TypeAdapter[Any]:
    """pydantic's adapter for a type, made once.

    Raises:
        InvalidRequestError: pydantic does not know the type.
    """
    try:
        return _adapter_of(output_type)
    except TypeError:
        return _new_adapter(output_type)


def _new_adapter(output_type: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    from bedrock_llm.output.typed_dicts import readable

    try:
        return TypeAdapter(readable(output_type))
    except (PydanticUserError, NameError) as error:
        reason = str(error).splitlines()[0]
        allowed = f"a type that pydantic knows, or a JSON schema ({reason})"
        raise InvalidRequestError.of("output_type", output_type, allowed) from error


def _new_schema(output_type: Any) -> dict[str, Any]:
    from pydantic.errors import PydanticUserError

    try:
        return strict_schema(adapter(output_type).json_schema())
    except PydanticUserError as error:
        allowed = f"a type that JSON can hold ({str(error).splitlines()[0]})"
        raise InvalidRequestError.of("output_type", output_type, allowed) from error


_adapter_of = functools.lru_cache(_CACHED_TYPES)(_new_adapter)
_schema_of = functools.lru_cache(_CACHED_TYPES)(_new_schema)


def _json_in(text: str) -> bytes | None:
    """The JSON in an answer: all of it, or what stands in its first fence."""
    import jiter

    fence = _FENCED.search(text)
    for candidate in (text, fence[1] if fence else ""):
        data = candidate.strip().encode("utf-8", "surrogatepass")
        try:
            jiter.from_json(data, cache_mode="none")
        except ValueError:
            continue
        return data
    return None


def _problems(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    told = [f"{'.'.join(map(str, entry['loc'])) or 'it'}: {entry['msg']}" for entry in found[:_SHOWN_PROBLEMS]]
    more = len(found) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")
