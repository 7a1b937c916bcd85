"""Counting by the provider: a request's input tokens, as their own API says.

Here: Bedrock's CountTokens around what a codec writes, and which model id it takes. Not here: estimates (tokens/),
when to try again (operations/). Called by: remote.py.
Follows: the service model `bedrock-runtime/2023-09-30`, CountTokens.

Rule: what is counted is what would be sent: the codec writes the request as for an answer, and the members that count
are taken out of it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bedrock_llm.catalog.lookup import without_geo
from bedrock_llm.codecs.shared.reading import Json, count, object_of, read_document
from bedrock_llm.codecs.shared.writing import to_bytes
from bedrock_llm.errors import LLMError, ProtocolError, RejectedRequestError, UnsupportedFeatureError
from bedrock_llm.media.files import load
from bedrock_llm.models.exchange import Operation, exchange
from bedrock_llm.request import Request
from bedrock_llm.response import TokenCount

if TYPE_CHECKING:
    from bedrock_llm.models.remote import RemoteModel

__all__ = ["base_id", "count_at_provider"]

_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")
_NAMING_RESOURCES = ("foundation-model", "inference-profile")  # ARNs that end in a model id
_HINT = (
    "CountTokens takes a base model's id, and models that are offered only through inference profiles cannot be "
    "counted so: source='estimate' counts without asking"
)


async def count_at_provider(model: RemoteModel, request: Request) -> TokenCount:
    """Input tokens of a prepared request, as CountTokens says; nothing is charged for it.

    Raises:
        UnsupportedFeatureError: The model, its wire or its name cannot be counted so; nothing was sent.
        LLMError: The call failed.
    """
    write, features = _FORMS.get(model.codec.name), model.config.features
    if write is None or (features is not None and not features.get("count_tokens")):
        raise _unsupported(model, f"{model.config.model} cannot be counted by its provider; only Bedrock is asked to")
    name = base_id(model.base_model or model.config.model or "")
    if name is None:
        text = f"CountTokens takes a base model's id, and {model.config.model} does not tell it: give base_model="
        raise _unsupported(model, text)
    body = model.codec.encode(await load(request), model.config, stream=False).body
    data = to_bytes({"input": write(body)})
    operation = Operation("CountTokens", "POST", model.provider.url(name, "count-tokens"), data, "bedrock:CountTokens")
    try:
        return await exchange(model.wire, operation, _read)
    except LLMError as error:
        error.model = error.model or model.config.model
        raise _hinted(error) from error.__cause__


def base_id(name: str) -> str | None:
    """The base model's id in a name: out of an ARN, without geographic prefix; None for an ARN that tells none."""
    if name.startswith("arn:"):
        kind, _, name = name.split(":", 5)[-1].partition("/")
        if kind not in _NAMING_RESOURCES:
            return None
    return without_geo(name)


def _converse(body: bytes) -> Json:
    written = read_document(body)
    return {"converse": {name: written[name] for name in _COUNTED if name in written}}


def _invoke(body: bytes) -> Json:
    return {"invokeModel": {"body": base64.b64encode(body).decode("ascii")}}


# How a body is put into CountTokens, by the wire that wrote it; a wire that is absent cannot be counted.
_FORMS: Mapping[str, Callable[[bytes], Json]] = {"converse": _converse, "invoke": _invoke}


def _read(body: bytes) -> TokenCount:
    tokens = count(object_of(read_document(body), "the answer").get("inputTokens"))
    if tokens is None:
        raise ProtocolError("the answer of CountTokens has no inputTokens", excerpt=repr(body[:200]))
    return TokenCount(tokens, "provider", 0)


def _hinted(error: LLMError) -> LLMError:
    lowered = error.message.lower()
    if isinstance(error, RejectedRequestError) and any(word in lowered for word in ("model identifier", "support")):
        error.args = (f"{error.message} (hint: {_HINT})", *error.args[1:])
    return error


def _unsupported(model: RemoteModel, text: str) -> UnsupportedFeatureError:
    return UnsupportedFeatureError(
        text, parameter="source", value="provider", allowed="'estimate'", model=model.config.model
    )
