"""DeepSeek's text body.

Here: the prompt, the knobs, and what one object of an answer says. Not here: what is reasoning in it (thinking.py).
Called by: factory.

The prompt ends with `<think>`, so the answer begins inside the reasoning. An endpoint that only completes texts says
`"thinks": false` in its feature `native`: then the prompt ends with the assistant's token, and an answer is text unless
it begins with `<think>` itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from bedrock_llm.codecs.deepseek_prompt.schema import (
    ASSISTANT,
    BEGIN,
    END,
    MARKS,
    MEMBERS,
    NAME,
    OPEN,
    STOP_REASONS,
    USER,
)
from bedrock_llm.codecs.deepseek_prompt.thinking import ThoughtThenText
from bedrock_llm.codecs.shared.completions import Said, TextReader, first_of, only_known, text_in
from bedrock_llm.codecs.shared.prompts import PromptBody, Turn, harmless, knobs_of, option, turns_of
from bedrock_llm.codecs.shared.reading import Json, count, object_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request

__all__ = ["DeepSeekPromptBody"]


class DeepSeekPromptBody(PromptBody):
    """`{"prompt", "max_tokens", "temperature", "top_p", "stop"}`, answered by `{"choices"}`."""

    name: ClassVar[str] = NAME
    api: ClassVar[str] = "DeepSeek's text body"
    members: ClassVar = MEMBERS
    facts: ClassVar = {"prefill": False}  # the prompt ends with the reasoning opened
    reasons: ClassVar[bool] = True

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object.

        Raises:
            InvalidRequestError: A message holds what is no text.
        """
        del stream
        prompt = _prompt(*turns_of(request)) + (f"{OPEN}\n" if _thinks(config) else "")
        return {"prompt": prompt, **knobs_of(request, MEMBERS)}

    def reader(self, config: ModelConfig) -> TextReader:
        """What reads a streamed answer; its objects have the form of a whole one."""
        shape = ThoughtThenText(config.family, thinks=_thinks(config))
        return TextReader(NAME, _said, STOP_REASONS, "stop_reason", shape)


def _thinks(config: ModelConfig) -> bool:
    return option(config, "thinks") is not False


def _prompt(system: str, turns: Iterable[Turn]) -> str:
    pieces = [BEGIN, harmless(system, MARKS)]
    for role, text in turns:
        if role == "assistant":
            pieces.append(f"{ASSISTANT}{harmless(text, MARKS)}{END}")
        else:
            pieces.append(f"{USER}{harmless(text, MARKS)}")
    return "".join([*pieces, ASSISTANT])


def _said(data: Json) -> Said:
    answer = object_of(data, "the answer")
    choice, warning = first_of(answer, "choices")
    counts = answer.get("usage")
    counts = counts if counts.__class__ is dict else {}
    word = choice.get("stop_reason")
    return Said(
        text_in(choice, "text"),
        choice.get("finish_reason") if word is None else word,
        input_tokens=count(counts.get("prompt_tokens")),
        output_tokens=count(counts.get("completion_tokens")),
        rest=only_known(answer, "choices") | ({"choices": answer["choices"]} if warning else {}),
        warning=warning,
    )
