"""Messages as contents: a role and its parts.

Here: one writer per kind of part, signatures put back where they came from, results with the names of their tools. Not
here: media (attachments.py), which parts a model takes (prepare.py, history/), the rest of the body (encode.py). Called
by: encode.py.
Follows: https://ai.google.dev/api/caching#Content; https://ai.google.dev/gemini-api/docs/thought-signatures.

Rule 1: a signature stands on the part that it came on (see schema.py); one whose part is gone, on an empty text.
Rule 2: a result is an object: itself where it is one, else a text under `result`; of a failure a text under `error`.
Rule 3: ids that this codec made are not sent: the results are in the order of the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jiter

from bedrock_llm.codecs.gemini.attachments import media_part
from bedrock_llm.codecs.gemini.schema import FUNCTION_NAME, NAME, OWN_ID, SIGNATURE, Options, is_seal
from bedrock_llm.codecs.shared.names import replayed_name
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.media import Media
from bedrock_llm.messages import (
    Audio,
    CachePoint,
    Document,
    Image,
    Message,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)

__all__ = ["INVALID_INPUT", "IN_RESULT", "ContentWriter", "function_name"]

INVALID_INPUT = "invalid_json"  # the member under which unreadable arguments go back to the model, as text
IN_RESULT = "response"  # the kind of an Opaque that is the whole object of a result
_ROLES: Mapping[str, str] = {"user": "user", "assistant": "model"}


def function_name(name: str) -> str:
    """The name of a tool in a call of the history, in the wire's form; the same name always gives the same."""
    if FUNCTION_NAME.fullmatch(name):
        return name
    made = replayed_name(name)
    return made if FUNCTION_NAME.fullmatch(made) else f"_{made}"


class ContentWriter:
    """Writes the messages of one request.

    Args:
        messages: All of them: a result goes back with the name of the tool that was called before.
        options: The model's way with this body.
    """

    def __init__(self, messages: Iterable[Message], options: Options) -> None:
        self._names = {part.id: part.name for turn in messages for part in turn.parts if isinstance(part, ToolCall)}
        self._options = options

    def content(self, message: Message, index: int) -> dict[str, Json]:
        """A message; `index` is its place in the request, for errors.

        Raises:
            InvalidRequestError: It cannot be written on this wire; names the message and what is allowed.
        """
        role = _ROLES.get(message.role)
        where = f"messages[{index}]"
        if role is None:
            text = f"{where} is a system message; only the first messages of a conversation may be"
            raise InvalidRequestError(text, parameter=where, allowed="messages of user and assistant")
        parts = self.parts(message.parts, where)
        if role == "model" and self._options.foreign_seal is not None:
            _seal_first_call(parts, self._options.foreign_seal)
        return {"role": role, "parts": parts}

    def parts(self, given: Iterable[Part], where: str) -> list[dict[str, Json]]:
        """Parts as the wire has them; cache points and blocks of another provider are left out."""
        made: list[dict[str, Json]] = []
        seal: str | None = None
        for place, part in enumerate(given):
            if isinstance(part, Thinking) and is_seal(part):
                made += _alone(seal)
                seal = part.signature
                continue
            written = _WRITERS[part.__class__](self, part, f"{where}.parts[{place}]")
            if seal is not None and written:
                if part.__class__ is Thinking or SIGNATURE in written[-1]:
                    made += _alone(seal)
                else:
                    written[-1][SIGNATURE] = seal
                seal = None
            made += written
        return made + _alone(seal)

    def _text(self, part: Text, where: str) -> list[dict[str, Json]]:
        del where
        return [{"text": part.text}] if part.text or not part.citations else []

    def _thinking(self, part: Thinking, where: str) -> list[dict[str, Json]]:
        del where
        if part.redacted is not None:
            return _alone(part.redacted)
        sealed = {} if part.signature is None else {SIGNATURE: part.signature}
        return [{"text": part.text, "thought": True, **sealed}]

    def _media(self, part: Media, where: str) -> list[dict[str, Json]]:
        return [media_part(part, where)]

    def _document(self, part: Document, where: str) -> list[dict[str, Json]]:
        told: list[dict[str, Json]] = [] if part.context is None else [{"text": part.context}]
        return [*told, media_part(part, where)]

    def _tool_call(self, part: ToolCall, where: str) -> list[dict[str, Json]]:
        del where
        arguments: Any = part.arguments
        if arguments is None:
            arguments = {INVALID_INPUT: part.raw_arguments or ""}
        return [{"functionCall": {**_id(part.id), "name": function_name(part.name), "args": arguments}}]

    def _tool_result(self, part: ToolResult, where: str) -> list[dict[str, Json]]:
        name = self._names.get(part.tool_call_id)
        if name is None:
            raise InvalidRequestError.of(f"{where}.tool_call_id", part.tool_call_id, "that of a call before it")
        response, beside = self._result(part, where)
        made = {**_id(part.tool_call_id), "name": function_name(name), "response": response}
        return [{"functionResponse": {**made, "parts": beside} if beside else made}]

    def _result(self, part: ToolResult, where: str) -> tuple[Json, list[dict[str, Json]]]:
        """What a tool gave back: its object, and media beside it."""
        if isinstance(part.content, str):
            return _response(part.content, is_error=part.is_error), []
        own: Json = None
        beside: list[dict[str, Json]] = []
        for place, entry in enumerate(part.content):
            if isinstance(entry, Opaque) and entry.provider == NAME and entry.kind == IN_RESULT:
                own = entry.data
            elif not isinstance(entry, Text):
                beside += _WRITERS[entry.__class__](self, entry, f"{where}.content[{place}]")
        return (_response(part.text, is_error=part.is_error) if own is None else own), beside

    def _opaque(self, part: Opaque, where: str) -> list[dict[str, Json]]:
        if part.provider != NAME:
            return []
        if not isinstance(part.data, Mapping):
            raise InvalidRequestError.of(f"{where}.data", part.data, "a mapping: the whole part")
        return [dict(part.data)]

    def _cache_point(self, part: CachePoint, where: str) -> list[dict[str, Json]]:
        del part, where
        return []


def _alone(signature: str | None) -> list[dict[str, Json]]:
    """A signature that is a part of its own; nothing for None."""
    return [] if signature is None else [{"text": "", SIGNATURE: signature}]


def _seal_first_call(parts: Iterable[dict[str, Json]], signature: str) -> None:
    """Put a signature on the first call of a turn of which none has one: another model made it."""
    calls = [part for part in parts if "functionCall" in part]
    if calls and not any(SIGNATURE in part for part in calls):
        calls[0][SIGNATURE] = signature


def _id(tool_call_id: str) -> dict[str, str]:
    return {} if not tool_call_id or OWN_ID.fullmatch(tool_call_id) else {"id": tool_call_id}


def _response(text: str, *, is_error: bool) -> dict[str, Json]:
    if is_error:
        return {"error": text}
    if text.lstrip()[:1] == "{":
        try:
            value = jiter.from_json(text.encode("utf-8", "surrogatepass"), allow_inf_nan=False)
        except ValueError:
            return {"result": text}
        if isinstance(value, dict):
            return value
    return {"result": text}


_WRITERS: Mapping[type, Callable[[ContentWriter, Any, str], list[dict[str, Json]]]] = {
    Text: ContentWriter._text,  # noqa: SLF001  # the class's own table
    Image: ContentWriter._media,  # noqa: SLF001
    Audio: ContentWriter._media,  # noqa: SLF001
    Video: ContentWriter._media,  # noqa: SLF001
    Document: ContentWriter._document,  # noqa: SLF001
    ToolCall: ContentWriter._tool_call,  # noqa: SLF001
    ToolResult: ContentWriter._tool_result,  # noqa: SLF001
    Thinking: ContentWriter._thinking,  # noqa: SLF001
    CachePoint: ContentWriter._cache_point,  # noqa: SLF001
    Opaque: ContentWriter._opaque,  # noqa: SLF001
}
