"""Claude: what its rules are beyond data.

Here: `ClaudeImplementation`, and rules that hold for a request as a whole, however it is written. Not here: facts
(catalog/), rules that a feature says (codecs/shared/), how Claude is written to (codecs/). Called by: factory.
Follows: https://docs.claude.com/en/docs/build-with-claude, extended thinking, citations and structured outputs.

Rule: what only tunes the answer is left out with a warning; what contradicts itself is refused before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bedrock_llm.codecs.shared.fields import reasoning_style
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Document, Message, Thinking, ToolResult
from bedrock_llm.models.remote import RemoteModel
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["ClaudeImplementation"]

MAX_STRICT_TOOLS = 20
MAX_OPTIONAL = 24  # arguments that may be left out, of all strict tools together
MAX_UNIONS = 16  # arguments of more than one type, of all strict tools together
MIN_TOP_P_THINKING = 0.95


class ClaudeImplementation(RemoteModel):
    """A Claude model behind an API."""

    def prepare(self, request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this wire and model take it, and what was left out or repaired.

        Raises:
            UnsupportedFeatureError: Citations beside a schema or a forced tool.
            InvalidRequestError: Strict tools beyond Claude's limits, or documents of which only some are to be cited.
        """
        request, told = self._settle_thinking(request)
        prepared, warnings = super().prepare(request)
        _check_citations(prepared)
        _check_schemas(prepared)
        return prepared, (*told, *warnings)

    def _settle_thinking(self, request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """Leave out what a thinking budget excludes; and the budget where the answer cannot begin with a thought."""
        reasoning = request.get("reasoning")
        if not reasoning:
            return request, ()
        style = reasoning_style(reasoning, self.config)
        if not isinstance(style, Mapping) or style.get("style") != "budget":
            return request, ()
        if _goes_on_without_thought(request.messages):
            text = (
                "reasoning was left out: the answer goes on with an assistant's turn that does not begin with "
                "reasoning, which Claude refuses with a thinking budget"
            )
            return request.with_(reasoning=None), (ResponseWarning("unsupported", text, "reasoning"),)
        top_p = request.get("top_p")
        if top_p is not None and top_p < MIN_TOP_P_THINKING:
            text = f"top_p was left out: with a thinking budget Claude takes {MIN_TOP_P_THINKING} to 1"
            return request.with_(top_p=None), (ResponseWarning("unsupported", text, "top_p"),)
        return request, ()


def _goes_on_without_thought(messages: Sequence[Message]) -> bool:
    """Whether the answer belongs to a turn that has begun (its tools were run, or it is prefilled) without thought."""
    spoken = [message for message in messages if message.role != "system"]
    open_tools = bool(spoken) and any(isinstance(part, ToolResult) for part in spoken[-1].parts)
    turn = next((message for message in reversed(spoken) if message.role == "assistant"), None)
    if turn is None or not (open_tools or spoken[-1] is turn):
        return False
    return not any(isinstance(part, Thinking) and _is_sealed(part) for part in turn.parts)


def _is_sealed(part: Thinking) -> bool:
    return part.family in (None, "claude") and (part.signature is not None or part.redacted is not None)


def _check_citations(request: Request) -> None:
    """Citations are for all documents or none, and go with neither a schema nor a forced tool."""
    cited = [part.citations for message in request.messages for part in message.parts if isinstance(part, Document)]
    if not any(cited):
        return
    if not all(cited):
        text = "citations are asked for of some documents and not of others, which Claude refuses"
        raise InvalidRequestError(text, parameter="messages", allowed="citations=True on all documents, or on none")
    forced = request.get("tool_choice") not in (None, "auto", "none")
    for name, given in (("output_type", "output_type" in request.parameters), ("tool_choice", forced)):
        if given:
            text = f"Claude does not cite documents where {name} fixes the answer's form: leave one of the two out"
            raise UnsupportedFeatureError(text, parameter=name, allowed="absent beside documents with citations")


def _check_schemas(request: Request) -> None:
    """What a strict decoder can hold to: a number of tools and arguments, and no schema that refers to itself."""
    tools = [tool for tool in request.get("tools", ()) if isinstance(tool, ToolSpec) and tool.strict]
    for tool in tools:
        _refuse_recursion(tool.parameters or {}, f"the schema of the strict tool {tool.name}", "tools")
    if len(tools) > MAX_STRICT_TOOLS:
        raise _too_many(len(tools), "strict tools", MAX_STRICT_TOOLS)
    entries = [entry for tool in tools for entry in _arguments(tool.parameters)]
    for what, count, limit in (
        ("optional arguments of strict tools", sum(optional for optional, _ in entries), MAX_OPTIONAL),
        ("arguments of several types in strict tools", sum(union for _, union in entries), MAX_UNIONS),
    ):
        if count > limit:
            raise _too_many(count, what, limit)
    output_type = request.get("output_type")
    if output_type is not None:
        from bedrock_llm.output import json_schema

        _refuse_recursion(json_schema(output_type), "output_type", "output_type")


def _too_many(count: int, what: str, limit: int) -> InvalidRequestError:
    text = f"the tools hold {count} {what}; Claude takes {limit} in a request: set strict=False on some of them"
    return InvalidRequestError(text, parameter="tools", value=count, allowed=f"at most {limit} {what}")


def _arguments(schema: Any) -> Iterator[tuple[bool, bool]]:
    """Of each argument, at any depth: whether it may be left out, and whether it has more than one type."""
    for entry in _schemas(schema):
        properties = entry.get("properties")
        required = entry.get("required") or ()
        for name, value in properties.items() if isinstance(properties, Mapping) else ():
            kinds = value if isinstance(value, Mapping) else {}
            union = isinstance(kinds.get("type"), list) or "anyOf" in kinds or "oneOf" in kinds
            yield name not in required, union


def _schemas(schema: Any) -> Iterator[Mapping[str, Any]]:
    """A schema and all schemas in it."""
    if isinstance(schema, Mapping):
        yield schema
    if isinstance(schema, (Mapping, list, tuple)):
        for entry in schema.values() if isinstance(schema, Mapping) else schema:
            yield from _schemas(entry)


def _refuse_recursion(schema: Mapping[str, Any], what: str, parameter: str) -> None:
    """Follow the references from a schema's root; one that leads back to where it stands has no end."""
    known: set[str] = set()  # references that were followed to their end

    def follow(entry: Any, passed: tuple[str, ...]) -> None:
        if isinstance(entry, Mapping):
            reference = entry.get("$ref")
            if isinstance(reference, str):
                if reference in passed:
                    text = f"{what} refers to itself ({reference}), which Claude cannot hold an answer to"
                    raise UnsupportedFeatureError(text, parameter=parameter, allowed="a schema without recursion")
                if reference not in known:
                    follow(_at(schema, reference), (*passed, reference))
                    known.add(reference)
            for name, value in entry.items():
                if name not in ("$defs", "definitions"):
                    follow(value, passed)
        elif isinstance(entry, (list, tuple)):
            for value in entry:
                follow(value, passed)

    follow(schema, ("#",))


def _at(schema: Any, reference: str) -> Any:
    """What `#/$defs/Name` points at, or None."""
    for step in reference.removeprefix("#").strip("/").split("/"):
        schema = schema.get(step) if isinstance(schema, Mapping) and step else schema
    return schema
