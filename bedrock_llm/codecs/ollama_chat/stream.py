"""A streamed answer of Ollama's chat: one line at a time.

Here: the lines by what they hold. Not here: the parts that grow (assembly.py), the bytes that carry lines. Called by:
body.py.
Follows: Ollama's API, api.ChatResponse.

Rule 1: the line with `done` ends the answer and counts it.
Rule 2: a line with `error` is an error, whatever else it holds.
Rule 3: what the last line says of the answer goes to `Response.raw`; what others say beside the message is handed on.
"""

from __future__ import annotations

from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.ollama_chat.assembly import Assembly
from bedrock_llm.codecs.ollama_chat.decode import ended, read_usage
from bedrock_llm.codecs.ollama_chat.errors import error_of
from bedrock_llm.codecs.ollama_chat.schema import NAME
from bedrock_llm.codecs.shared.reading import Json, object_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event, OpaqueEvent

__all__ = ["OllamaReader"]

_MOSTLY = frozenset({"model", "created_at", "message", "done"})


class OllamaReader(EventReader):
    """Reads the lines of one answer.

    Args:
        config: Of the model asked.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self._assembly = Assembly(config.family)

    def take(self, payload: Json, events: list[Event]) -> None:
        """Read one line.

        Raises:
            ProtocolError: It is none, or comes after the end.
            ProviderError: The provider reported an error inside the stream.
        """
        fields = object_of(payload, "a line of the stream")
        if fields.get("error"):
            raise error_of(fields)
        if self.answered:
            raise ProtocolError("a line came after the end of the answer", excerpt=repr(payload))
        message, done = fields.get("message"), fields.get("done") is True
        if message is None and not done:
            raise ProtocolError("a line of the stream holds no message", excerpt=repr(payload))
        self._assembly.take(message or {}, events)
        if done:
            self._end(fields, events)
        elif not _MOSTLY.issuperset(fields):
            rest = {name: value for name, value in fields.items() if name not in _MOSTLY}
            events.append(OpaqueEvent(NAME, "line", rest))

    def _end(self, fields: dict[str, Json], events: list[Event]) -> None:
        self._assembly.finish(events)
        word = fields.get("done_reason")
        reason, warning = ended(word, has_calls=self._assembly.calls > 0)
        self.usage = read_usage(fields)
        events.append(OpaqueEvent(NAME, "response", {name: fields[name] for name in fields if name != "message"}))
        self.stop(reason, word or None, warning)
