"""A Llama prompt as the messages that it was made of.

Here: `read_prompt`, and calls in Python's form. Not here: the other members of the body (llama_prompt.py). Called by:
llama_prompt.py.

Rule: a prompt is read only where it follows its template to the letter and holds no token but the template's; what it
says of tools and calls is read only where it would be written so again. Anything else is left to the caller.
"""

from __future__ import annotations

import ast
import base64
import binascii
import json
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bedrock_llm.codecs.llama_prompt.schema import (
    BEGIN,
    IMAGE,
    JSON_TOOLS,
    LLAMA_2,
    LLAMA_2_MARKS,
    MARKS,
    PYTHONIC_TOOLS,
    TEMPLATES,
    Template,
)
from bedrock_llm.messages import Image, Message, Part, Text, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.testing.emulator.bodies.prompts import ReadPrompt

__all__ = ["python_calls", "read_prompt"]

_LLAMA_2_TURN = re.compile(
    r"<s>\[INST\] (?:<<SYS>>\n(.*?)\n<</SYS>>\n\n)?(.*?) \[/INST\](?: (?! )(.*?)( </s>|\Z))?", re.DOTALL
)
_ERROR = "Error: "


class _NotFollowed(Exception):
    """The prompt does not follow its template."""


def read_prompt(prompt: str, images: Sequence[str], template: Any, tools: Any) -> ReadPrompt | None:
    """The messages and parameters of a prompt; None where it does not follow the template.

    Args:
        prompt: As it came.
        images: The pictures beside it, in base64.
        template: Its name; an unknown one is followed by no prompt.
        tools: How the model writes calls, or None.
    """
    try:
        if template == LLAMA_2:
            return _llama_2(prompt)
        if template not in TEMPLATES:
            return None
        return _Reader(TEMPLATES[template], images, tools).read(prompt)
    except (_NotFollowed, binascii.Error):
        return None


def _llama_2(prompt: str) -> ReadPrompt | None:
    messages: list[Message] = []
    system, place = "", 0
    while (turn := _LLAMA_2_TURN.match(prompt, place)) is not None:
        texts = [text for text in (turn[2], turn[3]) if text is not None]
        if any(LLAMA_2_MARKS.search(text) for text in (turn[1] or "", *texts)) or (turn[1] is not None and messages):
            return None
        if turn[1] is not None and not turn[1].strip():
            return None
        system = turn[1] or system
        messages += [Message.user(texts[0]), *map(Message.assistant, texts[1:])]
        place = turn.end()
        if turn[4] != " </s>":
            break
    if place != len(prompt) or not messages or prompt.endswith(" </s>"):
        return None
    return tuple(messages), {"system": system} if system else {}


class _Reader:
    """Reads the turns of a prompt with headers; knows which calls wait for a result."""

    def __init__(self, template: Template, images: Sequence[str], tools: Any) -> None:
        before, behind = (re.escape(token) for token in template.header)
        end = re.escape(template.end)
        self._turn = re.compile(rf"{before}(system|user|assistant|ipython){behind}(.*?)({end}|\Z)", re.DOTALL)
        self._call_tag = template.call if tools == "pythonic" else ""
        self._tools = tools
        self._images = deque(images)
        self._waiting: deque[str] = deque()
        self._calls = 0
        self._messages: list[Message] = []

    def read(self, prompt: str) -> ReadPrompt | None:
        """Messages and parameters of the whole prompt."""
        place = len(BEGIN)
        parameters: dict[str, Any] = {}
        if not prompt.startswith(BEGIN):
            return None
        ended = "end"
        while ended and (turn := self._turn.match(prompt, place)) is not None:
            role, text, ended, first = turn[1], turn[2], turn[3], place == len(BEGIN)
            place = turn.end()
            if role == "system" and first:
                parameters = self._system(text)
            else:
                self._take(role, text, opened=not ended)
        if ended or place != len(prompt) or not self._messages or self._images:
            return None
        return tuple(self._messages), parameters

    def _take(self, role: str, text: str, *, opened: bool) -> None:
        if opened and role != "assistant":
            raise _NotFollowed
        if role == "assistant":
            if text or not opened:
                self._messages.append(Message("assistant", self._assistant(text)))
            elif self._messages and self._messages[-1].role == "assistant":
                raise _NotFollowed  # it would be written as an answer to go on with
        elif role == "ipython":
            self._add_user(self._result(_clean(text)))
        elif role == "user":
            self._add_user(*self._user(text))
        elif not self._messages:
            raise _NotFollowed  # it would be written into the first system turn
        else:
            self._messages.append(Message.system(_clean(text)))

    def _add_user(self, *parts: Part) -> None:
        """Results that follow one another, and what the user says behind them, are one message."""
        last = self._messages[-1] if self._messages else None
        if last is not None and last.role == "user" and all(isinstance(part, ToolResult) for part in last.parts):
            self._messages[-1] = Message("user", (*last.parts, *parts))
        else:
            self._messages.append(Message("user", parts))

    def _system(self, text: str) -> dict[str, Any]:
        text = _clean(text)
        preamble = {"json": JSON_TOOLS, "pythonic": PYTHONIC_TOOLS}.get(self._tools, "")
        head, found, definitions = text.partition(preamble) if preamble else (text, "", "")
        tools = _tools(definitions, self._tools) if found and (not head or head.endswith("\n\n")) else None
        if tools is not None:
            text = head.removesuffix("\n\n")
        if not text.strip() and (text or tools is None):
            raise _NotFollowed
        return {**({"system": text} if text else {}), **({"tools": tools} if tools is not None else {})}

    def _user(self, text: str) -> list[Part]:
        parts: list[Part] = []
        while text.startswith(IMAGE):
            if not self._images:
                raise _NotFollowed
            parts.append(Image(base64.b64decode(self._images.popleft(), validate=True)))
            text = text[len(IMAGE) :]
        return [*parts, Text(_clean(text))] if text or not parts else parts

    def _result(self, text: str) -> ToolResult:
        if not self._waiting:
            raise _NotFollowed
        return ToolResult(self._waiting.popleft(), text.removeprefix(_ERROR), is_error=text.startswith(_ERROR))

    def _assistant(self, text: str) -> tuple[Part, ...]:
        self._waiting.clear()
        said, found = self._called(text)
        if not found:
            return (Text(_clean(text)),)
        calls = [ToolCall(f"call_{self._calls + number}", name, given) for number, (name, given) in enumerate(found)]
        self._calls += len(calls)
        self._waiting.extend(call.id for call in calls)
        return (Text(_clean(said)), *calls) if said else tuple(calls)

    def _called(self, text: str) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
        """What stands before the calls, and the calls, where they stand as they would be written."""
        if self._tools == "pythonic":
            said, tag, listed = text.rpartition(self._call_tag) if self._call_tag else ("", "", text)
            if tag != self._call_tag or (said and not said.endswith("\n")):
                return text, []
            return said.removesuffix("\n"), _python(listed)
        if self._tools != "json":
            return text, []
        lines = text.split("\n")
        calls: list[tuple[str, dict[str, Any]]] = []
        while lines and (call := _json_call(lines[-1])) is not None:
            calls.insert(0, call)
            lines.pop()
        return "\n".join(lines), calls


def _clean(text: str) -> str:
    """A text without any token.

    Raises:
        _NotFollowed: It holds one.
    """
    if MARKS.search(text):
        raise _NotFollowed
    return text


def _json(text: str) -> Any:
    """The value of a JSON text that would be written so again, or None."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if json.dumps(value, ensure_ascii=False) == text else None


def _json_call(line: str) -> tuple[str, dict[str, Any]] | None:
    value = _json(line)
    if not isinstance(value, dict) or list(value) != ["name", "parameters"]:
        return None
    name, given = value["name"], value["parameters"]
    return (name, given) if isinstance(name, str) and isinstance(given, dict) else None


def _tools(text: str, form: str) -> tuple[ToolSpec, ...] | None:
    """The definitions behind the words that announce them; None where they are not as they would be written."""
    if form == "pythonic":
        listed = _json(text)
        entries = [_objects(entry) for entry in listed] if isinstance(listed, list) else []
    else:
        lines = [_json(line) for line in text.split("\n")]
        entries = [line.get("function") if isinstance(line, dict) else None for line in lines]
    made = [_spec(entry) for entry in entries]
    specs = tuple(spec for spec in made if spec is not None)
    return specs if specs and len(specs) == len(made) else None


def _spec(entry: Any) -> ToolSpec | None:
    known = isinstance(entry, dict) and list(entry) in (["name", "parameters"], ["name", "description", "parameters"])
    if not known or not isinstance(entry["name"], str) or not isinstance(entry["parameters"], dict):
        return None
    return ToolSpec(entry["name"], entry.get("description"), entry["parameters"])


def _objects(schema: Any) -> Any:
    """A schema whose dicts are objects again; values in it stay."""
    if isinstance(schema, list):
        return [_objects(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    values = ("const", "default", "enum", "example", "examples")
    return {
        name: "object" if (name, value) == ("type", "dict") else value if name in values else _objects(value)
        for name, value in schema.items()
    }


def python_calls(calls: Iterable[ToolCall]) -> str:
    """Calls as a list in Python's form."""
    return _listed([(call.name, call.arguments or {}) for call in calls])


def _listed(calls: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    written = [
        f"{name}({', '.join(f'{word}={_literal(value)}' for word, value in given.items())})" for name, given in calls
    ]
    return f"[{', '.join(written)}]"


def _literal(value: Any) -> str:
    """A JSON value in Python's form: strings in double quotes, words with a capital."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(name)}: {_literal(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _python(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The calls of a list that would be written so again; none of any other text."""
    try:
        listed = ast.parse(text, mode="eval").body
        calls = [
            (ast.unparse(node.func), {str(word.arg): ast.literal_eval(word.value) for word in node.keywords})
            for node in (listed.elts if isinstance(listed, ast.List) else ())
            if isinstance(node, ast.Call)
        ]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return calls if calls and _listed(calls) == text else []
