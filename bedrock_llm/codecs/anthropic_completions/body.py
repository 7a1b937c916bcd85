"""The body of Claude's text completions.

Here: the prompt, the knobs, and what one object of an answer says. Not here: Messages, which all newer models take and
these too (anthropic_messages/). Called by: factory.

The template: `{system}⏎⏎Human: {user}⏎⏎Assistant: {assistant}⏎⏎Human: {user}⏎⏎Assistant:`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from bedrock_llm.codecs.anthropic_completions.schema import ASSISTANT, HUMAN, MARKS, MEMBERS, NAME, STOP_REASONS
from bedrock_llm.codecs.shared.completions import Said, TextReader, only_known, text_in
from bedrock_llm.codecs.shared.openai_errors import error_of
from bedrock_llm.codecs.shared.prompts import PromptBody, Turn, harmless, knobs_of, turns_of
from bedrock_llm.codecs.shared.reading import Json, object_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError
from bedrock_llm.request import Request

__all__ = ["CompletionsBody"]

UNKNOWN_MAX_TOKENS = 4096  # the wire wants a number; all these models can answer as long


class CompletionsBody(PromptBody):
    """`{"prompt", "max_tokens_to_sample", ...}`, answered by `{"completion", "stop_reason", "stop"}`."""

    name: ClassVar[str] = NAME
    api: ClassVar[str] = "Claude's text completions"
    members: ClassVar = MEMBERS
    facts: ClassVar = {"top_k": "top_k", "leading_assistant": False}

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object.

        Raises:
            InvalidRequestError: A message holds what is no text.
        """
        del stream
        most = {MEMBERS["max_tokens"]: config.max_output_tokens or UNKNOWN_MAX_TOKENS}
        return {"prompt": _prompt(*turns_of(request)), **most, **knobs_of(request, MEMBERS)}

    def reader(self, config: ModelConfig) -> TextReader:
        """What reads a streamed answer; its objects have the form of a whole one."""
        del config
        return TextReader(NAME, _said, STOP_REASONS, "stop_reason")


def _prompt(system: str, turns: Iterable[Turn]) -> str:
    pieces = [harmless(system, MARKS)]
    answering = False
    for role, text in turns:
        answering = role == "assistant"
        # A completion begins with the blank that stands behind its label.
        pieces.append(f"{ASSISTANT if answering else HUMAN} {harmless(text.lstrip(' ') if answering else text, MARKS)}")
    return "".join(pieces if answering else [*pieces, ASSISTANT])


def _said(data: Json) -> Said:
    answer = object_of(data, "the answer")
    if answer.get("type") == "error":
        raise error_of(answer)  # Anthropic's words for errors are among OpenAI's
    if "completion" not in answer and answer.get("type") != "ping":
        raise ProtocolError("the answer holds no completion", excerpt=repr(answer))
    rest = only_known(answer, "completion", "stop_reason")
    kept = {name: value for name, value in rest.items() if value is not None}
    ended = answer.get("stop_reason") is not None
    return Said(text_in(answer, "completion"), answer.get("stop_reason"), rest=kept if ended else {})
