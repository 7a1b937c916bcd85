"""Jurassic-2's body.

Here: the prompt, the knobs, and what an answer says. Not here: Jamba. Called by: factory.

The guide has no form for a conversation: a single user's turn is sent as it is, a longer one with a label before each
turn. The model does not stream; a stream of one object would be read all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from bedrock_llm.codecs.ai21_j2.schema import ASSISTANT, MEMBERS, NAME, PENALTIES, STOP_REASONS, USER
from bedrock_llm.codecs.shared.completions import Said, TextReader, first_of, only_known, text_in
from bedrock_llm.codecs.shared.draft import Draft, Step, step
from bedrock_llm.codecs.shared.prompts import PromptBody, knobs_of, labelled
from bedrock_llm.codecs.shared.reading import Json, object_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request

__all__ = ["J2Body"]


class J2Body(PromptBody):
    """`{"prompt", "maxTokens", "temperature", "topP", "stopSequences"}`, answered by `{"prompt", "completions"}`."""

    name: ClassVar[str] = NAME
    api: ClassVar[str] = "Jurassic-2's body"
    members: ClassVar = MEMBERS

    def steps(self) -> tuple[Step, ...]:
        """What is settled of a request, in order."""
        return (step(_drop_penalties, *PENALTIES), *super().steps())

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object.

        Raises:
            InvalidRequestError: A message holds what is no text.
        """
        del config, stream
        return {"prompt": labelled(request, USER, ASSISTANT), **knobs_of(request, MEMBERS)}

    def reader(self, config: ModelConfig) -> TextReader:
        """What reads an answer."""
        del config
        return TextReader(NAME, _said, STOP_REASONS, "finishReason.reason")


def _drop_penalties(draft: Draft, calls: Mapping[str, None]) -> None:
    del calls
    for ours, theirs in PENALTIES.items():
        if draft.get(ours) is not None:
            draft.drop(ours, f"Jurassic-2 has a scale of its own for it; put {theirs} into extra_body")


def _said(data: Json) -> Said:
    answer = object_of(data, "the answer")
    completion, warning = first_of(answer, "completions")
    written = object_of(completion.get("data"), "completions[0].data")
    why = completion.get("finishReason")
    word = why.get("reason") if why.__class__ is dict else why
    rest = only_known(answer, "completions") | ({"completions": answer["completions"]} if warning else {})
    return Said(text_in(written, "text"), word, rest=rest, warning=warning)
