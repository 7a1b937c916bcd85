"""What the emulator answers without a script: a small deterministic chat.

Here: the rules, over the body as it came. Not here: scripts (script.py), the wire's shapes (encode.py). Called by:
service.

Rule 1: tool results are reported; a tool is called where the request forces it or the prompt names it; a schema is
filled; anything else is told back.
Rule 2: it thinks where thinking is on, stops at a stop sequence, and after `maxTokens`.
Rule 3: the same request always gets the same answer.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, TypeAlias

from bedrock_llm.messages import Message, Part, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason
from bedrock_llm.testing.emulator.encode import pieces

__all__ = ["answer_by_rule"]

Body: TypeAlias = "Mapping[str, Any]"
_STOP_SEQUENCE = "stop_sequence"
_WORD = re.compile(r"[^\W_]+")
_MAX_SCHEMA_DEPTH = 8  # of a schema that refers to itself
_SHOWN_CHARS = 400


def answer_by_rule(body: Body, count: Callable[[str], int], *, use_tools: bool = True) -> Response[Any]:
    """The answer to a request that is valid.

    Args:
        body: As it came.
        count: Tokens of a text.
        use_tools: Whether a tool is called where the prompt names it; a forced choice always calls one.
    """
    parts = _parts(body, use_tools=use_tools)
    if _thinks(body):
        parts = (_thinking(body), *parts)
    stopped = _matched_stop(body, parts)
    if stopped is not None:
        parts = _cut_at(parts, stopped)
    limit = (body.get("inferenceConfig") or {}).get("maxTokens")
    kept = parts if limit is None else _within(parts, limit, count)
    if kept != parts:
        return Response(Message("assistant", kept), StopReason.length)
    if stopped is not None:
        return Response(Message("assistant", kept), StopReason.stop, _STOP_SEQUENCE, raw={_STOP_SEQUENCE: stopped})
    called = any(isinstance(part, ToolCall) for part in kept)
    return Response(Message("assistant", kept), StopReason.tool_use if called else StopReason.stop)


def _matched_stop(body: Body, parts: tuple[Part, ...]) -> str | None:
    """The stop sequence that comes first in the texts, or None."""
    text = "".join(part.text for part in parts if isinstance(part, Text))
    sequences = (body.get("inferenceConfig") or {}).get("stopSequences") or ()
    found = [(text.find(sequence), sequence) for sequence in sequences if sequence in text]
    return min(found)[1] if found else None


def _parts(body: Body, *, use_tools: bool) -> tuple[Part, ...]:
    results = [block["toolResult"] for block in _last(body) if block.get("toolResult")]
    tool = _wanted_tool(body, use_tools=use_tools and not results)
    if tool is not None:
        return (_call(tool, body),)
    schema = _output_schema(body)
    if schema is not None:
        return (Text(json.dumps(_fill(schema, _prompt(body)), ensure_ascii=False)),)
    if results:
        return (Text(" ".join(_report(result, _names(body)) for result in results)),)
    return (Text(_echo(body)),)


def _last(body: Body) -> list[dict[str, Any]]:
    """The blocks of the last turn that is not a system message's."""
    turns = [message for message in body.get("messages") or () if message["role"] != "system"]
    last: list[dict[str, Any]] = turns[-1]["content"] if turns else []
    return last


def _prompt(body: Body) -> str:
    return " ".join(block["text"].strip() for block in _last(body) if block.get("text")).strip()


def _echo(body: Body) -> str:
    prompt = _prompt(body)
    said = f'You said: "{prompt[:_SHOWN_CHARS]}".' if prompt else "You sent no text."
    media = [kind for block in _last(body) for kind in ("image", "document", "video", "audio") if block.get(kind)]
    seen = f" With it came: {', '.join(media)}." if media else ""
    count = len(body.get("messages") or ())
    read = "1 message" if count == 1 else f"{count} messages"
    return f"{said}{seen} This answer was made by the emulator from a request of {read}; no model was asked."


def _names(body: Body) -> dict[str, str]:
    """Tool call id to the tool's name."""
    calls = [block["toolUse"] for message in body["messages"] for block in message["content"] if block.get("toolUse")]
    return {call["toolUseId"]: call["name"] for call in calls}


def _report(result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    said = []
    for entry in result["content"]:
        kind, value = next(iter(entry.items()))
        if kind == "json":
            value = json.dumps(value, ensure_ascii=False)
        said.append(value if kind in ("text", "json") else f"[{kind}]")
    verb = "failed with" if result.get("status") == "error" else "answered"
    return f"The tool {names.get(result['toolUseId'], 'unknown')} {verb}: {' '.join(said)[:_SHOWN_CHARS]}"


def _wanted_tool(body: Body, *, use_tools: bool) -> Mapping[str, Any] | None:
    config = body.get("toolConfig") or {}
    specs: list[Mapping[str, Any]] = [tool["toolSpec"] for tool in config.get("tools") or () if tool.get("toolSpec")]
    choice = config.get("toolChoice") or {}
    if choice.get("tool"):
        forced = choice["tool"]["name"]
        specs = [spec for spec in specs if spec["name"] == forced]
        return specs[0] if specs else None
    words = {word.lower() for word in _WORD.findall(_prompt(body))}
    named = [spec for spec in specs if _mentioned(spec["name"], words)] if use_tools else []
    if named:
        return named[0]
    return specs[0] if specs and "any" in choice else None


def _mentioned(name: str, words: set[str]) -> bool:
    """Whether the prompt names the tool: all its longer words are there ("weather" of `get_weather`)."""
    own = {word.lower() for word in _WORD.findall(name.replace("-", "_").replace("_", " "))}
    long = {word for word in own if len(word) > 3} or own
    return bool(long) and long <= words


def _call(tool: Mapping[str, Any], body: Body) -> ToolCall:
    arguments = _fill(tool["inputSchema"]["json"], _prompt(body))
    seed = json.dumps([tool["name"], body.get("messages")], sort_keys=True).encode()
    return ToolCall(
        f"tooluse_{sha256(seed).hexdigest()[:22]}", tool["name"], arguments if isinstance(arguments, dict) else {}
    )


def _output_schema(body: Body) -> Mapping[str, Any] | None:
    text_format = (body.get("outputConfig") or {}).get("textFormat")
    if text_format is None:
        return None
    schema: Mapping[str, Any] = json.loads(text_format["structure"]["jsonSchema"]["schema"])
    return schema


def _fill(schema: Any, prompt: str) -> Any:
    """A value that fits a schema, its strings taken from the prompt."""
    proper = [word for word in _WORD.findall(prompt)[1:] if word[0].isupper()]
    words = iter(proper or _WORD.findall(prompt))
    return _value(schema, schema, words, _MAX_SCHEMA_DEPTH)


def _value(schema: Any, root: Any, words: Iterator[str], depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth == 0:
        return None
    if "$ref" in schema:
        return _value(_referred(schema["$ref"], root), root, words, depth - 1)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _value(schema[key][0], root, words, depth - 1)
    kind = schema.get("type", "object" if "properties" in schema else None)
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object":
        return _object(schema, root, words, depth)
    if kind == "array":
        items = range(max(1, schema.get("minItems", 1)))
        return [_value(schema.get("items"), root, words, depth - 1) for _ in items]
    return _scalar(kind, schema, words)


def _object(schema: Mapping[str, Any], root: Any, words: Iterator[str], depth: int) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    required = schema.get("required", list(properties))
    return {name: _value(properties.get(name), root, words, depth - 1) for name in required}


def _scalar(kind: Any, schema: Mapping[str, Any], words: Iterator[str]) -> Any:
    if kind == "string":
        return next(words, "something")
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"boolean": True}.get(kind)


def _referred(reference: Any, root: Any) -> Any:
    found = root
    for step in str(reference).removeprefix("#").strip("/").split("/"):
        found = found.get(step) if isinstance(found, Mapping) and step else found
    return found


def _thinks(body: Body) -> bool:
    additional = body.get("additionalModelRequestFields") or {}
    for name in ("thinking", "reasoning_config", "reasoningConfig"):
        asked = additional.get(name)
        if isinstance(asked, Mapping) and asked.get("type") in ("enabled", "adaptive"):
            return True
    return False


def _thinking(body: Body) -> Thinking:
    words = len(_WORD.findall(_prompt(body)))
    text = (
        f"The last turn has {words} words. I am the emulator, so I follow my rules and answer from the request alone."
    )
    seal = sha256(text.encode()).digest()
    return Thinking(text, signature=base64.b64encode(seal).decode("ascii"))


def _cut_at(parts: tuple[Part, ...], sequence: str) -> tuple[Part, ...]:
    kept: list[Part] = []
    for part in parts:
        if isinstance(part, Text) and sequence in part.text:
            before = part.text[: part.text.index(sequence)]
            return (*kept, Text(before)) if before else tuple(kept)
        kept.append(part)
    return tuple(kept)


def _within(parts: tuple[Part, ...], limit: int, count: Callable[[str], int]) -> tuple[Part, ...]:
    """The parts up to `limit` tokens; a tool call that does not fit is left out."""
    kept: list[Part] = []
    left = limit
    for part in parts:
        text = json.dumps(part.arguments) if isinstance(part, ToolCall) else getattr(part, "text", "")
        used = count(text)
        if used <= left:
            kept.append(part)
            left -= used
            continue
        head = _head(text, left, count)
        if head and isinstance(part, Text):
            kept.append(Text(head))
        if head and isinstance(part, Thinking):
            kept.append(Thinking(head))
        break
    return tuple(kept)


def _head(text: str, limit: int, count: Callable[[str], int]) -> str:
    """The longest run of whole pieces of at most `limit` tokens."""
    head = ""
    for piece in pieces(text):
        if count(head + piece) > limit:
            break
        head += piece
    return head
