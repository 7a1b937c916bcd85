"""The provider seam: where a request goes, and who asks.

Here: `Provider`. Not here: what a request says (codecs/), sending it (transports/). Called by: models/remote.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any, ClassVar

from bedrock_llm.errors import LLMError
from bedrock_llm.transports.base import HTTPCall

__all__ = ["Provider"]


class Provider(ABC):
    """Where a request goes, and who asks."""

    name: ClassVar[str]

    @abstractmethod
    def url(self, model: str, operation: str) -> str:
        """The absolute, percent-encoded address of an operation on a model.

        Raises:
            ConfigurationError: The region or the model id cannot stand in an address.
        """

    @abstractmethod
    async def credentials(self) -> Any:
        """The credentials to use now: cached, and fetched once however many callers wait.

        Raises:
            MissingCredentialsError: There are none; names what to set.
        """

    @abstractmethod
    def authorize(self, call: HTTPCall, credentials: Any, now: float) -> HTTPCall:
        """`call` with what proves who asks. Pure.

        Args:
            call: Complete but for this.
            credentials: As `credentials()` gave them.
            now: Seconds since the epoch.
        """

    @abstractmethod
    async def recover(self, error: LLMError) -> bool:
        """Mend what made the provider refuse us (expired token, clock offset); whether trying again is worth it."""

    @abstractmethod
    def secrets(self, credentials: Any) -> Collection[str]:
        """The secret strings in `credentials`, for redaction."""

    def explain(self, error: LLMError, model: str) -> LLMError:
        """The error with a hint about what to do, where this provider has one."""
        return error

    def __reduce__(self) -> Any:
        raise TypeError(f"{type(self).__name__} holds secrets and cannot be pickled or copied")
