"""CountTokens.

Here: which models are counted, and both forms of the input. Not here: the counter (usage.py). Called by: table.

Rule: the count is the one that an answer to the same request would report.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from bedrock_llm.catalog.lookup import without_geo
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError
from bedrock_llm.request import Request
from bedrock_llm.testing.emulator.invoke import native_of
from bedrock_llm.testing.emulator.operations.call import OperationCall
from bedrock_llm.testing.emulator.parse import parse_converse
from bedrock_llm.testing.emulator.validate import Invalid, check_model, validate

__all__ = ["TokenCounting"]

_NOT_COUNTED = "The provided model doesn't support counting tokens."
_COUNTED_FAMILY = "claude"
_CLAUDE = ModelConfig(family=_COUNTED_FAMILY, features={"native": {"body": "anthropic_messages"}})


class TokenCounting:
    """Counts input.

    Args:
        facts: What is known of a model.
        count: Tokens of a request, as answers count them.
    """

    def __init__(self, facts: Callable[[str], ModelConfig], count: Callable[[Request, ModelConfig], int]) -> None:
        self._facts = facts
        self._count = count

    def count(self, call: OperationCall) -> dict[str, Any]:
        """CountTokens' answer."""
        model = call.names["model"]
        check_model(model)
        config = self._facts(model)
        if model.startswith("arn:") or without_geo(model) != model or config.family not in (None, _COUNTED_FAMILY):
            raise Invalid(_NOT_COUNTED)
        form, given = next((name, value) for name, value in call.body["input"].items() if value is not None)
        read = _converse if form == "converse" else _native
        try:
            return {"inputTokens": self._count(read(given, model, config), config)}
        except LLMError as error:
            raise Invalid(error.message) from error


def _converse(given: dict[str, Any], model: str, config: ModelConfig) -> Request:
    return parse_converse(validate(given, model, stream=False), config)


def _native(given: dict[str, Any], model: str, config: ModelConfig) -> Request:
    """Claude's own body, whatever is known of the model."""
    del model
    body, native = _body(given["body"]), native_of(_CLAUDE)
    native.check(body, config, False)  # the seam's order
    return native.parse(body, config)


def _body(encoded: str) -> dict[str, Any]:
    try:
        body = json.loads(base64.b64decode(encoded))
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Invalid("Malformed input request, please reformat your input and try again.")
    return body
