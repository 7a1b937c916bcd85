"""Llama's own body.

Here: its members, the knobs, and what one object of an answer says. Not here: the prompt (encode.py), calls in an
answer (stream.py). Called by: factory.

The model's feature `native` says which template it was trained with and how it writes calls:
`{"body": "llama_prompt", "template": "llama-2" | "llama-3" | "llama-3.1" | "llama-4", "tools": "json" | "pythonic" |
null}`. Only 3.1 and later, and 4, were trained on tools. Pictures stand beside the prompt where `images` is true.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bedrock_llm.codecs.llama_prompt.encode import Prompt, llama_2_prompt
from bedrock_llm.codecs.llama_prompt.schema import (
    ANSWER_MEMBERS,
    LLAMA_2,
    MEMBERS,
    NAME,
    STOP_REASONS,
    TEMPLATES,
    TOOL_FORMATS,
    WITHOUT_TOOLS,
)
from bedrock_llm.codecs.llama_prompt.stream import CallsOrText
from bedrock_llm.codecs.llama_prompt.tools import check_tools
from bedrock_llm.codecs.shared.completions import Said, TextReader, only_known, text_in
from bedrock_llm.codecs.shared.prompts import PromptBody, knobs_of, option
from bedrock_llm.codecs.shared.reading import Json, count, object_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ConfigurationError, ProtocolError
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["LlamaPromptBody"]


class LlamaPromptBody(PromptBody):
    """`{"prompt", "max_gen_len", "temperature", "top_p", "images"}`, answered by `{"generation"}`."""

    name: ClassVar[str] = NAME
    api: ClassVar[str] = "Llama's own body"
    members: ClassVar = MEMBERS

    def facts_of(self, config: ModelConfig) -> Mapping[str, Any]:
        """Tools where the template has them, pictures where the model sees."""
        form = _tool_format(config)
        return {
            "tools": form is not None,
            "parallel_tool_calls": form == "pythonic",
            "images": config.feature("images") is True and _template(config) != LLAMA_2,
        }

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as the template and the model take it, and what was left out or repaired. Pure.

        Raises:
            UnsupportedFeatureError: The template has no place for what the request is about.
            InvalidRequestError: A tool's name cannot be written in the model's calls.
            ConfigurationError: The template is not known.
        """
        request, warnings = super().prepare(request, config)
        check_tools(request.get("tools") or (), _tool_format(config))
        return request, warnings

    def write(self, request: Request, config: ModelConfig, *, stream: bool) -> dict[str, Json]:
        """A prepared request as an object.

        Raises:
            InvalidRequestError: A message holds what the prompt has no words for.
            ConfigurationError: The template is not known.
        """
        del stream
        template, knobs = _template(config), knobs_of(request, MEMBERS)
        if template == LLAMA_2:
            return {"prompt": llama_2_prompt(request), **knobs}
        prompt = Prompt(TEMPLATES[template], _tool_format(config))
        made: dict[str, Json] = {"prompt": prompt.text(request), **knobs}
        return {**made, "images": prompt.images} if prompt.images else made

    def reader(self, config: ModelConfig) -> TextReader:
        """What reads a streamed answer; its objects have the form of a whole one."""
        shape = CallsOrText() if _tool_format(config) else None
        return TextReader(NAME, _said, STOP_REASONS, "stop_reason", shape)


def _template(config: ModelConfig) -> str:
    template = option(config, "template")
    if template not in (LLAMA_2, *TEMPLATES):
        raise ConfigurationError(
            f"the prompt template of {config.model} is not known ({template!r}): give catalog={{{config.model!r}: "
            f"{{'features': {{'native': {{'body': '{NAME}', 'template': ...}}}}}}}} with one of: "
            + ", ".join((LLAMA_2, *TEMPLATES))
        )
    return str(template)


def _tool_format(config: ModelConfig) -> str | None:
    """How the model writes calls; None where its template has none."""
    form = option(config, "tools")
    if form is not None and form not in TOOL_FORMATS:
        raise ConfigurationError(
            f"{config.model} is said to write tool calls as {form!r}; known are: " + ", ".join(TOOL_FORMATS)
        )
    return None if option(config, "template") in WITHOUT_TOOLS else form


def _said(data: Json) -> Said:
    answer = object_of(data, "the answer")
    if "generation" not in answer:
        raise ProtocolError("the answer holds no generation", excerpt=repr(answer))
    return Said(
        text_in(answer, "generation"),
        answer.get("stop_reason"),
        input_tokens=count(answer.get("prompt_token_count")),
        output_tokens=count(answer.get("generation_token_count")),
        rest=only_known(answer, *ANSWER_MEMBERS),
    )
