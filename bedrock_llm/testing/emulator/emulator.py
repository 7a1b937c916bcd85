"""`Emulator`: Amazon Bedrock and the APIs of other makers on a loopback socket, for tests and demonstrations.

Here: the door. Not here: what is behind it (service.py, app.py, server.py). Called by: tests of users and our own, the
CLI.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bedrock_llm.catalog.lookup import find
from bedrock_llm.catalog.overrides import Catalog
from bedrock_llm.config import AWSCredentials, check_secret
from bedrock_llm.errors import UsageError
from bedrock_llm.request import Request
from bedrock_llm.testing.emulator.app import EmulatorApp
from bedrock_llm.testing.emulator.faults import FaultKind
from bedrock_llm.testing.emulator.operations import Operations
from bedrock_llm.testing.emulator.script import Reply
from bedrock_llm.testing.emulator.server import LoopbackServer
from bedrock_llm.testing.emulator.service import Service
from bedrock_llm.testing.emulator.verify import Identity
from bedrock_llm.testing.emulator.wire import Received

__all__ = ["Emulator"]

_REGION = "us-east-1"
_ACCESS_KEY_ID = "AKIAEMULATOREXAMPLE0"
_SECRET_ACCESS_KEY = "emulator/secret/access/key/made/up/00000"  # made up: it opens nothing
_API_KEY = "emulator-api-key-made-up-000000000000"


class Emulator:
    """Bedrock's Converse, InvokeModel and other operations, served on loopback while the `with` block runs.

    It checks signatures and bearer tokens, refuses what Bedrock would refuse, and answers from a script (`reply`) or,
    without one, by simple rules of its own. No model is asked, ever. What AWS calls secret is made up here.

    It speaks Anthropic's, OpenAI's, Gemini's, Cohere's and Ollama's APIs too, with `api_key` as their key. The base
    URL of OpenAI's is `url + "/v1"`, that of Gemini's `url + "/v1beta"`, that of the others `url`.

        with Emulator() as emulator:
            emulator.reply("Hello!")
            where = {"base_url": emulator.url, "region": emulator.region, "credentials": emulator.credentials}
            client = LLMClient("bedrock/us.anthropic.claude-sonnet-4-6", **where)

    Args:
        access_key_id: The keys that signed requests must be made with; by default made-up ones.
        secret_access_key: Their secret.
        api_key: The bearer token to take.
        session_token: What signed requests must carry beside the keys, or None.
        region: Refuse signatures for other regions; None takes any.
        host: Where to listen.
        port: 0 lets the system choose.
        delay_s: Seconds between the pieces of a streamed answer.
        use_tools: Whether answers without a script call a tool that the prompt names.
        catalog: Facts of models, laid over the built-in ones, as `LLMClient` takes them.
        clock: Seconds since the epoch.

    Attributes:
        access_key_id: Of the only keys that it takes.
        secret_access_key: Their secret.
        api_key: The only bearer token that it takes.
        region: A region to sign for; others are taken too unless one was given.
        app: The same as an ASGI application, for tests without a socket.
    """

    def __init__(  # noqa: PLR0913  # all are optional and named
        self,
        *,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        api_key: str | None = None,
        session_token: str | None = None,
        region: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        delay_s: float = 0,
        use_tools: bool = True,
        catalog: Path | str | Mapping[str, Mapping[str, Any]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.access_key_id: str = _ACCESS_KEY_ID if access_key_id is None else access_key_id
        self.secret_access_key: str = _SECRET_ACCESS_KEY if secret_access_key is None else secret_access_key
        self.api_key: str = check_secret("api_key", _API_KEY if api_key is None else api_key)
        self.session_token: str | None = session_token
        self.region: str = region or _REGION
        self.credentials: AWSCredentials = AWSCredentials(self.access_key_id, self.secret_access_key, session_token)
        rows = None if catalog is None else Catalog.of(catalog)
        identity = Identity(self.access_key_id, self.secret_access_key, self.api_key, session_token, region)
        self._service = Service(
            identity,
            clock=clock,
            facts=lambda model, provider="bedrock": find(model, provider=provider, overrides=rows),
            delay_s=delay_s,
            use_tools=use_tools,
        )
        self.app: EmulatorApp = EmulatorApp(self._service)
        self._listen_at = (host, port)
        self._server: LoopbackServer | None = None
        self._url: str | None = None

    def __enter__(self) -> Self:
        if self._server is not None:
            raise UsageError("this emulator is running already")
        host, port = self._listen_at
        server = LoopbackServer(self.app, host=host, port=port)
        server.start()
        shown = f"[{server.host}]" if ":" in server.host else server.host
        self._server, self._url = server, f"http://{shown}:{server.port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    @property
    def url(self) -> str:
        """Where it serves, e.g. `http://127.0.0.1:40123`: the `base_url` of a client.

        Raises:
            UsageError: It was not entered yet.
        """
        if self._url is None:
            raise UsageError("the emulator has no address yet: write `with Emulator() as emulator:`")
        return self._url

    @property
    def requests(self) -> tuple[Request, ...]:
        """What was asked, oldest first: every valid request, those that were answered with a fault included.

        The last 10,000 are kept, of `received` too.
        """
        return tuple(self._service.requests)

    @property
    def received(self) -> tuple[Received, ...]:
        """Every request as it came, oldest first, refused ones included: method, path, headers, body."""
        return tuple(self._service.received)

    @property
    def operations(self) -> Operations:
        """What it does beside answers, and how: its `guardrails`, `invocations` and `account` can be set."""
        return self._service.operations

    @property
    def open_connections(self) -> int:
        """Connections that stand at the server now, idle ones included; 0 when it does not serve."""
        return 0 if self._server is None else self._server.open_connections

    @property
    def delay_s(self) -> float:
        """Seconds between the pieces of a streamed answer; can be set at any time."""
        return self._service.delay_s

    @delay_s.setter
    def delay_s(self, value: float) -> None:
        self._service.delay_s = value

    def reply(self, reply: Reply) -> None:
        """Queue an answer; the first queued is the first given.

        Args:
            reply: A string, a `Message.assistant(...)`, a `Response` (for its stop reason and usage), or a function
                that is given the `Request` and returns one of these. A function stays: it answers every request from
                its turn on.

        Raises:
            InvalidRequestError: It is none of these.
        """
        self._service.script.add(reply)

    def fail(self, kind: FaultKind, times: int = 1, *, retry_after_s: float | None = None) -> None:
        """Let the next valid requests fail; the script keeps its answers.

        Args:
            kind: "throttle" (429), "server_error" (500), "overloaded" (503), "not_ready" (429), "expired_token" (403),
                "access_denied" (403), "not_found" (404), each as the API that was asked says it;
                "stream_exception" (a stream breaks off with an exception event; without streaming 424), "cut" (a stream
                ends early but properly, a body is cut off), "disconnect" (the connection is torn), "stall" (nothing
                more comes), "bad_crc" (a damaged frame; without streaming a body that is not JSON).
            times: How many requests.
            retry_after_s: With a refusal: how long the service asks the client to wait.

        Raises:
            InvalidRequestError: There is no such fault, or `times` is not a whole number from 1.
        """
        self._service.faults.add(kind, times, retry_after_s)

    def reset(self) -> None:
        """Forget queued answers and faults, and what was seen."""
        for kept in (self._service.script, self._service.faults, self._service.requests, self._service.received):
            kept.clear()

    def __repr__(self) -> str:
        return f"Emulator({self._url or 'not serving'}, {len(self._service.requests)} requests)"
