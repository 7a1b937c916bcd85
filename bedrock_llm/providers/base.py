"""The provider seam: where a request goes, and who asks.

Here: `Provider`, and the check of the headers that users add. Not here: what a request says (codecs/), sending it
(transports/). Called by: the providers, models/remote.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from bedrock_llm.errors import ConfigurationError, InvalidRequestError, LLMError
from bedrock_llm.parameters import check_header
from bedrock_llm.transports.base import HTTPCall

__all__ = ["Provider", "checked_headers"]


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


def checked_headers(headers: Mapping[str, str], own: Collection[str]) -> dict[str, str]:
    """The extra headers with their names in lower case.

    Args:
        headers: As the user gave them.
        own: Names that the client writes, in lower case.

    Raises:
        ConfigurationError: A header cannot be sent, or is one of `own`.
    """
    if not isinstance(headers, Mapping):
        raise ConfigurationError("extra_headers must be a mapping of header names to values")
    checked = {}
    for name, value in headers.items():
        try:
            check_header("extra_headers", name, value)
        except InvalidRequestError as error:
            raise ConfigurationError(error.message) from error
        if name.lower() in own:
            raise ConfigurationError(f"extra_headers must not hold {name}: the client writes it")
        checked[name.lower()] = value
    return checked
