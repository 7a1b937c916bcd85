"""The clients that are measured, all with the same two methods.

Here: `PEERS`. Ours through its public door only; the bare HTTP libraries with the floor's signature, decoder and JSON;
boto3 in threads, as one uses it from async code. Not here: what is asked of them (measure.py). Each class imports its
library when it is made, so that a fresh process pays for the one it measures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks import work

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["LOOPS", "PEERS", "Peer"]

_CONNECTIONS = 2000


class Peer(Protocol):
    """A client for one address."""

    async def complete(self) -> str:
        """Ask, and give the text of the whole answer."""

    def deltas(self) -> AsyncIterator[str]:
        """Ask, and give the pieces as they come."""

    async def aclose(self) -> None:
        """Close the connections."""


class _Ours:
    def __init__(self, url: str, tls: SSLContext | None = None, **options: Any) -> None:
        from bedrock_llm import AWSCredentials, LLMClient

        del tls  # SSL_CERT_FILE names the authority
        keys = AWSCredentials(work.ACCESS_KEY_ID, work.SECRET_ACCESS_KEY)
        self._client = LLMClient(
            f"bedrock/{work.MODEL}", endpoint_url=url, region=work.REGION, credentials=keys, **options
        )

    async def complete(self) -> str:
        response = await self._client.generate(
            work.PROMPT, system=work.SYSTEM, max_tokens=work.MAX_TOKENS, temperature=work.TEMPERATURE
        )
        return response.text

    async def deltas(self) -> AsyncIterator[str]:
        async with self._client.stream(
            work.PROMPT, system=work.SYSTEM, max_tokens=work.MAX_TOKENS, temperature=work.TEMPERATURE
        ) as stream:
            async for text in stream.text():
                yield text

    async def aclose(self) -> None:
        await self._client.aclose()


class _OursOnHttpx2(_Ours):
    def __init__(self, url: str, tls: SSLContext | None = None) -> None:
        self._http = _httpx2_client(tls)
        super().__init__(url, http_client=self._http)

    async def aclose(self) -> None:
        await super().aclose()
        await self._http.aclose()


class _BareAiohttp:
    def __init__(self, url: str, tls: SSLContext | None = None) -> None:
        import aiohttp
        import yarl

        self._url, self._host, self._parse = url, url.partition("//")[2], yarl.URL
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls or True))

    async def complete(self) -> str:
        from benchmarks.floor import signed_request, text_of

        path, headers, body = signed_request(self._host, "converse")
        url = self._parse(self._url + path, encoded=True)
        async with self._session.post(url, data=body, headers=headers) as response:
            response.raise_for_status()
            return text_of(await response.read())

    async def deltas(self) -> AsyncIterator[str]:
        from benchmarks.floor import Deltas, signed_request

        path, headers, body = signed_request(self._host, "converse-stream")
        url = self._parse(self._url + path, encoded=True)
        async with self._session.post(url, data=body, headers=headers) as response:
            response.raise_for_status()
            decoder = Deltas()
            async for data in response.content.iter_any():
                for text in decoder.feed(data):
                    yield text

    async def aclose(self) -> None:
        await self._session.close()


class _BareHttpx2:
    def __init__(self, url: str, tls: SSLContext | None = None) -> None:
        self._url, self._host = url, url.partition("//")[2]
        self._client = _httpx2_client(tls)

    async def complete(self) -> str:
        from benchmarks.floor import signed_request, text_of

        path, headers, body = signed_request(self._host, "converse")
        response = await self._client.post(self._url + path, content=body, headers=headers)
        response.raise_for_status()
        return text_of(response.content)

    async def deltas(self) -> AsyncIterator[str]:
        from benchmarks.floor import Deltas, signed_request

        path, headers, body = signed_request(self._host, "converse-stream")
        async with self._client.stream("POST", self._url + path, content=body, headers=headers) as response:
            response.raise_for_status()
            decoder = Deltas()
            async for data in response.aiter_raw():
                for text in decoder.feed(data):
                    yield text

    async def aclose(self) -> None:
        await self._client.aclose()


class _Boto3InThreads:
    """A stream is read in one thread from its first event to its last; its pieces are handed over together."""

    def __init__(self, url: str, tls: SSLContext | None = None) -> None:
        from concurrent.futures import ThreadPoolExecutor

        import boto3  # type: ignore[import-untyped]  # it ships no types
        from botocore.config import Config  # type: ignore[import-untyped]  # nor does this

        del tls
        self._threads = ThreadPoolExecutor(64)
        self._client: Any = boto3.client(
            "bedrock-runtime",
            region_name=work.REGION,
            endpoint_url=url,
            aws_access_key_id=work.ACCESS_KEY_ID,
            aws_secret_access_key=work.SECRET_ACCESS_KEY,
            config=Config(max_pool_connections=64),
        )

    async def complete(self) -> str:
        text: str = await self._in_thread(self._complete)
        return text

    async def deltas(self) -> AsyncIterator[str]:
        for text in await self._in_thread(self._deltas):
            yield text

    async def aclose(self) -> None:
        self._client.close()
        self._threads.shutdown()

    def _in_thread(self, function: Callable[[], Any]) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._threads, function)

    def _complete(self) -> Any:
        answer = self._client.converse(modelId=work.MODEL, **work.converse_body())
        return answer["output"]["message"]["content"][0]["text"]

    def _deltas(self) -> list[str]:
        answer = self._client.converse_stream(modelId=work.MODEL, **work.converse_body())
        return [
            event["contentBlockDelta"]["delta"]["text"] for event in answer["stream"] if "contentBlockDelta" in event
        ]


def _httpx2_client(tls: SSLContext | None) -> Any:
    import httpx2

    limits = httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    return httpx2.AsyncClient(limits=limits, timeout=60, trust_env=False, verify=tls or True)


def _floor(url: str, tls: SSLContext | None = None) -> Peer:
    from benchmarks.floor import Floor

    return Floor(url, tls)


PEERS: dict[str, Callable[[str, SSLContext | None], Peer]] = {
    "floor": _floor,
    "aiohttp_raw": _BareAiohttp,
    "httpx2_raw": _BareHttpx2,
    "boto3": _Boto3InThreads,
    "ours": _Ours,
    "ours_uvloop": _Ours,
    "ours_httpx2": _OursOnHttpx2,
}
LOOPS = {"ours_uvloop": "uvloop"}
"""Where the event loop is not asyncio's own: the module that makes it."""
