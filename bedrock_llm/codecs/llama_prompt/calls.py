"""Tool calls in the text of an answer.

Here: `read_calls`, and `may_become_calls` for a text that is still coming. Not here: events (stream.py), calls of the
history (tools.py). Called by: stream.py.

Three forms, each with or without the tokens that a server may leave around it:
    {"name": "f", "parameters": {...}}    one call; `arguments` and `"type": "function"` are taken too
    [f(a="x", b=1), g()]                  calls in Python's form
    <function=f>{...}</function>          one call or several

Rule 1: an answer is calls only where nothing else stands in it. What merely looks like a call stays text: the request
is not seen here, and a user may have asked for just that text.
Rule 2: Python is parsed, never run; only literals are values, and only such as JSON has.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from math import isfinite
from typing import Any, NamedTuple, NoReturn, TypeAlias

import jiter

from bedrock_llm.codecs.llama_prompt.schema import CALL_CLOSERS, CALL_OPENERS
from bedrock_llm.codecs.shared.reading import Json, read_arguments
from bedrock_llm.messages import ToolCall

__all__ = ["may_become_calls", "read_calls"]


class _Found(NamedTuple):
    """A call before it has an id: its name, and its arguments read or as text."""

    name: str
    arguments: dict[str, Json] | None
    text: str = ""


_CLOSERS = re.compile(r"(?:\s|" + "|".join(map(re.escape, CALL_CLOSERS)) + r")*")
_ID_DIGITS = 8


def read_calls(text: str) -> tuple[ToolCall, ...]:
    """The calls that an answer is; none where it is text. Ids follow from the place and the answer's text."""
    body = _body(text)
    form = _FORMS.get(body[:1])
    found = form.read(body) if form is not None else None
    if found is None:
        return ()
    calls, end = found
    if _CLOSERS.fullmatch(body, end) is None:
        return ()
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_DIGITS]
    return tuple(_call(f"call_{index}_{digest}", call) for index, call in enumerate(calls))


def may_become_calls(text: str) -> bool:
    """Whether an answer that begins so may turn out to be calls."""
    bare = text.lstrip()
    if any(opener.startswith(bare) for opener in CALL_OPENERS):
        return True
    body = _body(text)
    form = _FORMS.get(body[:1])
    if form is None:
        return not body
    found = form.read(body)
    return (found is not None and _may_close(body[found[1] :])) or form.may(body)


def _body(text: str) -> str:
    """The text less the token that may open it."""
    bare = text.lstrip()
    opener = next((opener for opener in CALL_OPENERS if bare.startswith(opener)), "")
    return bare[len(opener) :].lstrip()


def _may_close(rest: str) -> bool:
    left = _CLOSERS.sub("", rest, count=1)
    return any(closer.startswith(left) for closer in CALL_CLOSERS)


def _call(call_id: str, found: _Found) -> ToolCall:
    if found.arguments is None:
        return read_arguments(call_id, found.name, found.text)
    return ToolCall(call_id, found.name, found.arguments)


_Read: TypeAlias = "tuple[list[_Found], int]"

# ---------------------------------------------------------------------------------------------------- JSON


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_MEMBERS: Mapping[str, type] = {"name": str, "type": str, "parameters": dict, "arguments": dict}


def _read_json(body: str) -> _Read | None:
    try:
        value, end = _DECODER.raw_decode(body)
    except (ValueError, RecursionError):
        return None
    if not _may_be_call(value) or not value.get("name") or ("parameters" in value) == ("arguments" in value):
        return None
    return [_Found(value["name"], value["parameters"] if "parameters" in value else value["arguments"])], end


def _may_be_call(value: dict[str, Json]) -> bool:
    return all(value[name].__class__ is _MEMBERS.get(name) for name in value) and (
        value.get("type", "function") == "function"
    )


def _may_be_json(body: str) -> bool:
    try:
        value = jiter.from_json(body.encode("utf-8"), partial_mode=True)
    except ValueError:
        return False
    return value.__class__ is dict and _may_be_call(value) and not _is_whole(body)


def _is_whole(body: str) -> bool:
    try:
        _DECODER.raw_decode(body)
    except (ValueError, RecursionError):
        return False
    return True


# -------------------------------------------------------------------------------------------------- Python

# A string may run to the end of what has come.
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\d_.]*(?:[eE][-+]?\d*)?|\.\d+)"""
    r"""|(?P<string>"(?:[^"\\\n]|\\.)*(?:"|\\?\Z)|'(?:[^'\\\n]|\\.)*(?:'|\\?\Z))|(?P<mark>[][(){},:=.+-])""",
    re.DOTALL,
)
_HEAD = re.compile(r"\[\s*(?:\Z|[A-Za-z_][\w.]*\s*(?:\Z|\(\s*(?:\Z|\)|[A-Za-z_]\w*\s*(?:\Z|=))))")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_WORDS = ("True", "False", "None")
_BEHIND_A_NAME = "=(."
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = frozenset("\\'\"abfnrtvxuUN01234567\n")


def _list_end(body: str) -> int | None:
    """Where the list that `body` begins with ends; 0 where it is still open, None where it cannot be one of calls."""
    if _HEAD.match(body) is None:
        return None
    opened: list[str] = []
    name_before, place = False, 0
    while place < len(body):
        token = _TOKEN.match(body, place)
        if token is None:
            return None
        place, kind, text = token.end(), token.lastgroup, token[0]
        if kind == "space":
            continue
        if name_before and text[0] not in _BEHIND_A_NAME:
            return None
        name_before = kind == "name" and text not in _WORDS
        if text in "[({":
            opened.append(text)
        elif text in _PAIRS:
            if not opened or opened.pop() != _PAIRS[text]:
                return None
            if not opened:
                return place
    return 0


def _read_python(body: str) -> _Read | None:
    end = _list_end(body)
    if not end:
        return None
    # An escape that Python does not know means itself, but parsing it would warn.
    text = _ESCAPE.sub(lambda found: found[0] if found[1] in _ESCAPES else f"\\{found[0]}", body[:end])
    try:
        listed = ast.parse(text, mode="eval").body
        calls = [_python_call(node) for node in listed.elts] if isinstance(listed, ast.List) else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return (calls, end) if calls else None


def _python_call(node: ast.expr) -> _Found:
    """A call with keywords only.

    Raises:
        ValueError: It is none, or a value is no literal that JSON has.
    """
    if not isinstance(node, ast.Call) or node.args:
        raise ValueError("no call, or one with nameless arguments")
    arguments: dict[str, Json] = {}
    for word in node.keywords:
        if word.arg is None or word.arg in arguments:
            raise ValueError("an argument without a name, or one twice")
        arguments[word.arg] = _plain(ast.literal_eval(word.value))
    return _Found(_dotted(node.func), arguments)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if not isinstance(node, ast.Name):
        raise ValueError("the called has no name")
    return node.id


def _plain(value: Any) -> Json:
    """A literal as JSON has it; tuples are lists.

    Raises:
        ValueError: JSON has no such value.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, str):
        # JSON writes what lies beyond U+FFFF as two escapes, which Python's strings keep apart.
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {name: _plain(entry) for name, entry in value.items()}
    raise ValueError(f"JSON has no {type(value).__name__} such as this")


# ---------------------------------------------------------------------------------------------------- tags

_TAGGED = re.compile(r"\s*<function=([^\s<>={}]{1,64})>(.*?)</function>", re.DOTALL)
_TAG_OPEN = re.compile(r"<function=[^\s<>={}]{0,64}(?:>\s*(?:\{.*|<[/a-z]*)?)?", re.DOTALL)


def _read_tagged(body: str) -> _Read | None:
    calls, end = [], 0
    while (found := _TAGGED.match(body, end)) is not None:
        calls.append(_Found(found[1], None, found[2].strip()))
        end = found.end()
    return (calls, end) if calls else None


def _may_be_tagged(body: str) -> bool:
    read = _read_tagged(body)
    rest = (body if read is None else body[read[1] :]).lstrip()
    return "<function=".startswith(rest) or _TAG_OPEN.fullmatch(rest) is not None


class _Form(NamedTuple):
    """A form of calls: reads those that `body` begins with, and where they end; tells what may become some."""

    read: Callable[[str], _Read | None]
    may: Callable[[str], bool]


_FORMS: Mapping[str, _Form] = {
    "{": _Form(_read_json, _may_be_json),
    "[": _Form(_read_python, lambda body: _list_end(body) == 0),
    "<": _Form(_read_tagged, _may_be_tagged),
}
