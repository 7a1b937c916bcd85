"""Which request is which operation.

Here: `Operations`, the table of routes and what they share. Not here: any operation (one file each). Called by:
service.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from jiter import from_json

from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.testing.emulator.operations.account import Account
from bedrock_llm.testing.emulator.operations.call import OperationCall
from bedrock_llm.testing.emulator.operations.counting import TokenCounting
from bedrock_llm.testing.emulator.operations.guardrails import Guardrails
from bedrock_llm.testing.emulator.operations.invocations import Invocations
from bedrock_llm.testing.emulator.operations.shapes import (
    APPLY_GUARDRAIL,
    COUNT_TOKENS,
    GUARDRAIL_CHECKS,
    START_ASYNC_INVOKE,
)
from bedrock_llm.testing.emulator.schema import Check
from bedrock_llm.testing.emulator.wire import Answer, Received, Refusal, json_answer

__all__ = ["Operations"]


class _Route(NamedTuple):
    """A method and a path, what its body must look like, and who answers."""

    method: str
    path: re.Pattern[str]
    answer: Callable[[OperationCall], dict[str, Any]]
    shape: Check | None


class Operations:
    """Bedrock's operations beside answers.

    Args:
        facts: What is known of a model.
        count: Tokens of a request, as answers count them.
        region: The account's.

    Attributes:
        guardrails: What guardrails and checks find.
        invocations: The asynchronous invocations.
        account: The models and profiles that can be reached.
    """

    def __init__(
        self, facts: Callable[[str], ModelConfig], count: Callable[[Request, ModelConfig], int], region: str
    ) -> None:
        self.guardrails: Guardrails = Guardrails()
        self.invocations: Invocations = Invocations(region)
        self.account: Account = Account(facts, region)
        self._routes = (
            _route("POST", "/model/<model>/count-tokens", TokenCounting(facts, count).count, COUNT_TOKENS),
            _route("POST", "/guardrail/<identifier>/version/<version>/apply", self.guardrails.apply, APPLY_GUARDRAIL),
            _route("POST", "/guardrail-checks/invoke", self.guardrails.check, GUARDRAIL_CHECKS),
            _route("POST", "/async-invoke", self.invocations.start, START_ASYNC_INVOKE),
            _route("GET", "/async-invoke", self.invocations.list),
            _route("GET", "/async-invoke/<arn>", self.invocations.get),
            _route("GET", "/foundation-models", self.account.models),
            _route("GET", "/inference-profiles", self.account.profiles),
            _route("GET", "/inference-profiles/<identifier>", self.account.profile),
        )

    def find(self, received: Received, now: float) -> Callable[[], Answer] | None:
        """What answers a request, or None where it is none of these operations.

        Args:
            received: As it came.
            now: Seconds since the epoch.
        """
        for route in self._routes:
            found = route.path.fullmatch(received.path)
            if found is not None and received.method == route.method:
                names = {name: unquote(value) for name, value in found.groupdict().items()}
                return lambda: _answer(route, names, received, now)
        return None


def _route(
    method: str, path: str, answer: Callable[[OperationCall], dict[str, Any]], shape: Check | None = None
) -> _Route:
    return _Route(method, re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path)), answer, shape)


def _answer(route: _Route, names: dict[str, str], received: Received, now: float) -> Answer:
    body = None
    if route.shape is not None:
        body = _json(received.body)
        route.shape(body, ())
    query = dict(parse_qsl(received.query, keep_blank_values=True))
    return json_answer(route.answer(OperationCall(names, query, body, now)))


def _json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError as error:
        raise Refusal("SerializationException", f"The body is not JSON: {error}") from error
