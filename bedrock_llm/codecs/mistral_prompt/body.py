"""Mistral's text body.

Here: the prompt, the knobs, and what one object of an answer says. Not here: chat bodies of newer models. Called by:
factory.

The template: `<s>[INST] {user} [/INST] {assistant}</s>[INST] {user} [/INST]`. It has no place for a system text; one
for a model that takes any stands at the head of the first user's turn, as Mistral's guide has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from bedrock_llm.codecs.mistral_prompt.schema import MARKS, MEMBERS, NAME, STOP_REASONS
from bedrock_llm.codecs.shared.completions import Said, TextReader, first_of, only_known, text_in
from bedrock_llm.codecs.shared.prompts import PromptBody, Turn, harmless, knobs_of, turns_of
from bedrock_llm.codecs.shared.reading import Json, object_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request

__all__ = ["MistralPromptBody"]


class MistralPromptBody(PromptBody):
    """`{"prompt", "max_tokens", "stop", "temperature", "top_p", "top_k"}`, answered by `{"outputs"}`."""

    name: ClassVar[str] = NAME
    api: ClassVar[str] = "Mistral's text body"
    members: ClassVar = MEMBERS
    facts: ClassVar = {"top_k": "top_k"}

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object.

        Raises:
            InvalidRequestError: A message holds what is no text.
        """
        del config, stream
        return {"prompt": _prompt(*turns_of(request)), **knobs_of(request, MEMBERS)}

    def reader(self, config: ModelConfig) -> TextReader:
        """What reads a streamed answer; its objects have the form of a whole one."""
        del config
        return TextReader(NAME, _said, STOP_REASONS, "stop_reason")


def _prompt(system: str, turns: Iterable[Turn]) -> str:
    pieces = ["<s>"]
    head = f"{system}\n\n" if system else ""
    opened = False  # whether an answer stands before, which the end token closes
    for role, text in turns:
        clean = harmless(head + text if role != "assistant" else text.lstrip(" "), MARKS)
        if role == "assistant":
            pieces.append(f" {clean}")
            opened = True
            continue
        pieces.append(f"{'</s>' if opened else ''}[INST] {clean} [/INST]")
        head, opened = "", False
    return "".join(pieces)


def _said(data: Json) -> Said:
    answer = object_of(data, "the answer")
    output, warning = first_of(answer, "outputs")
    rest = only_known(answer, "outputs") | ({"outputs": answer["outputs"]} if warning else {})
    return Said(text_in(output, "text"), output.get("stop_reason"), rest=rest, warning=warning)
