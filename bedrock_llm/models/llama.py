"""Llama: what its rules are beyond data.

Here: `LlamaImplementation`. Not here: facts (catalog/), how it is written to (codecs/). Called by: factory.
Follows: Meta's prompt format of Llama 3.2 with vision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bedrock_llm.errors import UnsupportedFeatureError
from bedrock_llm.messages import Image, Message, Part, ToolCall, ToolResult
from bedrock_llm.models.remote import RemoteModel
from bedrock_llm.request import Request
from bedrock_llm.response import ResponseWarning

__all__ = ["LlamaImplementation"]


class LlamaImplementation(RemoteModel):
    """A Llama model behind an API.

    Llama 3.2 with vision sees pictures and calls tools, but not both in one conversation, and was trained on one
    picture at a time: two facts that only hold together with what a request holds. A Llama that sees and has a
    template of the third generation is such a model; Llama 4 has neither limit.
    """

    def prepare(self, request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as this wire and model take it, and what was left out or repaired.

        Raises:
            UnsupportedFeatureError: Pictures come together with tools, which this model does not take.
        """
        warnings: tuple[ResponseWarning, ...] = ()
        if self._is_vision_3 and (pictures := _pictures(request.messages)):
            self._refuse_tools(request)
            if pictures > 1:
                text = f"the messages hold {pictures} pictures; {self.config.model} was trained on one at a time"
                warnings = (ResponseWarning("other", text, "messages"),)
        prepared, more = super().prepare(request)
        return prepared, (*warnings, *more)

    @property
    def _is_vision_3(self) -> bool:
        native = self.config.feature("native")
        template = native.get("template") if isinstance(native, Mapping) else None
        return self.config.feature("images") is True and str(template).startswith("llama-3")

    def _refuse_tools(self, request: Request) -> None:
        offered = request.get("tools") and request.get("tool_choice") != "none"
        if offered or any(isinstance(part, ToolCall) for message in request.messages for part in message.parts):
            text = f"{self.config.model} takes pictures or tools, not both in one conversation"
            raise UnsupportedFeatureError(text, parameter="tools" if offered else "messages", allowed="one of the two")


def _pictures(messages: Iterable[Message]) -> int:
    return sum(_counted(message.parts) for message in messages)


def _counted(parts: Iterable[Any]) -> int:
    """Pictures among the parts and in tool results."""
    inner: Iterable[Part] = ()
    total = 0
    for part in parts:
        inner = part.content if isinstance(part, ToolResult) and not isinstance(part.content, str) else ()
        total += isinstance(part, Image) + sum(isinstance(entry, Image) for entry in inner)
    return total
