"""Keeps credentials and decides when to ask for them again.

Here: `CredentialStore`. Not here: where they come from (credentials.py). Called by: bedrock.py.

Rule 1: what is held costs an attribute; what expires is asked about its time, which is pure arithmetic, per request.
Rule 2: shortly before they expire (15 minutes, as the AWS SDKs have it) one caller fetches the next ones, and waits for
        them a few seconds at most, while the others go on with the old; in the last minute all wait.
Rule 3: what can be refreshed by somebody else (a thread that its caller left, a session that is used elsewhere too) is
        looked at every minute.
Rule 4: after a refusal they are looked up once for all who were refused at about the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from bedrock_llm.config import AWSCredentials
from bedrock_llm.errors import ConfigurationError, MissingCredentialsError
from bedrock_llm.providers.credentials import BearerToken, Held, Source, freeze
from bedrock_llm.providers.off_loop import OffLoop, at_most
from bedrock_llm.providers.single_flight import SingleFlight

__all__ = ["CredentialStore"]

_LAST_CALL_S = 60  # so long before they expire the old ones are no longer used
_EARLY_WAIT_S = 5  # the one who fetches early waits no longer: the old ones still do
_SPARED_S = 10  # so long those who go on with the old ones are not asked again whether that is right
_REFRESH_PAUSE_S = 30  # between two early refreshes that brought nothing new
_LOOK_S = 60  # between two looks at what somebody else may have refreshed
_RELOAD_PAUSE_S = 10  # requests signed with the same refused keys come back within seconds of one another
_NEVER_S, _AT_ONCE_S = float("inf"), float("-inf")


class CredentialStore:
    """The credentials of one provider.

    Attributes:
        held: What is used now, or None before the first lookup.
    """

    __slots__ = (
        *("_clock", "_loading", "_look_s", "_next_refresh_s", "_off_loop", "_reload_helped", "_reloaded_s"),
        *("_reloading", "_source", "_spared_until_s", "held"),
    )

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock
        self._off_loop = OffLoop()
        self._loading: SingleFlight[Held] = SingleFlight()
        self._reloading: SingleFlight[bool] = SingleFlight()
        self._look_s = _NEVER_S
        self._next_refresh_s = _AT_ONCE_S
        self._spared_until_s = _AT_ONCE_S  # those who come while the next ones are fetched
        self._reloaded_s = _AT_ONCE_S
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
            held = None if self._loading.under_way else self._source.at_once()
            if held is None:
                held = await self._loading.run(self._load)
            self.held = held
        elif held.origin is not None and self._is_due(held.origin):
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

    def _is_due(self, origin: Any) -> bool:
        """Whether this caller has to fetch the next ones, or to wait for whoever fetches them."""
        now = self._clock()
        if self._loading.under_way:
            if now < self._spared_until_s:
                return False
            if self._spared_until_s != _AT_ONCE_S:
                self._spare(origin, now)
            return self._spared_until_s == _AT_ONCE_S
        if now < self._look_s and not origin.refresh_needed():
            return False
        return now >= self._next_refresh_s or bool(origin.refresh_needed(_LAST_CALL_S))

    def _spare(self, origin: Any, now: float) -> None:
        """Let those who come now go on with the old ones, unless it is the last minute of these."""
        self._spared_until_s = _AT_ONCE_S if origin.refresh_needed(_LAST_CALL_S) else now + _SPARED_S

    async def _load(self) -> Held:
        return self._take(await self._source.load())

    def _take(self, new: Held) -> Held:
        self.held = new
        self._look_s = self._clock() + _LOOK_S
        return new

    async def _refresh(self, old: Held) -> Held:
        now = self._clock()
        self._look_s = self._next_refresh_s = now + _REFRESH_PAUSE_S
        self._spare(old.origin, now)
        fetch = partial(freeze, self._off_loop, old.origin)
        try:
            new = await (fetch() if self._spared_until_s == _AT_ONCE_S else at_most(_EARLY_WAIT_S, fetch))
        except MissingCredentialsError:
            if old.origin.refresh_needed(_LAST_CALL_S):
                raise
            return old  # they are good for a while yet, and the next caller but a pause tries again
        return old if new is None else self._take(new)

    async def _reload(self) -> bool:
        old = self.held
        try:
            new = await self._source.load()
        except ConfigurationError:  # the refusal that brought us here says more than this
            helped = False
        else:
            self._take(new)
            helped = old is None or new.value != old.value
        self._reload_helped = helped
        self._reloaded_s = self._clock()
        return helped
