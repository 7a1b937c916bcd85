"""Messages as the items of a Responses input.

Here: who speaks, content, calls and results, and own items. Not here: media (attachments.py), which parts a
model takes (prepare.py, history/), the rest of the body (encode.py). Called by: encode.py.
Follows: OpenAI's Responses API, InputItem.

Rule 1: items stand in the order of the parts; what is said between two of them is one message.
Rule 2: a single text is a string, anything else a list of parts.
Rule 3: an item that came in an answer goes back as it came, less members that are null, as inputs take none.
Rule 4: a result says who called, where its call said it: a program of the model's own gets it then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_llm.codecs.openai_responses.attachments import media_part
from bedrock_llm.codecs.openai_responses.schema import (
    CONTENT_KINDS,
    CUSTOM_CALL,
    FUNCTION_CALL,
    IN_CALL,
    IN_CONTENT,
    MESSAGE,
    NAME,
    REASONING,
    Options,
)
from bedrock_llm.codecs.shared.names import replayed_id, replayed_name
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.codecs.shared.writing import to_json
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import CachePoint, Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult

__all__ = ["InputWriter"]

ERROR_PREFIX = "Error: "  # the wire has no mark for a tool that failed
INVALID_INPUT = "invalid_json"  # the member under which unreadable arguments go back to the model, as text
_BREAKPOINT: Mapping[str, Json] = {"mode": "explicit"}


class InputWriter:
    """Writes the messages of one request.

    Args:
        config: Of the model asked.
        options: Its way with this body.
    """

    __slots__ = ("_beside", "_fetches", "_options")

    def __init__(self, config: ModelConfig, options: Options) -> None:
        self._options = options
        self._fetches = config.provider not in ("bedrock", "bedrock-mantle")  # Bedrock reads no web addresses
        self._beside: dict[str, Mapping[str, Json]] = {}  # by a call's id what stands beside it, for its result

    def message(self, message: Message, where: str) -> list[Json]:
        """The items of a message.

        Raises:
            InvalidRequestError: A part cannot be written so; names it and what is allowed.
        """
        parts = message.parts
        if len(parts) == 1 and parts[0].__class__ is Text and not parts[0].citations and message.role != "system":
            return [{"role": message.role, "content": parts[0].text}]
        role = self._options.system_role if message.role == "system" else message.role
        return self.turn(role, parts, where)

    def turn(self, role: str, parts: tuple[Part, ...], where: str) -> list[Json]:
        """The items of what one says. Errors as `message`."""
        made: list[Json] = []
        content: list[Json] = []
        for index, part in enumerate(parts):
            entry = self._content(part, role, f"{where}.parts[{index}]")
            if entry is not None:
                content.append(entry)
            elif part.__class__ is CachePoint:
                content[-1:] = [{**content[-1], "prompt_cache_breakpoint": _BREAKPOINT}] if content else []
            elif _beside_message(part):
                made += _message(role, content, part.data)  # type: ignore[union-attr]  # it is an Opaque
                content = []
            else:
                items = self._items(parts, index, f"{where}.parts[{index}]")
                if items:
                    made += [*_message(role, content, {}), *items]
                    content = []
        return made + _message(role, content, {})

    def _content(self, part: Part, role: str, where: str) -> Json:
        """The entry of a content that a part is; None for what is none."""
        if part.__class__ is Text:
            return _text(part, role)
        if isinstance(part, Opaque):
            in_content = part.provider == NAME and (part.kind in CONTENT_KINDS or part.kind == IN_CONTENT)
            return part.data if in_content else None
        if isinstance(part, (CachePoint, ToolCall, ToolResult, Thinking)):
            return None
        return media_part(part, where, fetches=self._fetches)

    def _items(self, parts: tuple[Part, ...], index: int, where: str) -> list[Json]:
        """The items of a part that is no content; none for what belongs to the part before it."""
        part, behind = parts[index], parts[index + 1] if index + 1 < len(parts) else None
        beside: Mapping[str, Json] = behind.data if _is_own(behind, IN_CALL) else {}  # type: ignore[union-attr]
        if isinstance(part, ToolCall):
            return [self._call(part, beside)]
        if isinstance(part, ToolResult):
            return [{**self._result(part, where), **beside}]
        if isinstance(part, Thinking):
            return [] if _is_own(behind, REASONING) else [_reasoning(part)]
        if isinstance(part, Opaque) and part.provider == NAME and part.kind != IN_CALL:
            return [self._own(part)]
        return []

    def _own(self, part: Opaque) -> Json:
        if not isinstance(part.data, Mapping):
            return part.data
        left_out = ("id",) if part.kind == REASONING and not self._options.reasoning_ids else ()
        return {name: value for name, value in part.data.items() if value is not None and name not in left_out}

    def _call(self, part: ToolCall, beside: Mapping[str, Json]) -> dict[str, Json]:
        made: dict[str, Json] = {"type": FUNCTION_CALL, "call_id": replayed_id(part.id)}
        made["name"] = replayed_name(part.name)
        self._beside[part.id] = beside
        if beside.get("type") == CUSTOM_CALL:
            return {**made, "input": part.raw_arguments or "", **beside}
        arguments: Any = part.arguments
        if arguments is None:
            arguments = {INVALID_INPUT: part.raw_arguments or ""}
        return {**made, "arguments": to_json(arguments), **beside}

    def _result(self, part: ToolResult, where: str) -> dict[str, Json]:
        parts = (Text(part.content),) if isinstance(part.content, str) else part.content
        if part.is_error:
            first = parts[0] if parts else None
            parts = (
                (Text(ERROR_PREFIX + first.text), *parts[1:])
                if isinstance(first, Text)
                else (Text(ERROR_PREFIX.strip()), *parts)
            )
        content = [self._content(entry, "user", f"{where}.content[{place}]") for place, entry in enumerate(parts)]
        beside = self._beside.get(part.tool_call_id, {})
        made: dict[str, Json] = {"type": f"{beside.get('type', FUNCTION_CALL)}_output"}
        made["call_id"] = replayed_id(part.tool_call_id)
        made["output"] = _joined([entry for entry in content if entry is not None])
        return {**made, "caller": beside["caller"]} if "caller" in beside else made


def _is_own(part: Part | None, kind: str) -> bool:
    return isinstance(part, Opaque) and part.provider == NAME and part.kind == kind


def _beside_message(part: Part) -> bool:
    """Whether it holds members of the message before it; one with a content is a message itself."""
    return _is_own(part, MESSAGE) and "content" not in part.data  # type: ignore[union-attr]  # it is an Opaque


def _text(part: Text, role: str) -> dict[str, Json]:
    if role != "assistant":
        return {"type": "input_text", "text": part.text}
    annotations = [citation.raw for citation in part.citations if citation.raw]
    made: dict[str, Json] = {"type": "output_text", "text": part.text}
    return {**made, "annotations": annotations} if annotations else made


def _message(role: str, content: list[Json], members: Mapping[str, Json]) -> list[Json]:
    """What was said, as an item; one with an id is of the form that answers have, which always has a list."""
    if not content:
        return []
    if "id" in members:
        return [{"type": MESSAGE, "role": role, "content": content, **members}]
    return [{"role": role, "content": _joined(content), **members}]


def _joined(content: list[Json]) -> Json:
    """A content: the text alone where there is nothing else."""
    if not content:
        return ""
    first = content[0]
    return first["text"] if len(content) == 1 and first.keys() == {"type", "text"} else content


def _reasoning(part: Thinking) -> dict[str, Json]:
    """Reasoning of the same family that came over another wire: sealed with a summary, or in words."""
    if part.signature is None:
        return {"type": REASONING, "summary": [], "content": [{"type": "reasoning_text", "text": part.text}]}
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    return {"type": REASONING, "summary": summary, "encrypted_content": part.signature}
