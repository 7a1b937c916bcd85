"""What every transport checks and adds: URLs, header names, our name, trust.

Here: small pure functions on URLs and headers, and the TLS context of a CA bundle. Not here: any HTTP library.
Called by: aiohttp_pool.py, httpx2_pool.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from bedrock_llm.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

__all__ = ["checked_bundle", "checked_url", "folded", "our_headers", "tls_context", "user_agent"]

_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)  # visible ASCII only: no space, no line end, nothing to requote


def checked_url(url: str) -> str:
    """`url`, if it can be sent as it is.

    Raises:
        ConfigurationError: It is not an absolute http(s) URL, percent-encoded, of visible ASCII.
    """
    if not _URL.fullmatch(url):
        raise ConfigurationError("a URL must be absolute, http or https, and percent-encoded: no spaces, only ASCII")
    return url


def user_agent() -> str:
    """How we name ourselves, e.g. `bedrock-llm/0.1.0`."""
    from bedrock_llm import __version__

    return f"bedrock-llm/{__version__}"


def our_headers(given: Iterable[str], agent: str | None) -> dict[str, str]:
    """The headers that we add because the caller did not: `User-Agent`, and `Accept-Encoding: identity`.

    A model's answer is small and comes in small pieces: to compress it costs time and holds the pieces back.

    Args:
        given: Names of the caller's headers, in any case.
        agent: What `user_agent` gave; None to leave that header alone.
    """
    return _added(tuple(given), agent)


@lru_cache(maxsize=64)  # a client's calls have the same names again and again
def _added(given: tuple[str, ...], agent: str | None) -> dict[str, str]:
    names = {name.lower() for name in given}
    ours: dict[str, str] = {}
    if agent is not None and "user-agent" not in names:
        ours["User-Agent"] = agent
    if "accept-encoding" not in names:
        ours["Accept-Encoding"] = "identity"
    return ours


def folded(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Header pairs as a mapping with names in lower case; those that came several times are joined by a comma."""
    headers: dict[str, str] = {}
    for raw_name, value in pairs:
        name = raw_name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def checked_bundle(ca_bundle: str | None) -> str | None:
    """`ca_bundle`, if something lies there (None and `""` mean that none was named).

    Raises:
        ConfigurationError: There is neither a file nor a folder of that name.
    """
    import os

    if ca_bundle and not os.path.exists(ca_bundle):
        raise ConfigurationError(f"there is no CA bundle {ca_bundle!r}")
    return ca_bundle or None


def tls_context(ca_bundle: str) -> ssl.SSLContext:
    """A verifying context that trusts the authorities of this bundle, and no others.

    Args:
        ca_bundle: A PEM file, or a folder of hashed ones.

    Raises:
        ConfigurationError: There is none, or it holds no certificate.
    """
    import os
    import ssl

    folder = os.path.isdir(ca_bundle)
    try:
        context = ssl.create_default_context(cafile=None if folder else ca_bundle, capath=ca_bundle if folder else None)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(f"the CA bundle {ca_bundle!r} cannot be used: {error}") from error
    context.set_alpn_protocols(["http/1.1"])
    return context
