"""The seam for changing requests: a model around a model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError
from bedrock_llm.events import Event
from bedrock_llm.models.base import BaseModelImplementation, EventStream
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning, TokenCount

if TYPE_CHECKING:
    from bedrock_llm.tokens.counter import TokenCounter

__all__ = ["WrapperImplementation"]


class WrapperImplementation(BaseModelImplementation):
    """Delegates everything to `wrapped`; override what you want to change.

    Change a request in `prepare` (parameters, messages) or in `answer` and `answer_stream`.

    Args:
        wrapped: The model inside.
    """

    def __init__(self, wrapped: BaseModelImplementation) -> None:
        self.wrapped = wrapped

    @property
    def config(self) -> ModelConfig:  # type: ignore[override]  # a plain attribute in the base
        """The facts of the model inside."""
        return self.wrapped.config

    @property
    def counter(self) -> TokenCounter:
        """The counter of the model inside."""
        return self.wrapped.counter

    async def generate_text(self, messages: Any, **parameters: Any) -> Response[Any]:
        """As the model inside."""
        return await self.wrapped.generate_text(messages, **parameters)

    def count_tokens(self, text: str) -> int:
        """As the model inside."""
        return self.wrapped.count_tokens(text)

    def validate_parameters(self, **parameters: Any) -> None:
        """As the model inside."""
        self.wrapped.validate_parameters(**parameters)

    def validate_request(self, request: Request) -> None:
        """As the model inside, unless `validate_parameters` is overridden."""
        if type(self).validate_parameters is WrapperImplementation.validate_parameters:
            self.wrapped.validate_request(request)
        else:
            self.validate_parameters(**request.parameters)

    def prepare(self, request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """As the model inside."""
        return self.wrapped.prepare(request)

    async def answer(self, request: Request) -> Response[Any]:
        """As the model inside."""
        return await self.wrapped.answer(request)

    def answer_stream(self, request: Request) -> AsyncIterator[Event] | EventStream:
        """As the model inside."""
        return self.wrapped.answer_stream(request)

    async def count_request(self, request: Request) -> TokenCount:
        """As the model inside."""
        return await self.wrapped.count_request(request)

    async def count_at_provider(self, request: Request) -> TokenCount:
        """As the model inside."""
        return await self.wrapped.count_at_provider(request)

    def price_class(self, request: Request, response: Response[Any]) -> str | None:
        """As the model inside."""
        return self.wrapped.price_class(request, response)

    async def recover(self, error: LLMError) -> bool:
        """As the model inside."""
        return await self.wrapped.recover(error)

    async def aclose(self) -> None:
        """Close the model inside."""
        await self.wrapped.aclose()
