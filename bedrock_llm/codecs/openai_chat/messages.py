"""Messages as the chat completions body has them.

Here: who speaks, content, calls and results. Not here: media (attachments.py), which parts a model takes (prepare.py,
history/), the rest of the body (encode.py). Called by: encode.py.
Follows: OpenAI's Chat Completions API, ChatCompletionRequestMessage.

Rule 1: a single text is a string, anything else a list of parts.
Rule 2: every tool result is a message of its own, before what else the user's turn holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bedrock_llm.codecs.openai_chat.attachments import media_part
from bedrock_llm.codecs.openai_chat.schema import DETAILS, IN_MESSAGE, NAME, REASONING_FIELDS, Options
from bedrock_llm.codecs.shared.names import replayed_id, replayed_name
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.codecs.shared.writing import to_json
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import CachePoint, Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.request import Request

__all__ = ["ERROR_PREFIX", "IN_CALLS", "MessageWriter"]

ERROR_PREFIX = "Error: "  # the wire has no mark for a tool that failed
INVALID_INPUT = "invalid_json"  # the member under which unreadable arguments go back to the model, as text
IN_CALLS = "tool_calls"  # the kind of an `Opaque` that is an entry of them


class MessageWriter:
    """Writes the messages of one request.

    Args:
        config: Of the model asked.
        options: Its way with this body.
    """

    __slots__ = ("_fetches", "_options")

    def __init__(self, config: ModelConfig, options: Options) -> None:
        self._options = options
        self._fetches = config.provider not in ("bedrock", "bedrock-mantle")  # Bedrock reads no web addresses

    def all(self, request: Request) -> list[Json]:
        """The system text and the messages.

        Raises:
            InvalidRequestError: One cannot be written so; names it and what is allowed.
        """
        made: list[Json] = []
        system = request.get("system")
        if system:
            made += self._turn(
                self._options.system_role, (Text(system),) if isinstance(system, str) else system, "system"
            )
        for index, message in enumerate(request.messages):
            made += self._message(message, f"messages[{index}]")
        return made

    def _message(self, message: Message, where: str) -> list[Json]:
        parts = message.parts
        if len(parts) == 1 and parts[0].__class__ is Text and message.role != "system":
            return [{"role": message.role, "content": parts[0].text}]
        if message.role == "assistant":
            return [self._assistant(parts, where)]
        if message.role == "system":
            return self._turn(self._options.system_role, parts, where)
        return self._user(parts, where)

    def _user(self, parts: Iterable[Part], where: str) -> list[Json]:
        made: list[Json] = []
        rest: list[Part] = []
        for index, part in enumerate(parts):
            if isinstance(part, ToolResult):
                made += self._turn("user", rest, where) if rest else []
                rest = []
                made.append(self._result(part, f"{where}.parts[{index}]"))
            else:
                rest.append(part)
        return made + self._turn("user", rest, where) if rest or not made else made

    def _turn(self, role: str, parts: Iterable[Part], where: str) -> list[Json]:
        content, members = self._content(parts, where)
        return [{"role": role, "content": _joined(content), **members}]

    def _content(self, parts: Iterable[Part], where: str) -> tuple[list[Json], dict[str, Json]]:
        """The entries of a content, and members that stand beside it."""
        content: list[Json] = []
        members: dict[str, Json] = {}
        for index, part in enumerate(parts):
            if part.__class__ is Text:
                content.append({"type": "text", "text": part.text})
            elif isinstance(part, Opaque):
                if part.provider == NAME and part.kind == IN_MESSAGE:
                    members.update(part.data)
                elif part.provider == NAME:
                    content.append(part.data)
            elif not isinstance(part, CachePoint):
                content.append(media_part(part, f"{where}.parts[{index}]", fetches=self._fetches))
        return content, members

    def _assistant(self, parts: Iterable[Part], where: str) -> dict[str, Json]:
        said, calls, thought = list[Part](), list[Json](), list[str]()
        for part in parts:
            if isinstance(part, ToolCall):
                calls.append(self._call(part))
            elif isinstance(part, Thinking):
                thought.append(part.text)
            elif isinstance(part, Opaque) and part.kind == IN_CALLS:
                calls += [part.data] if part.provider == NAME else []
            else:
                said.append(part)
        content, members = self._content(said, where)
        made: dict[str, Json] = {"role": "assistant"}
        history, words = self._options.reasoning_history, "".join(thought)
        if history == DETAILS:  # which hold the words too
            history, words = REASONING_FIELDS[0], "" if DETAILS in members else words
        if history == "thinking" and words:
            content.insert(0, {"type": "thinking", "thinking": [{"type": "text", "text": words}]})
        made["content"] = None if calls and not content else _joined(content)
        if history not in (None, "thinking") and words:
            made[str(history)] = words
        if calls:
            made["tool_calls"] = calls
        return {**made, **members}

    def _call(self, part: ToolCall) -> dict[str, Json]:
        arguments: Any = part.arguments
        if arguments is None:
            arguments = {INVALID_INPUT: part.raw_arguments or ""}
        function = {"name": replayed_name(part.name), "arguments": to_json(arguments)}
        return {"id": self._id(part.id), "type": "function", "function": function}

    def _result(self, part: ToolResult, where: str) -> dict[str, Json]:
        parts = (Text(part.content),) if isinstance(part.content, str) else part.content
        if part.is_error:
            first = parts[0] if parts else None
            parts = (
                (Text(ERROR_PREFIX + first.text), *parts[1:])
                if isinstance(first, Text)
                else (Text(ERROR_PREFIX.strip()), *parts)
            )
        content, members = self._content(parts, where)
        made = {"role": "tool", "tool_call_id": self._id(part.tool_call_id), "content": _joined(content)}
        return {**made, **members}

    def _id(self, tool_call_id: str) -> str:
        """The id of a call in the server's form; the same id always gives the same."""
        length = self._options.tool_call_id_length
        if length is None:
            return replayed_id(tool_call_id)
        if len(tool_call_id) == length and tool_call_id.isascii() and tool_call_id.isalnum():
            return tool_call_id
        import hashlib  # rarely needed, and not cheap to import

        return hashlib.sha256(tool_call_id.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def _joined(content: list[Json]) -> Json:
    """A content: the text alone where there is nothing else."""
    if not content:
        return ""
    first = content[0]
    return first["text"] if len(content) == 1 and first.keys() == {"type", "text"} else content
