"""Tools, the choice among them, and the schema of an answer.

Here: where this body has them. Not here: a function and a schema themselves (shared/openai_tools.py), calls and results
(messages.py), what a model cannot take (prepare.py). Called by: encode.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bedrock_llm.codecs.openai_chat.schema import NAME, Options
from bedrock_llm.codecs.shared.openai_tools import function_of, schema_of
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.messages import CachePoint, Opaque
from bedrock_llm.parameters import ToolSpec

__all__ = ["response_format", "tool_choice", "tools_of"]


def tools_of(tools: Iterable[ToolSpec | Opaque | CachePoint], options: Options) -> list[Json]:
    """The tools on offer.

    Raises:
        InvalidRequestError: A name or schema that is refused everywhere; names it and what is allowed.
    """
    made: list[Json] = []
    for index, tool in enumerate(tools):
        if isinstance(tool, ToolSpec):
            function = function_of(tool, f"tools[{index}]", inline_refs=options.inline_refs)
            made.append({"type": "function", "function": function})
        elif isinstance(tool, Opaque) and tool.provider == NAME:
            made.append(tool.data)
    return made


def tool_choice(choice: str, options: Options) -> Json:
    """The wire's form of a choice: a word, or the function that must be called."""
    if choice in ("auto", "none"):
        return choice
    return options.required if choice == "required" else {"type": "function", "function": {"name": choice}}


def response_format(output_type: Any, options: Options) -> dict[str, Json]:
    """The schema that the answer shall follow; strictly, where it is one that can be held to."""
    return {"type": "json_schema", "json_schema": schema_of(output_type, inline_refs=options.inline_refs)}
