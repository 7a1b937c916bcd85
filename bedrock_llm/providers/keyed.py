"""Providers that one asks with a key: a base address, a path for each operation, and a header.

Here: `KeyedProvider`, and `Access`, what tells one such provider from another. Not here: AWS's signatures (bedrock.py),
which providers there are (factory.py, catalog/hosts.json). Called by: factory makes it, models/remote.py uses it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from inspect import isawaitable
from typing import Any, NamedTuple
from urllib.parse import quote

from bedrock_llm.config import check_secret
from bedrock_llm.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidRequestError,
    LLMError,
    MissingCredentialsError,
)
from bedrock_llm.providers.base import Provider, checked_headers
from bedrock_llm.providers.single_flight import SingleFlight
from bedrock_llm.redaction import names_secret
from bedrock_llm.transports.base import HTTPCall

__all__ = ["Access", "KeyedProvider"]

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?(/[!$-;=A-Z\[\]_a-z|~]*)?", re.IGNORECASE
)
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|\[::1\]", re.IGNORECASE)
_OWN_HEADERS = frozenset(("connection", "content-length", "content-type", "host", "transfer-encoding"))
_MAX_URLS = 256
_NO_KEY = ""


class Access(NamedTuple):
    """How a provider is asked.

    Attributes:
        name: Of the provider, e.g. `anthropic`.
        base_url: Its own address; None where the user has to give one.
        key_env: Environment variables that may hold the key, the first one that is set wins.
        key_header: The header that carries it, in lower case.
        key_prefix: What stands before it there, e.g. `Bearer `.
        url_env: Environment variables that may hold another address.
        headers: Sent with every request, e.g. an API version.
        needs_key: Whether it answers nobody without one.
        query: What stands behind the `?` of every address, or "".
    """

    name: str
    base_url: str | None
    key_env: tuple[str, ...] = ()
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    url_env: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}
    needs_key: bool = True
    query: str = ""


class KeyedProvider(Provider):
    """A provider that one asks with a key.

    Args:
        access: How it is asked.
        api_key: The key; None for that of the environment, "" for none.
        base_url: Another address: a proxy, a gateway, a server of one's own.
        credentials: A sync or async callable that returns a bearer token (OAuth, workload identity); asked once, and
            again when the token is refused. Beats a key.
        extra_headers: Sent with every request; those of a request win over them.
        environ: Read instead of the process's environment.

    Raises:
        ConfigurationError: A key, a header or the address cannot be used. A missing key is noticed by the first call.
    """

    def __init__(
        self,
        access: Access,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        credentials: Callable[[], str | Awaitable[str]] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        environ = os.environ if environ is None else environ
        self.name = access.name  # type: ignore[misc]  # one class for all such providers
        self.access = access
        if credentials is not None and not callable(credentials):
            raise ConfigurationError(f"credentials for {access.name} must be a callable that returns a bearer token")
        self._fetch = credentials
        self._fetched: str | None = None
        self._flight: SingleFlight[str] = SingleFlight()
        self._key = _found_key(access, api_key, environ)
        self._extra_headers = {**access.headers, **checked_headers(extra_headers or {}, _OWN_HEADERS)}
        self.base_url = _found_url(access, base_url, environ, secret=bool(self._key or credentials))
        self._urls: dict[tuple[str, str], str] = {}

    def __repr__(self) -> str:
        return f"KeyedProvider({self.name!r}, base_url={self.base_url!r})"

    def url(self, model: str, operation: str) -> str:
        """The address of an operation; `{model}` in it stands for the model's name.

        Raises:
            ConfigurationError: The model's name cannot stand in an address.
        """
        found = self._urls.get((model, operation))
        if found is None:
            path = operation
            if "{model}" in operation:
                path = operation.replace("{model}", _in_path(model, operation))
            found = self.base_url + path
            if self.access.query:
                found += ("&" if "?" in path else "?") + self.access.query
            if len(self._urls) >= _MAX_URLS:
                self._urls.clear()
            self._urls[model, operation] = found
        return found

    async def credentials(self) -> str:
        """The key or token to use now; "" where none is needed.

        Raises:
            MissingCredentialsError: There is none; says what to set.
            ConfigurationError: The callable gave something else.
        """
        if self._fetch is not None:
            return self._fetched if self._fetched is not None else await self._flight.run(self._ask)
        if self._key is None:
            if not self.access.needs_key:
                return _NO_KEY
            ways = [f"set {name}" for name in self.access.key_env]
            ways += ["pass api_key=", "pass credentials=, a callable that returns a bearer token"]
            raise MissingCredentialsError(
                f"no key for {self.name} was found: {', or '.join(ways)}. To see it work without one: `bedrock-llm "
                "demo`; `bedrock-llm emulate` serves an emulator of the larger providers"
            )
        return self._key

    async def _ask(self) -> str:
        assert self._fetch is not None  # only asked where there is one
        given = self._fetch()
        token = await given if isawaitable(given) else given
        self._fetched = check_secret("what credentials() returned", token)
        return self._fetched

    def authorize(self, call: HTTPCall, credentials: Any, now: float) -> HTTPCall:
        """`call` with the key; header names in lower case.

        Raises:
            InvalidRequestError: A header is the client's own.
        """
        del now
        headers = dict(self._extra_headers)
        for name, value in call.headers.items():
            headers[name.lower()] = value
        if credentials:
            bearer = self._fetch is not None
            name = "authorization" if bearer else self.access.key_header
            if name in headers:
                text = f"extra_headers must not hold {name}: the client writes it"
                raise InvalidRequestError(text, parameter="extra_headers", allowed="other headers")
            headers[name] = ("Bearer " if bearer else self.access.key_prefix) + credentials
        return HTTPCall(call.method, call.url, headers, call.body, call.timeouts)

    async def recover(self, error: LLMError) -> bool:
        """Have a refused token fetched again, where there is somebody to ask."""
        if self._fetch is None or not isinstance(error, AuthenticationError):
            return False
        self._fetched = None
        await self.credentials()
        return True

    def secrets(self, credentials: Any) -> Collection[str]:
        """The key, and what stands in extra headers that name a secret."""
        found = [value for name, value in self._extra_headers.items() if names_secret(name)]
        return [*found, credentials] if credentials else found

    def explain(self, error: LLMError, model: str) -> LLMError:
        """The same error, with what to set where the key was refused."""
        del model
        if isinstance(error, AuthenticationError) and self.access.key_env and self._fetch is None:
            hint = f"check {self.access.key_env[0]} or api_key="
            if hint not in error.message:
                error.args = (f"{error.message} (hint: {hint})", *error.args[1:])
        return error


def _in_path(model: str, operation: str) -> str:
    """A model's name as it stands in an address; Google's own lists have it with the path."""
    name = model.removeprefix("models/") if operation.startswith("/models/") else model
    if not {"", ".", ".."}.isdisjoint(name.split("/")):
        raise ConfigurationError(f"{model!r} cannot be a model's name in an address: a part of it is empty or dots")
    return quote(name, safe="/-._~")


def _found_key(access: Access, api_key: str | None, environ: Mapping[str, str]) -> str | None:
    if api_key is not None:
        return api_key if api_key == _NO_KEY else check_secret("api_key", api_key)
    for name in access.key_env:
        if environ.get(name, "").strip():
            return check_secret(name, environ[name].strip())
    return None


def _found_url(access: Access, base_url: str | None, environ: Mapping[str, str], *, secret: bool) -> str:
    named = next(((environ[name].strip(), name) for name in access.url_env if environ.get(name, "").strip()), None)
    url, source = (base_url, "base_url") if base_url is not None else named or (access.base_url, access.name)
    if url is None:
        names = "".join(f", or set {name}" for name in access.url_env[:1])
        raise ConfigurationError(f"{access.name} has no address of its own: pass base_url={names}")
    if named is not None and base_url is None and source.endswith("_HOST"):
        url = _url_of_host(url, access)
    found = _URL.fullmatch(url) if url.__class__ is str else None
    if found is None:
        raise ConfigurationError(
            f"{source} must be an absolute http or https URL such as https://gateway.example.com/v1, without user, "
            "password, query and fragment"
        )
    if found["scheme"].lower() == "http" and secret and not _LOOPBACK.fullmatch(found["host"]):
        raise ConfigurationError(
            f"{source} must be https, as a key would be readable on the way; plain http is for this machine, and for "
            'servers that need no key (api_key="")'
        )
    return found[0].rstrip("/")


def _url_of_host(value: str, access: Access) -> str:
    """A variable that holds what a server listens at, `host[:port]`, as the address to ask."""
    if "://" in value:
        return value
    host, colon, port = value.rpartition(":")
    if not colon or "]" in port:
        host, port = value, ""
    host = "127.0.0.1" if host in ("", "0.0.0.0", "[::]") else host  # every address: this machine's own
    return f"http://{host}:{port or (access.base_url or '').rpartition(':')[2]}"
