"""Keeps credentials and decides when to ask for them again.

Here: `CredentialStore`. Not here: where they come from (credentials.py). Called by: bedrock.py.

Rule 1: what is held costs an attribute; what expires is asked about its time, which is pure arithmetic, per request.
Rule 2: shortly before they expire one caller fetches the next ones while the others go on with the old; in the last
        minute all wait.
Rule 3: after a refusal they are looked up once for all who were refused at about the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from bedrock_llm.config import AWSCredentials
from bedrock_llm.errors import ConfigurationError, MissingCredentialsError
from bedrock_llm.providers.credentials import BearerToken, Held, Source, freeze
from bedrock_llm.providers.single_flight import SingleFlight

__all__ = ["CredentialStore"]

_LAST_CALL_S = 60  # so long before they expire the old ones are no longer used
_REFRESH_PAUSE_S = 30  # between two early refreshes that brought nothing new
_RELOAD_PAUSE_S = 10  # requests signed with the same refused keys come back within seconds of one another


class CredentialStore:
    """The credentials of one provider.

    Attributes:
        held: What is used now, or None before the first lookup.
    """

    __slots__ = (
        *("_clock", "_loading", "_next_refresh_s", "_reload_helped", "_reloaded_s"),
        *("_reloading", "_source", "held"),
    )

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock
        self._loading: SingleFlight[Held] = SingleFlight()
        self._reloading: SingleFlight[bool] = SingleFlight()
        self._next_refresh_s = float("-inf")
        self._reloaded_s = float("-inf")
        self._reload_helped = False
        self.held: Held | None = None

    def __repr__(self) -> str:
        return f"CredentialStore({'empty' if self.held is None else 'filled'})"

    async def get(self) -> AWSCredentials | BearerToken:
        """The credentials to use now.

        Raises:
            MissingCredentialsError: There are none, or they expired and no new ones could be had.
            ConfigurationError: They cannot be used.
        """
        held = self.held
        if held is None:
            held = self._source.at_once()
            if held is None:
                held = await self._loading.run(self._load)
            self.held = held
        elif held.origin is not None and held.origin.refresh_needed() and not self._may_wait(held.origin):
            held = await self._loading.run(partial(self._refresh, held))
        return held.value

    async def reload(self) -> bool:
        """Look them up again after they were refused.

        Returns:
            Whether others were found: trying again is worth it.
        """
        if self._clock() - self._reloaded_s < _RELOAD_PAUSE_S:
            return self._reload_helped
        return await self._reloading.run(self._reload)

    def _may_wait(self, origin: Any) -> bool:
        """Whether the old ones still do: somebody asks for the next ones already, and it is not their last minute."""
        asked = self._loading.under_way or self._clock() < self._next_refresh_s
        return asked and not origin.refresh_needed(_LAST_CALL_S)

    async def _load(self) -> Held:
        self.held = await self._source.load()
        return self.held

    async def _refresh(self, old: Held) -> Held:
        self._next_refresh_s = self._clock() + _REFRESH_PAUSE_S
        try:
            self.held = await freeze(old.origin)
        except MissingCredentialsError:
            if old.origin.refresh_needed(_LAST_CALL_S):
                raise
            return old  # they are good for a while yet, and the next caller but a pause tries again
        return self.held

    async def _reload(self) -> bool:
        old = self.held
        try:
            new = await self._source.load()
        except ConfigurationError:  # the refusal that brought us here says more than this
            helped = False
        else:
            self.held = new
            helped = old is None or new.value != old.value
        self._reload_helped = helped
        self._reloaded_s = self._clock()
        return helped
