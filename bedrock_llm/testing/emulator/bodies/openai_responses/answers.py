"""A `Response` as a Responses answer, whole or in events.

Here: the shapes of answers. Not here: which answer. Called by: the package.
Follows: OpenAI's Response object and ResponseStreamEvent.

Rule: text and reasoning come in pieces about the size of a token; the last event holds all of the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.codecs.openai_responses.schema import (
    CONTENT_KINDS,
    CUSTOM_CALL,
    FUNCTION_CALL,
    IN_CALL,
    IN_CONTENT,
    MESSAGE,
    NAME,
    REASONING,
)
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Opaque, Part, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.encode import pieces

__all__ = ["answer", "chunks"]

_ID = "resp_emulated"
_FRAGMENT_CHARS = 9
_WORDS: Mapping[StopReason, str] = {
    StopReason.stop: "completed",
    StopReason.tool_use: "completed",
    StopReason.length: "max_output_tokens",
    StopReason.content_filter: "content_filter",
    StopReason.pause: "in_progress",
    StopReason.error: "cancelled",
}
_STATUSES = frozenset({"completed", "in_progress", "queued", "cancelled", "failed"})
_DELTAS = {
    FUNCTION_CALL: ("arguments", "function_call_arguments"),
    CUSTOM_CALL: ("input", "custom_tool_call_input"),
}


def answer(response: Response[Any]) -> dict[str, Any]:
    """The body of an answer.

    Raises:
        InvalidRequestError: It holds what this body has no place for.
    """
    word = response.raw_stop_reason or _WORDS.get(response.stop_reason, response.stop_reason.value)
    status = word if word in _STATUSES else "incomplete"
    details = None if status == word else {"reason": word}
    return {**_head(status, details), "output": _output(response), "usage": _usage(response.usage)}


def chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    """The same as the events of a stream. Errors as `answer`."""
    for number, event in enumerate(_events(answer(response))):
        yield {"type": event.pop("type"), "sequence_number": number, **event}


def _events(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**_head("in_progress", None), "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(whole["output"]):
        for event in _item_events(item):
            yield {"type": event.pop("type"), "output_index": index, **event}
    mark = "response.incomplete" if whole["status"] == "incomplete" else "response.completed"
    yield {"type": mark, "response": whole}


def _item_events(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind, identity = item["type"], item.get("id")
    empty: dict[str, Any] = {MESSAGE: {"content": []}, REASONING: {"summary": []}}.get(kind, {})
    if kind in _DELTAS:
        empty = {_DELTAS[kind][0]: ""}
    begun = {**item, **empty, **({"status": "in_progress"} if "status" in item else {})}
    yield {"type": "response.output_item.added", "item": begun}
    if kind == MESSAGE:
        for place, part in enumerate(item["content"]):
            yield from _content_events(part, {"item_id": identity, "content_index": place})
    elif kind == REASONING:
        yield from _summary_events(item, identity)
    elif kind in _DELTAS:
        member, name = _DELTAS[kind]
        for start in range(0, len(item[member]), _FRAGMENT_CHARS):
            fragment = item[member][start : start + _FRAGMENT_CHARS]
            yield {"type": f"response.{name}.delta", "item_id": identity, "delta": fragment}
        yield {"type": f"response.{name}.done", "item_id": identity, member: item[member]}
    yield {"type": "response.output_item.done", "item": item}


def _content_events(part: dict[str, Any], place: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if part["type"] != "output_text":
        yield {"type": "response.content_part.added", **place, "part": part}
        yield {"type": "response.content_part.done", **place, "part": part}
        return
    yield {"type": "response.content_part.added", **place, "part": {**part, "text": "", "annotations": []}}
    for piece in pieces(part["text"]):
        yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
    for number, annotation in enumerate(part["annotations"]):
        added = {"annotation_index": number, "annotation": annotation}
        yield {"type": "response.output_text.annotation.added", **place, **added}
    yield {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part}


def _summary_events(item: dict[str, Any], identity: Any) -> Iterator[dict[str, Any]]:
    for number, part in enumerate(item.get("summary") or ()):
        place = {"item_id": identity, "summary_index": number}
        yield {"type": "response.reasoning_summary_part.added", **place, "part": {**part, "text": ""}}
        for piece in pieces(part["text"]):
            yield {"type": "response.reasoning_summary_text.delta", **place, "delta": piece}
        yield {"type": "response.reasoning_summary_text.done", **place, "text": part["text"]}
        yield {"type": "response.reasoning_summary_part.done", **place, "part": part}
    for number, part in enumerate(item.get("content") or ()):
        for piece in pieces(part["text"]):
            place = {"item_id": identity, "content_index": number}
            yield {"type": "response.reasoning_text.delta", **place, "delta": piece}


def _head(status: str, details: dict[str, str] | None) -> dict[str, Any]:
    said = {"id": _ID, "object": "response", "created_at": 0, "status": status, "error": None}
    usual: dict[str, Any] = {
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    return {**said, "incomplete_details": details, "model": "emulated", **usual}


def _output(response: Response[Any]) -> list[dict[str, Any]]:
    """The items; texts that follow one another are one message, up to what closes it."""
    made: list[dict[str, Any]] = []
    saying: dict[str, Any] | None = None
    parts = response.message.parts
    for index, part in enumerate(parts):
        entry = _entry(part)
        if entry is not None:
            if saying is None:
                saying = {"type": MESSAGE, "id": f"msg_{len(made)}", "status": "completed", "role": "assistant"}
                saying["content"] = []
                made.append(saying)
            saying["content"].append(entry)
        elif isinstance(part, Opaque) and part.kind == MESSAGE and "content" not in part.data:
            if saying is not None:
                saying.update(part.data)
            saying = None
        else:
            saying = None
            made += _items(part, parts[index + 1] if index + 1 < len(parts) else None, len(made))
    return made


def _entry(part: Part) -> dict[str, Any] | None:
    """The entry of a message's content that a part is; None for what is none."""
    if isinstance(part, Text):
        annotations = [dict(citation.raw) for citation in part.citations]
        return {"type": "output_text", "text": part.text, "annotations": annotations, "logprobs": []}
    if isinstance(part, Opaque) and part.provider == NAME and (part.kind in CONTENT_KINDS or part.kind == IN_CONTENT):
        return dict(part.data)
    return None


def _items(part: Part, behind: Part | None, number: int) -> list[dict[str, Any]]:
    if isinstance(part, ToolCall):
        beside = behind.data if isinstance(behind, Opaque) and behind.kind == IN_CALL else {}
        return [{**_call(part, number, beside.get("type", FUNCTION_CALL)), **beside}]
    if isinstance(part, Thinking):
        if isinstance(behind, Opaque) and behind.kind == REASONING:
            return []
        seal = {} if part.signature is None else {"encrypted_content": part.signature}
        summary = [{"type": "summary_text", "text": part.text}] if part.text else []
        return [{"type": REASONING, "id": f"rs_{number}", "summary": summary, **seal}]
    if isinstance(part, Opaque) and part.provider == NAME:
        return [] if part.kind == IN_CALL else [dict(part.data)]
    raise InvalidRequestError.of("reply", part, "made of Text, Thinking, ToolCall and this body's own items")


def _call(part: ToolCall, number: int, kind: str) -> dict[str, Any]:
    text = part.raw_arguments or ""
    if part.arguments is not None:
        text = json.dumps(part.arguments, separators=(",", ":"), ensure_ascii=False)
    identity = {"type": kind, "id": f"fc_{number}", "call_id": part.id, "name": part.name}
    return {**identity, _DELTAS[kind][0]: text, "status": "completed"}


def _usage(usage: Usage) -> dict[str, Any]:
    """The counts as this wire has them: what a cache gave and took is in the input's, reasoning in the output's."""
    before, after = usage.total_input_tokens or 0, usage.output_tokens or 0
    written = (usage.cache_write_tokens or 0) + (usage.cache_write_1h_tokens or 0)
    return {
        "input_tokens": before,
        "input_tokens_details": {"cached_tokens": usage.cache_read_tokens or 0, "cache_write_tokens": written},
        "output_tokens": after,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": before + after,
    }
