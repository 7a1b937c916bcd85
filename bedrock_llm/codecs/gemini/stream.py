"""A streamed answer of generateContent, read chunk by chunk.

Here: chunks to events: what ends the answer, what is told beside its parts. Not here: the parts (assembly.py), the
lines of the stream (whoever carries it). Called by: body.py.
Follows: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent.

Rule 1: each chunk is an answer of its own shape, with the parts that are new.
Rule 2: the answer is whole once a chunk has said why it ended (or why the prompt was blocked), and complete at the end
        of the body: more may stand behind the reason.
Rule 3: counts are sums so far: the last that counts anything holds.
Rule 4: what is told beside the parts waits for the first of them, so that an error that comes before any content still
        finds an answer of which nothing was given out.
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.gemini.assembly import Assembly
from bedrock_llm.codecs.gemini.decode import (
    blocked_for,
    candidates_of,
    ending_of,
    parts_of,
    read_citations,
    read_usage,
    refuse_errors,
    word_of,
)
from bedrock_llm.codecs.gemini.schema import FURTHER_CANDIDATES, NAME
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event, OpaqueEvent, UsageReported

__all__ = ["GeminiReader"]

DONE = "[DONE]"  # some proxies end every stream so
_NOT_KEPT = frozenset({"candidates", "usageMetadata"})  # read; the counts are told at the end
_OF_CANDIDATE = frozenset({"content", "finishReason", "index"})


class GeminiReader(EventReader):
    """Reads the chunks of one answer.

    Args:
        family: Stands on its reasoning and its signatures.
    """

    def __init__(self, family: str) -> None:
        super().__init__()
        self._assembly = Assembly(family)
        self._word: str | None = None
        self._blocked: str | None = None
        self._candidate: dict[str, Json] = {}
        self._counts: Json = None
        self._said: dict[str, Json] = {}
        self._held: list[Event] | None = []

    @property
    def answered(self) -> bool:
        """Whether the answer has said why it ended; more may follow until the end of the body."""
        return self._word is not None or self._blocked is not None

    def take(self, payload: Json, events: list[Event]) -> None:
        """Read one chunk.

        Raises:
            ProtocolError: It is none.
            ProviderError: The provider reported an error inside the stream.
        """
        if payload == DONE:
            return
        if payload.__class__ is not dict:
            refuse_errors(payload)
            raise ProtocolError("a chunk of the answer is no JSON object", excerpt=repr(payload))
        if "error" in payload:
            refuse_errors(payload)
        told: list[Event] = []
        self._keep(payload, told)
        main, others = candidates_of(payload)
        if main and not _OF_CANDIDATE.issuperset(main):
            self._keep_of_candidate(main, told)
        if others:
            self._keep_others(others, told)
        self._count(payload.get("usageMetadata"), told)
        said: list[Event] = []
        for part in parts_of(main):
            self._assembly.take(part, said)
        self._hand_out(told, said, events)
        self._word = word_of(main) or self._word
        if not main and self._word is None:
            self._blocked = blocked_for(payload) or self._blocked

    def end(self, events: list[Event]) -> None:
        """The last events, at the end of the body.

        Raises:
            StreamInterruptedError: The answer had not said why it ended.
        """
        if self.answered and not super().answered:
            said: list[Event] = []
            self._assembly.finish(read_citations(self._candidate), said)
            told: list[Event] = [] if self._counts is None else [_response({"usageMetadata": self._counts})]
            self._hand_out([], [*said, *told], events)
            self.usage = read_usage(self._counts, self._candidate)
            blocked = self._blocked if self._word is None else None
            has_calls = self._assembly.calls > 0
            ending = ending_of(blocked or self._word, self._candidate, has_calls=has_calls, blocked=blocked is not None)
            self.warnings = [*ending.warnings, *self.warnings]
            self.stop(ending.reason, ending.word)
            self._release(events)
        super().end(events)

    def _hand_out(self, told: list[Event], said: list[Event], events: list[Event]) -> None:
        """Events of a chunk: what is told beside the parts waits until something was said."""
        if self._held is None:
            events += told
        else:
            self._held += told
            if said:
                self._release(events)
        events += said

    def _release(self, events: list[Event]) -> None:
        events += self._held or ()
        self._held = None

    def _keep(self, payload: Mapping[str, Json], told: list[Event]) -> None:
        """Members that are new or have changed go to `Response.raw`."""
        fresh = {
            name: value
            for name, value in payload.items()
            if name not in _NOT_KEPT and (name not in self._said or self._said[name] != value)
        }
        if not fresh:
            return
        self._said.update(fresh)
        response_id = fresh.get("responseId")
        if response_id.__class__ is str and self._assembly.response_id is None:
            self._assembly.response_id = response_id
        told.append(_response(fresh))

    def _keep_of_candidate(self, candidate: Mapping[str, Json], told: list[Event]) -> None:
        """Members of the candidate beside its content; what says nothing, or what was said before, is passed over."""
        rest = {
            name: value
            for name, value in candidate.items()
            if name not in _OF_CANDIDATE and value not in (None, {}, []) and self._candidate.get(name) != value
        }
        for name, value in rest.items():
            before = self._candidate.get(name)
            both = before.__class__ is dict and value.__class__ is dict
            self._candidate[name] = {**before, **value} if both else value  # type: ignore[dict-item]  # both are dicts
        if rest:
            told.append(OpaqueEvent(NAME, "candidate", rest))

    def _keep_others(self, others: list[dict[str, Json]], told: list[Event]) -> None:
        told += [OpaqueEvent(NAME, "candidate", candidate) for candidate in others]
        if FURTHER_CANDIDATES not in self.warnings:
            self.warnings.append(FURTHER_CANDIDATES)

    def _count(self, counts: Json, told: list[Event]) -> None:
        if counts is None or counts == self._counts:
            return
        usage = read_usage(counts, self._candidate)
        if usage is not None or self._counts is None:
            self._counts = counts
        if usage is not None:
            self.usage = usage
            told.append(UsageReported(usage))


def _response(members: dict[str, Json]) -> OpaqueEvent:
    return OpaqueEvent(NAME, "response", members)
