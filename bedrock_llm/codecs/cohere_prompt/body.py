"""Command's text body.

Here: the prompt, the knobs, and what one object of an answer says. Not here: Command R. Called by: factory.

The guide has no form for a conversation: a single user's turn is sent as it is, a longer one with Cohere's own words
for the roles before each turn.
"""

from __future__ import annotations

from typing import ClassVar

from bedrock_llm.codecs.cohere_prompt.schema import ASSISTANT, END_OF_STREAM, MEMBERS, NAME, STOP_REASONS, USER
from bedrock_llm.codecs.shared.completions import Said, TextReader, first_of, only_known, text_in
from bedrock_llm.codecs.shared.prompts import PromptBody, knobs_of, labelled
from bedrock_llm.codecs.shared.reading import Json, object_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["CoherePromptBody"]

_PIECE = frozenset({"text", "is_finished", "finish_reason", "index", "event_type"})
_FURTHER = ResponseWarning(
    "other", "the answer has several generations: the first one was taken, raw has the others", "generations"
)


class CoherePromptBody(PromptBody):
    """`{"prompt", "max_tokens", "temperature", "p", "k", "stop_sequences", "stream"}`; answer: `{"generations"}`."""

    name: ClassVar[str] = NAME
    api: ClassVar[str] = "Command's text body"
    members: ClassVar = MEMBERS
    facts: ClassVar = {"top_k": "k"}

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object. Without `stream` the service would stream the answer in one piece.

        Raises:
            InvalidRequestError: A message holds what is no text.
        """
        del config
        made: dict[str, Json] = {"prompt": labelled(request, USER, ASSISTANT), **knobs_of(request, MEMBERS)}
        return {**made, "stream": True} if stream else made

    def reader(self, config: ModelConfig) -> TextReader:
        """What reads a streamed answer; one that was not asked for as such comes whole, in one object."""
        del config
        return TextReader(NAME, _said, STOP_REASONS, "finish_reason")


def _said(data: Json) -> Said:
    answer = object_of(data, "the answer")
    if "generations" in answer:
        generation, warning = first_of(answer, "generations")
        rest = only_known(answer, "generations") | ({"generations": answer["generations"]} if warning else {})
        return Said(text_in(generation, "text"), generation.get("finish_reason"), rest=rest, warning=warning)
    if answer.keys().isdisjoint(_PIECE):
        raise ProtocolError("the answer holds neither generations nor text", excerpt=repr(answer))
    return _piece(answer)


def _piece(answer: dict[str, Json]) -> Said:
    """An object of a stream; those of a further generation have an `index` and go to `raw`."""
    if answer.get("index"):
        return Said(rest=answer, aside=True, warning=_FURTHER)
    text = text_in(answer, "text")
    sentinel = text == END_OF_STREAM
    ended = sentinel or answer.get("is_finished") is True
    rest = only_known(answer, *_PIECE)
    return Said("" if sentinel else text, answer.get("finish_reason"), ended, rest=rest)
