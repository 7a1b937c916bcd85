"""Titan Text's body.

Here: the text, the knobs, and what one object of an answer says. Called by: factory.

A conversation is written in the form that Amazon documents for one, `User: {text}⏎Bot:`; a single user's turn is sent
as it is, as recorded traffic has it throughout.
"""

from __future__ import annotations

from typing import ClassVar

from bedrock_llm.codecs.shared.completions import Said, TextReader, first_of, only_known, text_in
from bedrock_llm.codecs.shared.prompts import PromptBody, knobs_of, labelled
from bedrock_llm.codecs.shared.reading import Json, count, object_of
from bedrock_llm.codecs.titan_text.schema import ASSISTANT, CONFIG, MEMBERS, NAME, STOP_REASONS, USER
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError
from bedrock_llm.request import Request

__all__ = ["TitanTextBody"]


class TitanTextBody(PromptBody):
    """`{"inputText", "textGenerationConfig"}`, answered by `{"inputTextTokenCount", "results"}`."""

    name: ClassVar[str] = NAME
    api: ClassVar[str] = "Titan Text's body"
    members: ClassVar = MEMBERS

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object.

        Raises:
            InvalidRequestError: A message holds what is no text.
        """
        del config, stream
        made: dict[str, Json] = {"inputText": labelled(request, USER, ASSISTANT)}
        knobs = knobs_of(request, MEMBERS)
        return {**made, CONFIG: knobs} if knobs else made

    def reader(self, config: ModelConfig) -> TextReader:
        """What reads a streamed answer. Each object counts all so far, and the service sends few."""
        del config
        return TextReader(NAME, _said, STOP_REASONS, "completionReason", reports=True)


def _said(data: Json) -> Said:
    """A whole answer has its text in `results`, an object of a stream at its top."""
    answer = object_of(data, "the answer")
    if "results" not in answer:
        return _piece(answer)
    result, warning = first_of(answer, "results")
    rest = only_known(answer, "results", "inputTextTokenCount")
    return Said(
        text_in(result, "outputText"),
        result.get("completionReason"),
        input_tokens=count(answer.get("inputTextTokenCount")),
        output_tokens=count(result.get("tokenCount")),
        rest=rest | ({"results": answer["results"]} if warning else {}),
        warning=warning,
    )


def _piece(answer: dict[str, Json]) -> Said:
    if "outputText" not in answer:
        raise ProtocolError("the answer holds neither results nor outputText", excerpt=repr(answer))
    known = ("outputText", "index", "totalOutputTextTokenCount", "completionReason", "inputTextTokenCount")
    return Said(
        text_in(answer, "outputText"),
        answer.get("completionReason"),
        input_tokens=count(answer.get("inputTextTokenCount")),
        output_tokens=count(answer.get("totalOutputTextTokenCount")),
        rest=only_known(answer, *known),
    )
