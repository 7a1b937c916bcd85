"""A streamed chat completions answer: one chunk at a time.

Here: which choice, what ends the answer, where it is counted. Not here: the parts (assembly.py), the bytes that carry
the chunks. Called by: body.py.
Follows: OpenAI's CreateChatCompletionStreamResponse, and what other servers make of it.

Rule 1: the finish reason ends the answer's parts; the count may stand beside it or follow. A count from before is
        used only where none came with or after it, as some servers count all along.
Rule 2: `[DONE]` ends the answer too, also one that never said why; the end of the body alone does so only where the
        server is known to leave both out.
Rule 3: an object with `error` is an error, whatever else it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.openai_chat.assembly import Assembly
from bedrock_llm.codecs.openai_chat.decode import ended, read_usage, usage_in, word_of
from bedrock_llm.codecs.openai_chat.schema import DONE, FURTHER_CHOICES, NAME, options_of
from bedrock_llm.codecs.shared.openai_errors import error_of
from bedrock_llm.codecs.shared.reading import Json, object_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event, OpaqueEvent, UsageReported

__all__ = ["ChatReader"]

_NOT_KEPT = frozenset({"choices", "usage", "obfuscation", "p", "error"})  # read, or padding
_OF_CHOICE = frozenset({"index", "delta", "message", "text", "finish_reason", "usage"})
_MOSTLY = _OF_CHOICE | {"logprobs"}  # which most servers always send, and mostly as null
_NOTHING: Mapping[str, Json] = {}


class ChatReader(EventReader):
    """Reads the chunks of one answer, and the sentinel `[DONE]` where the carrier hands it on.

    Args:
        config: Of the model asked.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        options = options_of(config)
        self._assembly = Assembly(config.family, options)
        self._ends_unmarked = options.ends_unmarked
        self._begun = False
        self._counts: dict[str, Json] | None = None
        self._said: dict[str, Json] = {}
        self._members: Set[str] = frozenset()
        self._rest: dict[str, Json] = {}

    def take(self, payload: Json, events: list[Event]) -> None:
        """Read one chunk.

        Raises:
            ProtocolError: It is none, or comes after the end.
            ProviderError: The provider reported an error inside the stream.
        """
        if payload.__class__ is not dict:
            self._sentinel(payload, events)
            return
        if payload.get("error"):
            self._count_failed(payload, events)
            raise error_of(payload)
        choices = payload.get("choices")
        if choices is not None and choices.__class__ is not list:
            raise ProtocolError("choices of a chunk must be a list", excerpt=repr(payload))
        if payload.keys() != self._members:
            self._members = payload.keys()
            self._keep(payload, events)
        choice: Mapping[str, Json] = self._main(choices, events) if choices else _NOTHING
        if choice:
            self._begun = True
            self._take_choice(choice, payload, events)
        self._count(payload, choice, events)

    def end(self, events: list[Event]) -> None:
        """The last events, at the end of the body.

        Raises:
            StreamInterruptedError: The answer had not said that it was complete.
        """
        if self._ends_unmarked and self._begun and not self.answered:
            self._stop(None, events)
        self._count_at_last()
        super().end(events)

    def _sentinel(self, payload: Json, events: list[Event]) -> None:
        if payload != DONE:
            raise ProtocolError("a chunk of the answer is no JSON object", excerpt=repr(payload))
        if not self.answered:
            self._stop(None, events)
        self._count_at_last()
        self.end(events)

    def _main(self, choices: list[Json], events: list[Event]) -> Mapping[str, Json]:
        """The first choice; the others are handed on as they are."""
        main: Mapping[str, Json] = _NOTHING
        for entry in choices:
            choice = object_of(entry, "a choice of a chunk")
            if choice.get("index") in (None, 0):
                main = choice
            else:
                events.append(OpaqueEvent(NAME, "choice", choice))
                if FURTHER_CHOICES not in self.warnings:
                    self.warnings.append(FURTHER_CHOICES)
        return main

    def _take_choice(self, choice: Mapping[str, Json], payload: Json, events: list[Event]) -> None:
        delta = choice.get("delta")
        if delta.__class__ is not dict:
            delta = _delta_of(choice)
        if self.answered:
            if delta.get("content") or delta.get("tool_calls"):
                raise ProtocolError("more of the answer came after its end", excerpt=repr(payload))
        elif len(delta) == 1 and delta.get("content").__class__ is str:
            self._assembly.say(delta["content"], events)
        elif delta:
            self._assembly.take(delta, events)
        word = word_of(choice)
        if word is not None and not self.answered:
            self._keep(payload, events)
            self._stop(word, events)
        if not _MOSTLY.issuperset(choice) or choice.get("logprobs") is not None:
            self._keep_of_choice(choice, events)

    def _stop(self, word: str | None, events: list[Event]) -> None:
        reason, warning = ended(word, self._assembly)
        self._assembly.finish(reason, events)
        self.stop(reason, word, warning)

    def _count(self, payload: Mapping[str, Json], choice: Mapping[str, Json], events: list[Event]) -> None:
        """The count of this chunk, where there is one."""
        if payload.get("usage") is None and "x_groq" not in payload and "usage" not in choice:
            return
        counts = usage_in(payload, choice)
        if counts is None:
            return
        self._counts = counts
        if self.answered:
            self._keep(payload, events)
            events.append(OpaqueEvent(NAME, "response", {"usage": counts}))  # it may count what has no name here
            self.usage = read_usage(counts)

    def _count_failed(self, payload: Mapping[str, Json], events: list[Event]) -> None:
        """What was used until the answer failed, where it is known: it may be billed."""
        counts = usage_in(payload, _NOTHING) or self._counts
        if counts is not None:
            events.append(UsageReported(read_usage(counts)))

    def _count_at_last(self) -> None:
        if self.usage is None and self._counts is not None:
            self.usage = read_usage(self._counts)

    def _keep(self, payload: Mapping[str, Json], events: list[Event]) -> None:
        """Top-level members that are new or have changed go to `Response.raw`."""
        fresh = {
            name: value
            for name, value in payload.items()
            if name not in _NOT_KEPT and (name not in self._said or self._said[name] != value)
        }
        if fresh:
            self._said.update(fresh)
            events.append(OpaqueEvent(NAME, "response", fresh))

    def _keep_of_choice(self, choice: Mapping[str, Json], events: list[Event]) -> None:
        """Members of the choice beside its delta; what repeats the ones before it is not handed on again."""
        rest = {name: value for name, value in choice.items() if name not in _OF_CHOICE and value is not None}
        if rest and rest != self._rest:
            self._rest = rest
            events.append(OpaqueEvent(NAME, "choice", rest))


def _delta_of(choice: Mapping[str, Json]) -> dict[str, Json]:
    """What a chunk without a delta says: a completion's text, or a message."""
    text, message = choice.get("text"), choice.get("message")
    if choice.get("delta") is not None:
        raise ProtocolError("delta must be an object", excerpt=repr(choice))
    if text.__class__ is str:
        return {"content": text}
    return message if message.__class__ is dict else {}
