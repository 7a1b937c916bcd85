"""AWS Signature Version 4 for requests with a body in memory. Pure: the time is an argument.

Here: `sign`, `presign`, and the pieces by which a server checks a signature. Not here: where the keys come from
(credentials.py), the clock. Called by: bedrock.py, api_keys.py, and the emulator, which verifies.
Follows: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html

    canonical request   six lines: method, path, query, "name:value" of each signed header, their names, body hash
    string to sign      four lines: AWS4-HMAC-SHA256, time, scope, hash of the canonical request
    scope               YYYYMMDD/region/service/aws4_request
    signing key         HMAC of "AWS4" + secret over day, then region, service, "aws4_request"

Rule 1: the path is encoded once more on top of what stands in the URL, as every service but S3 wants it.
Rule 2: what proxies and HTTP libraries may rewrite is not signed (`UNSIGNED_HEADERS`, botocore's list).
Rule 3: what repeats from call to call (URL, headers, day's key) is kept in small bounded caches that show nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from bedrock_llm.config import AWSCredentials

__all__ = [
    "UNSIGNED_HEADERS", "Target", "canonical_request", "presign", "sign", "signature", "string_to_sign", "target",
]  # fmt: skip

_ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_HEADERS = frozenset(
    (
        *("authorization", "baggage", "connection", "expect", "keep-alive", "proxy-authenticate"),
        *("proxy-authorization", "te", "traceparent", "tracestate", "trailer", "transfer-encoding"),
        *("upgrade", "user-agent", "x-amzn-trace-id"),
    )
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Target(NamedTuple):
    """What a URL contributes to a canonical request.

    Attributes:
        host: Lower case; with the port unless it is the scheme's own.
        path: Without dot segments, encoded once more.
        query: Sorted, each part encoded once.
    """

    host: str
    path: str
    query: str


class _Layout(NamedTuple):
    """What the headers contribute to a canonical request, but for the time.

    Attributes:
        before: The lines of the headers that sort before x-amz-date.
        after: The lines behind it.
        names: All signed names.
        body_sha256: Where the caller put it into a header; otherwise None.
    """

    before: str
    after: str
    names: str
    body_sha256: str | None


def sign(  # noqa: PLR0913  # what the algorithm takes, and every one of them is needed
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    credentials: AWSCredentials,
    region: str,
    service: str,
    timestamp: float,
) -> dict[str, str]:
    """Sign a request.

    Args:
        method: e.g. `POST`.
        url: Exactly as it will be sent.
        headers: All of them are signed but `UNSIGNED_HEADERS` and those that this call returns.
        body: The whole body.
        credentials: Keys, and a session token where they are temporary.
        region: e.g. `us-east-1`.
        service: The signing name, `bedrock` for all of Bedrock.
        timestamp: Seconds since the epoch.

    Returns:
        The headers to lay over `headers`, names in lower case: authorization, host, x-amz-date and, for temporary keys,
        x-amz-security-token.
    """
    identity = (credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
    draft = _draft(method, url, tuple(headers.items()), identity, region, service, int(timestamp))
    canonical = draft.canonical.copy()
    canonical.update((draft.body_sha256 or sha256(body).hexdigest()).encode("ascii"))
    to_sign = f"{draft.to_sign}{canonical.hexdigest()}"
    proof = hmac.digest(draft.key, to_sign.encode("ascii"), "sha256").hex()
    return {**draft.added, "authorization": f"{draft.authorization}{proof}"}


class _Draft(NamedTuple):
    """All of a signature that does not hang on the body: the same for every like call within a second.

    Attributes:
        canonical: The hash of the canonical request up to the body's digest, its last line; to be copied.
        to_sign: The string to sign up to the digest of the canonical request.
        key: The signing key of the day.
        authorization: The header's value up to the signature.
        added: The other headers.
        body_sha256: Where the caller put it into a header; otherwise None.
    """

    canonical: Any
    to_sign: str
    key: bytes
    authorization: str
    added: Mapping[str, str]
    body_sha256: str | None


@lru_cache(maxsize=64)  # shows neither its keys nor its values
def _draft(
    method: str,
    url: str,
    headers: tuple[tuple[str, str], ...],
    identity: tuple[str, str, str | None],
    region: str,
    service: str,
    second: int,
) -> _Draft:
    access_key_id, secret_access_key, token = identity
    where, time = target(url), _amz_date(second)
    layout, scope = _layout(headers, where.host, token), _scope(time[:8], region, service)
    lines = f"{layout.before}x-amz-date:{time}\n{layout.after}"
    added = {"host": where.host, "x-amz-date": time}
    if token is not None:
        added["x-amz-security-token"] = token
    return _Draft(
        canonical=sha256(_canonical(method, where, lines, layout.names, "").encode("utf-8")),
        to_sign=f"{_ALGORITHM}\n{time}\n{scope}\n",
        key=_signing_key(secret_access_key, time[:8], region, service),
        authorization=f"{_ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={layout.names}, Signature=",
        added=added,
        body_sha256=layout.body_sha256,
    )


def presign(
    method: str,
    url: str,
    credentials: AWSCredentials,
    region: str,
    service: str,
    timestamp: float,
    expires_s: int,
) -> str:
    """`url` with a signature in its query, for a request without a body: whoever holds it can make that request.

    Args:
        method: e.g. `POST`.
        url: Absolute and percent-encoded, perhaps with a query.
        credentials: Keys, and a session token where they are temporary; the token becomes a part of the URL.
        region: e.g. `us-east-1`.
        service: The signing name.
        timestamp: Seconds since the epoch.
        expires_s: So long it is valid.
    """
    time = _amz_date(int(timestamp))
    added = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key_id}/{_scope(time[:8], region, service)}",
        "X-Amz-Date": time,
        "X-Amz-Expires": str(expires_s),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session_token is not None:
        added["X-Amz-Security-Token"] = credentials.session_token
    query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in added.items())
    url = f"{url}{'&' if '?' in url else '?'}{query}"
    where = target(url)
    canonical = canonical_request(method, where, (("host", where.host),), sha256(b"").hexdigest())
    to_sign = string_to_sign(canonical, time, region, service)
    return f"{url}&X-Amz-Signature={signature(credentials.secret_access_key, to_sign, region, service)}"


def canonical_request(method: str, where: Target, headers: Iterable[tuple[str, str]], body_sha256: str) -> str:
    """The form of a request that both sides hash.

    Args:
        method: In upper case.
        where: Made of the URL by `target`.
        headers: Those that are signed; a name that came several times stands several times, in the order of arrival.
        body_sha256: Of the body, as hex digits.
    """
    values = _signed_values(headers)
    return _canonical(method, where, _lines(values, values), ";".join(values), body_sha256)


def string_to_sign(canonical: str, amz_date: str, region: str, service: str) -> str:
    """What is signed in the end; `amz_date` is the value of x-amz-date, `YYYYMMDDThhmmssZ`."""
    digest = sha256(canonical.encode("utf-8")).hexdigest()
    return f"{_ALGORITHM}\n{amz_date}\n{_scope(amz_date[:8], region, service)}\n{digest}"


def signature(secret_access_key: str, to_sign: str, region: str, service: str) -> str:
    """The 64 hex digits that prove the possession of the secret; `to_sign` is made by `string_to_sign`."""
    start = len(_ALGORITHM) + 1
    key = _signing_key(secret_access_key, to_sign[start : start + 8], region, service)
    return hmac.digest(key, to_sign.encode("utf-8"), "sha256").hex()


@lru_cache(maxsize=256)
def target(url: str) -> Target:
    """Host, path and query of an absolute URL, or of a path alone (the host is then empty), in canonical form."""
    if url.startswith("/"):  # as a server sees it; urlsplit would take a doubled slash for a host
        bare_path, _, query = url.partition("?")
        return Target("", quote(_without_dots(bare_path), safe="/~"), _canonical_query(query))
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{parts.port}"
    return Target(host, quote(_without_dots(parts.path), safe="/~"), _canonical_query(parts.query))


@lru_cache(maxsize=64)  # shows neither its keys nor its values
def _layout(headers: tuple[tuple[str, str], ...], host: str, session_token: str | None) -> _Layout:
    given = {name.lower(): value for name, value in headers}
    signed = {name: value for name, value in given.items() if name not in UNSIGNED_HEADERS}
    signed.update({"host": host, "x-amz-date": ""})
    if session_token is not None:
        signed["x-amz-security-token"] = session_token
    values = _signed_values(signed.items())
    before = _lines(values, (name for name in values if name < "x-amz-date"))
    after = _lines(values, (name for name in values if name > "x-amz-date"))
    return _Layout(before, after, ";".join(values), values.get("x-amz-content-sha256"))


def _signed_values(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Lower-case name to trimmed value, sorted; repeated headers are joined by a comma."""
    values: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        trimmed = " ".join(value.split())
        values[key] = f"{values[key]},{trimmed}" if key in values else trimmed
    return dict(sorted(values.items()))


def _lines(values: Mapping[str, str], names: Iterable[str]) -> str:
    return "".join([f"{name}:{values[name]}\n" for name in names])


def _canonical(method: str, where: Target, lines: str, names: str, body_sha256: str) -> str:
    return f"{method}\n{where.path}\n{where.query}\n{lines}\n{names}\n{body_sha256}"


def _without_dots(path: str) -> str:
    """`path` without `.`, `..` and doubled slashes; always from a slash on."""
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment and segment != ".":
            kept.append(segment)
    ending = "/" if kept and not segments[-1] else ""
    return "/" + "/".join(kept) + ending


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = []
    for item in query.split("&"):
        name, _, value = item.partition("=")
        pairs.append((_encoded_once(name), _encoded_once(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded_once(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="-_.~")


@lru_cache(maxsize=64)
def _scope(day: str, region: str, service: str) -> str:
    return f"{day}/{region}/{service}/aws4_request"


@lru_cache(maxsize=8)
def _amz_date(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y%m%dT%H%M%SZ")


@lru_cache(maxsize=64)  # shows neither its keys nor its values
def _signing_key(secret_access_key: str, day: str, region: str, service: str) -> bytes:
    key = b"AWS4" + secret_access_key.encode("utf-8")
    for step in (day, region, service, "aws4_request"):
        key = hmac.digest(key, step.encode("utf-8"), "sha256")
    return key
