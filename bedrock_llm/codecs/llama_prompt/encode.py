"""A request as a Llama prompt.

Here: the templates, filled. Not here: their tokens (schema.py), tools as text (tools.py), the other members (body.py).
Called by: body.py.

Rule 1: turns stand side by side with nothing between; two newlines follow a header. Every model was trained so.
Rule 2: the prompt ends with the assistant's header, or with the beginning of its answer where the last turn is its own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from bedrock_llm import media
from bedrock_llm.codecs.llama_prompt.schema import (
    BEGIN,
    IMAGE,
    LLAMA_2_MARKS,
    MARKS,
    NAME,
    Template,
)
from bedrock_llm.codecs.llama_prompt.tools import calls_text, tools_text
from bedrock_llm.codecs.shared.prompts import harmless, system_text, text_of, turns_of
from bedrock_llm.errors import InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Image, Message, Opaque, Part, Text, ToolCall, ToolResult
from bedrock_llm.request import Request

__all__ = ["Prompt", "llama_2_prompt"]

_ERROR_PREFIX = "Error: "


def llama_2_prompt(request: Request) -> str:
    """The prompt of a Llama 2.

    Raises:
        InvalidRequestError: A message holds what is no text.
    """
    system, turns = turns_of(request)
    head = f"<<SYS>>\n{harmless(system, LLAMA_2_MARKS)}\n<</SYS>>\n\n" if system else ""
    pieces: list[str] = []
    for number, (role, text) in enumerate(turns):
        if role == "assistant":
            # The template has the blank before an answer; most answers come with one of their own.
            closed = " </s>" if number + 1 < len(turns) else ""
            pieces.append(f" {harmless(text.lstrip(' '), LLAMA_2_MARKS)}{closed}")
        else:
            pieces.append(f"<s>[INST] {head}{harmless(text, LLAMA_2_MARKS)} [/INST]")
            head = ""
    return "".join(pieces)


class Prompt:
    """The prompt of a Llama with headers, and the pictures it refers to.

    Args:
        template: Its tokens.
        tool_format: "json", "pythonic", or None where the model is told of no tools.

    Attributes:
        images: The pictures in base64, in their order.
    """

    def __init__(self, template: Template, tool_format: str | None) -> None:
        self._template = template
        self._form = tool_format
        self.images: list[str] = []

    def text(self, request: Request) -> str:
        """The whole prompt of a prepared request.

        Raises:
            InvalidRequestError: A message holds what the prompt has no words for.
        """
        system, leading = system_text(request)
        tools = tools_text(request.get("tools") or (), self._form) if self._form else ""
        head = "\n\n".join(text for text in (system, tools) if text)
        pieces = [BEGIN] + ([self._turn("system", harmless(head, MARKS))] if head else [])
        last = len(request.messages) - 1
        for index, message in enumerate(request.messages[leading:], leading):
            pieces += self._message(message, f"messages[{index}]", last=index == last)
        if request.messages[-1].role != "assistant":
            pieces.append(self._open("assistant"))
        return "".join(pieces)

    def _turn(self, role: str, text: str) -> str:
        return f"{self._open(role)}{text}{self._template.end}"

    def _open(self, role: str) -> str:
        before, behind = self._template.header
        return f"{before}{role}{behind}"

    def _message(self, message: Message, where: str, *, last: bool) -> list[str]:
        if message.role == "assistant":
            text = self._assistant(message.parts, where)
            return [self._open("assistant") + text] if last else [self._turn("assistant", text)]
        if message.role == "system":
            return [self._turn("system", harmless(text_of(message.parts, where), MARKS))]
        return self._user(message.parts, where)

    def _assistant(self, parts: tuple[Part, ...], where: str) -> str:
        calls = [part for part in parts if isinstance(part, ToolCall)]
        said = text_of((part for part in parts if not isinstance(part, ToolCall)), where)
        if not calls:
            return harmless(said, MARKS)
        tag = self._template.call if self._form == "pythonic" else ""
        before = f"{harmless(said, MARKS)}\n" if said else ""
        return f"{before}{tag}{harmless(calls_text(calls, self._form), MARKS)}"

    def _user(self, parts: tuple[Part, ...], where: str) -> list[str]:
        """The results of tools, each in a turn of its own, and then what the user says."""
        results = [part for part in parts if isinstance(part, ToolResult)]
        turns = [self._turn("ipython", harmless(_result_text(part, where), MARKS)) for part in results]
        images = [part for part in parts if isinstance(part, Image)]
        said = [part for part in parts if not isinstance(part, (ToolResult, Image))]
        if said or images or not results:
            self.images += [_base64(image, where) for image in images]
            turns.append(self._turn("user", IMAGE * len(images) + harmless(text_of(said, where), MARKS)))
        return turns


def _result_text(result: ToolResult, where: str) -> str:
    content = result.content if isinstance(result.content, str) else _joined(result.content, where)
    return _ERROR_PREFIX + content if result.is_error else content


def _joined(parts: Iterable[Any], where: str) -> str:
    """Texts, and blocks of this wire as JSON, joined with nothing between."""
    parts = [
        Text(json.dumps(part.data, ensure_ascii=False)) if isinstance(part, Opaque) and part.provider == NAME else part
        for part in parts
    ]
    return text_of(parts, where)


def _base64(image: Image, where: str) -> str:
    try:
        found = media.content(image)
    except InvalidRequestError as error:
        text = f"{where}: {error.message}"
        raise InvalidRequestError(text, parameter=where, value=error.value, allowed=error.allowed) from error
    if found.data is None:
        text = f"{where} holds the address of an image; Llama's own body takes bytes: download it and pass them"
        raise UnsupportedFeatureError(text, parameter=where, allowed="bytes, a Path or a data URL")
    return base64.b64encode(found.data).decode("ascii")
