"""The proxy that the environment names.

Here: `environment_proxy`. Not here: talking to it. Called by: aiohttp_pool.py (httpx reads the environment by itself).

HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case, and on macOS and Windows the system's settings, by the
rules of the standard library: NO_PROXY holds host names (which stand for their subdomains too), `host:port`, addresses
or `*`; no address ranges. The environment is read once for each URL.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bedrock_llm.errors import ConfigurationError

__all__ = ["Proxy", "environment_proxy"]


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where to ask instead.

    Attributes:
        url: Of the proxy, without user name and password.
        authorization: The value of `Proxy-Authorization`, or None.
    """

    url: str
    authorization: str | None = field(default=None, repr=False)


def environment_proxy(url: str) -> Proxy | None:
    """The proxy for this URL, or None.

    Args:
        url: Absolute, http or https.

    Raises:
        ConfigurationError: The environment names a proxy of another kind, e.g. `socks5://`.
    """
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    target = urlsplit(url)
    proxies = getproxies()
    named = proxies.get(target.scheme) or proxies.get("all")
    if not named or proxy_bypass(target.netloc.rpartition("@")[2]):
        return None
    return _parsed(named if "://" in named else f"http://{named}")


def _parsed(named: str) -> Proxy:
    from base64 import b64encode
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(named)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"the environment names a {parts.scheme}:// proxy; here only http:// and https:// work"
        )
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if parts.username is None:
        return Proxy(address)
    userinfo = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(address, "Basic " + b64encode(userinfo.encode()).decode())
