"""Which model is asked, and in which order.

Here: `ModelStrategy` with the one loop, and `FallbackStrategy`. Not here: what asking means (flow.py). Called by: flow.

The choice is a pure function of the request and the strategy's own state; whatever else it needs is passed in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from bedrock_llm.errors import (
    ConfigurationError,
    ContextTooLongError,
    ContextWindowExceededError,
    InvalidRequestError,
    LLMError,
    RejectedRequestError,
    UnsupportedFeatureError,
)
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.request import Request
from bedrock_llm.response import Response

__all__ = ["Asked", "FallbackStrategy", "ModelStrategy"]

Outcome = TypeVar("Outcome")


class Asked(NamedTuple):
    """How the asking of one model ended.

    Attributes:
        model: The model.
        latency_s: Seconds, retries included; for a stream until its first event.
        error: Why it has no answer, or None.
    """

    model: BaseModelImplementation
    latency_s: float
    error: LLMError | None


class ModelStrategy:
    """Asks one model. Subclass it to choose among several.

    Args:
        model: The model, or its name; a name is made into a model by the client that the strategy is given to.
    """

    def __init__(self, model: BaseModelImplementation | str) -> None:
        self._models: tuple[BaseModelImplementation | str, ...] = (_checked(model),)

    @property
    def models(self) -> tuple[BaseModelImplementation, ...]:
        """The models, in the order given.

        Raises:
            ConfigurationError: They are names still; a client makes models of them.
        """
        if not self._bound:
            raise ConfigurationError("the strategy holds names of models: give it to an LLMClient, or give it models")
        return self._models  # type: ignore[return-value]  # no strings, as just checked

    def bind(self, create: Callable[[str], BaseModelImplementation]) -> None:
        """Make models of names; called once, by the client.

        Raises:
            ConfigurationError: The names belong to another client already, with that client's keys and addresses.
        """
        if self._made_here and self._bound:
            raise ConfigurationError(
                "a strategy that was given names belongs to the client it was first given to: make another, or "
                "give it models"
            )
        self._made_here = not self._bound
        self._models = tuple(create(model) if isinstance(model, str) else model for model in self._models)

    _made_here = False  # whether `bind` made the models

    @property
    def _bound(self) -> bool:
        return str not in {model.__class__ for model in self._models}

    def candidates(self, request: Request) -> Sequence[BaseModelImplementation]:
        """The models to try for a request, best first."""
        return self.models

    def should_try_next(self, error: LLMError) -> bool:
        """Whether the next candidate may succeed where this one failed."""
        return False

    @property
    def learns(self) -> bool:
        """Whether `observe` is overridden; it is not called otherwise."""
        return type(self).observe is not ModelStrategy.observe

    def observe(self, outcome: Asked) -> None:
        """Told how each asking of a model ended, retries included, for strategies that learn."""

    async def run(self, request: Request, call: Callable[[BaseModelImplementation], Awaitable[Outcome]]) -> Outcome:
        """The one loop: try the candidates in order.

        Args:
            request: What is asked.
            call: Asks one model with all the client's services; gives a `Response`, or an opened stream.

        Raises:
            LLMError: The last candidate's, or one that no other model would mend.
        """
        candidates = self.candidates(request)
        if not candidates:
            raise ConfigurationError(f"{type(self).__name__}.candidates gave no model")
        for model in candidates[:-1]:
            try:
                return await call(model)
            except LLMError as error:
                if not self.should_try_next(error):
                    raise
        return await call(candidates[-1])

    async def process_request(self, request: Request) -> Response[Any]:
        """The same loop without the client's services: no retry, no fitting, no observers. Override to take over."""

        async def ask(model: BaseModelImplementation) -> Response[Any]:
            model.validate_request(request)
            prepared, warnings = model.prepare(request)
            response = await model.answer(prepared)
            return response.with_(warnings=(*warnings, *response.warnings))

        return await self.run(request, ask)


class FallbackStrategy(ModelStrategy):
    """Tries models in order until one answers.

    The next one is asked unless the request itself is wrong (`InvalidRequestError`, `RejectedRequestError`); one that
    is only too long or unsupported here may fit elsewhere. A stream falls back only before its first event.

    Args:
        models: Two or more models or names, best first.
    """

    def __init__(self, models: Sequence[BaseModelImplementation | str]) -> None:
        if isinstance(models, str) or not isinstance(models, Sequence) or len(models) < 1:  # type: ignore[redundant-expr]  # untyped callers
            raise ConfigurationError(f"FallbackStrategy takes a list of models or names, not {models!r}")
        self._models = tuple(_checked(model) for model in models)

    def should_try_next(self, error: LLMError) -> bool:
        """Whether another model may succeed: not where the request itself is wrong."""
        if isinstance(error, (UnsupportedFeatureError, ContextTooLongError, ContextWindowExceededError)):
            return True
        return not isinstance(error, (InvalidRequestError, RejectedRequestError))


def _checked(model: object) -> BaseModelImplementation | str:
    if not isinstance(model, (str, BaseModelImplementation)):
        raise ConfigurationError(f"a model is a name or a BaseModelImplementation, not {model!r}")
    return model
