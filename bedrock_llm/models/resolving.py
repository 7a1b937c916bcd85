"""A model behind a name that does not tell it, asked for once.

Here: `ResolvingModel`, which is the model of unknown facts until it knows, and the model with its facts from then on.
Not here: asking (operations/control_plane.py), making either model (factory.py). Called by: factory, flow (through the
base).

Rule 1: the name is asked for before the first answer, once for however many callers wait. Rule 2: where it cannot be
found out, every answer says so in a warning, and the call goes on with unknown facts. Rule 3: what an answer needs the
facts for (checks, what is left out, the wire) waits for them; only fitting, and `strict`, look at the first request
without.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bedrock_llm.errors import LLMError
from bedrock_llm.events import Event
from bedrock_llm.models.base import BaseModelImplementation, EventStream, IteratorStream
from bedrock_llm.models.wrapper import WrapperImplementation
from bedrock_llm.providers.single_flight import SingleFlight
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning, TokenCount

__all__ = ["ResolvingModel"]


class ResolvingModel(WrapperImplementation):
    """A model whose facts are looked up when it is first asked.

    Args:
        unresolved: The model as long as nothing is known.
        find: The name of the model behind it. Its `LLMError` becomes a warning.
        make: The model with the facts of such a name, over the same connections.

    Attributes:
        wrapped: The model as far as it is known now.
    """

    def __init__(
        self,
        unresolved: BaseModelImplementation,
        find: Callable[[], Awaitable[str]],
        make: Callable[[str], BaseModelImplementation],
    ) -> None:
        super().__init__(unresolved)
        self._find = find
        self._make = make
        self._flight: SingleFlight[bool] = SingleFlight()
        self._settled = False
        self._warnings: tuple[ResponseWarning, ...] = ()

    def __repr__(self) -> str:
        return repr(self.wrapped)

    def prepare(self, request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """As the model inside once it is known; until then `answer` does it."""
        return self._prepared(request) if self._settled else (request, ())

    async def answer(self, request: Request) -> Response[Any]:
        """As the model inside, which is found out first."""
        if self._settled:
            return await self.wrapped.answer(request)
        prepared, warnings = await self._first(request)
        response = await self.wrapped.answer(prepared)
        return response.with_(warnings=(*warnings, *response.warnings))

    def answer_stream(self, request: Request) -> Any:
        """As the model inside, which is found out first."""
        return self.wrapped.answer_stream(request) if self._settled else _FirstStream(self, request)

    async def count_request(self, request: Request) -> TokenCount:
        """As the model inside, as far as it is known: to count is no reason to ask for it."""
        return await self.wrapped.count_request(request if self._settled else self.wrapped.prepare(request)[0])

    async def count_at_provider(self, request: Request) -> TokenCount:
        """As the model inside, which is found out first."""
        if not self._settled:
            request, _ = await self._first(request)
        return await self.wrapped.count_at_provider(request)

    async def _first(self, request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """A request that was let through unprepared, as the model takes it that is known now."""
        await self._settle()
        self.wrapped.validate_request(request)
        return self._prepared(request)

    def _prepared(self, request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
        prepared, warnings = self.wrapped.prepare(request)
        return prepared, (*self._warnings, *warnings)

    async def _settle(self) -> None:
        if not self._settled:
            await self._flight.run(self._look)

    async def _look(self) -> bool:
        if not self._settled:  # another loop may have been faster
            try:
                self.wrapped = self._make(await self._find())
            except LLMError as error:
                why = f"{error.message} (base_model= names it without asking)"
                text = f"the model behind {self.config.model} was not found out, and its facts and price stay unknown"
                self._warnings = (ResponseWarning("unknown_model", f"{text}: {why}"),)
            self._settled = True
        return True


class _FirstStream(EventStream):
    """A stream that was asked for before the model was known."""

    def __init__(self, model: ResolvingModel, request: Request) -> None:
        self._model = model
        self._request = request
        self._before: tuple[ResponseWarning, ...] = ()
        self._stream: EventStream | None = None

    @property
    def request_id(self) -> str | None:  # type: ignore[override]  # a plain attribute in the base
        """As the stream inside."""
        return None if self._stream is None else self._stream.request_id

    @property
    def status(self) -> int | None:  # type: ignore[override]
        """As the stream inside."""
        return None if self._stream is None else self._stream.status

    @property
    def warnings(self) -> Sequence[ResponseWarning]:  # type: ignore[override]
        """Of preparing the request, and of the stream inside."""
        return self._before if self._stream is None else (*self._before, *self._stream.warnings)

    async def next_batch(self) -> Sequence[Event]:
        """The next events; the first call finds the model out, and sends the request."""
        if self._stream is None:
            prepared, self._before = await self._model._first(self._request)  # noqa: SLF001  # one module, one job
            opened = self._model.wrapped.answer_stream(prepared)
            self._stream = opened if isinstance(opened, EventStream) else IteratorStream(opened)
        return await self._stream.next_batch()

    async def aclose(self) -> None:
        """Free what the stream inside holds."""
        if self._stream is not None:
            await self._stream.aclose()
