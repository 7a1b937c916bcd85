"""From a name to a model: the routing table.

Here: how a model's name is read, and who makes it. Not here: how each provider's model is put together (routes.py).
Called by: client, users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from bedrock_llm.catalog.lookup import is_bedrock_id, nearest
from bedrock_llm.config import ProviderOptions
from bedrock_llm.errors import ConfigurationError, UnknownModelError
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.routes import KEYED, host_names, is_host, make_bedrock, make_keyed, make_mantle
from bedrock_llm.transports.base import Transport

if TYPE_CHECKING:
    import httpx2

__all__ = ["ModelFactory"]


class ModelFactory:
    """Makes models of names."""

    @classmethod
    def create_model(
        cls,
        model_name: str,
        *,
        transport: Transport | None = None,
        http_client: httpx2.AsyncClient | Any | None = None,
        **options: Unpack[ProviderOptions],
    ) -> BaseModelImplementation:
        """The model behind a name.

        Args:
            model_name: `provider/model` or `provider:model`; a Bedrock id or ARN may stand alone.
            transport: What carries the bytes; stays open when the model is closed. None for one of its own.
            http_client: An `httpx2.AsyncClient` or `httpx.AsyncClient` to use; stays open when the model is closed.
            options: Where the model is and who asks; see `ProviderOptions`.

        Raises:
            UnknownModelError: No provider fits the name; `.nearest` holds names that do.
            ConfigurationError: An option is unknown or unusable.
        """
        provider, model = route(model_name)
        check_options(options)
        owned = transport is None and http_client is None
        make = ROUTES.get(provider, make_keyed)
        return make(provider, model, options, transport_of(transport, http_client), owned)

    @classmethod
    def register_hosts(cls, hosts: Path | str | Mapping[str, Mapping[str, Any]]) -> None:
        """Add servers that speak as OpenAI does, or correct what is known of one, for this process.

        Args:
            hosts: The path of a JSON file, or the mapping it would hold: the name that will stand before a model's, to
                the fields of `bedrock_llm.catalog.hosts.Host`, each optional. Fields of a known server that are not
                given stay as they are; of `native` and `features` each entry is laid over the known one.

        Raises:
            ConfigurationError: A row is wrong, or has the name of a provider that is not of this kind; nothing is
                added then.
        """
        from bedrock_llm.catalog.hosts import read_hosts, register

        for name in read_hosts(hosts):
            if name in ROUTES or name == "arn" or "." in name:
                why = "is a provider with an API of its own" if name in ROUTES else "stands before no provider's models"
                raise ConfigurationError(f"a host cannot have the name {name!r}, which {why}")
        register(hosts)


def route(model_name: str) -> tuple[str, str]:
    """The provider and the model's own name there.

    `arn:` is tested first; then the first of `/` and `:` splits, if what stands before it is a provider; then
    `[geo.]vendor.rest` with a vendor that Bedrock has.

    Raises:
        UnknownModelError: No provider fits.
    """
    if not isinstance(model_name, str) or not model_name.strip():  # type: ignore[redundant-expr]  # untyped callers
        raise UnknownModelError(f"a model's name is a string such as 'bedrock/<model id>', not {model_name!r}")
    if model_name.startswith("arn:"):
        return "bedrock", model_name
    places = [place for place in (model_name.find("/"), model_name.find(":")) if place > 0]
    if places:
        prefix, rest = model_name[: min(places)], model_name[min(places) + 1 :]
        if rest and (prefix in ROUTES or is_host(prefix)):
            return prefix, rest
    if is_bedrock_id(model_name):
        return "bedrock", model_name
    found = nearest(model_name, everywhere=True)
    near = [name if "/" in name else f"bedrock/{name}" for name in found]
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    known = ", ".join(dict.fromkeys((*ROUTES, *host_names())))
    raise UnknownModelError(
        f"no provider fits the model name {model_name!r}: write provider/model with a provider of: {known}.{hint}",
        nearest=tuple(near),
    )


def check_options(options: Mapping[str, Any], others: Iterable[str] = ("transport", "http_client")) -> None:
    """Refuse an option that nobody knows.

    Args:
        options: What was given.
        others: Keywords of whoever takes the options, for the hint.

    Raises:
        ConfigurationError: Names the option and the nearest one.
    """
    known = (*others, *ProviderOptions.__annotations__)
    for name in options:
        if name not in ProviderOptions.__annotations__:
            import difflib

            near = difflib.get_close_matches(name, known, 1, 0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigurationError(f"there is no option {name!r}; {hint}it can be one of {', '.join(known)}")


def transport_of(transport: Transport | None, http_client: Any) -> Transport | None:
    """What shall carry the bytes, where the caller says so.

    Raises:
        ConfigurationError: Both are given, or one is not what it should be.
    """
    if transport is not None and http_client is not None:
        raise ConfigurationError("give transport= or http_client=, not both")
    if transport is not None and not isinstance(transport, Transport):
        raise ConfigurationError(f"transport must be a Transport, not {type(transport).__name__}")
    if http_client is None:
        return transport
    from bedrock_llm.transports.httpx2_transport import HttpxTransport

    return HttpxTransport(http_client)


# The hosts of the catalog are made as those that have a row of their own.
ROUTES: Mapping[str, Callable[[str, str, ProviderOptions, Transport | None, bool], BaseModelImplementation]] = {
    "bedrock": make_bedrock,
    "bedrock-mantle": make_mantle,
    **dict.fromkeys(KEYED, make_keyed),
}
