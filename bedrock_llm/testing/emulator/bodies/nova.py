"""Amazon Nova's own body, as the service takes and writes it.

Here: the members that stand elsewhere than in Converse, moved, so that Converse's rules and readers hold. Not here:
those rules and readers (schema.py, validate.py, facts.py, parse.py, encode.py). Called by: service.
Follows: the Nova user guide, "Complete request schema" and "Invoke API".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response
from bedrock_llm.testing.emulator.encode import Extras, converse_body, stream_events, wire_usage
from bedrock_llm.testing.emulator.facts import check_features
from bedrock_llm.testing.emulator.native import NativeBody, Object
from bedrock_llm.testing.emulator.parse import parse_converse
from bedrock_llm.testing.emulator.schema import malformed
from bedrock_llm.testing.emulator.validate import Invalid, blocks, validate

__all__ = ["BODY"]

_MEMBERS = frozenset({"schemaVersion", "messages", "system", "inferenceConfig", "toolConfig", "reasoningConfig"})
_ALIASES = {"max_new_tokens": "maxTokens", "top_p": "topP", "top_k": "topK"}
_FIELDS = "additionalModelRequestFields"
_SOME_NOVA = "amazon.nova"  # stands for the model where its name is not known; the route has checked it
_SCHEMA = "messages-v1"
_MAX_TOP_K = 128


def _check(body: Object, config: ModelConfig, stream: bool) -> None:  # the seam's order
    for name in body:
        if name not in _MEMBERS:
            raise malformed((), f"extraneous key [{name}] is not permitted")
    if body.get("schemaVersion") not in (None, _SCHEMA):
        raise malformed(("schemaVersion",), f"the value must be {_SCHEMA}")
    inference = body.get("inferenceConfig")
    if inference is not None and not isinstance(inference, Mapping):
        raise malformed(("inferenceConfig",), "expected type: JSONObject")
    converse = validate(_as_converse(body), config.model or _SOME_NOVA, stream=stream)
    for where, kind, _, _ in blocks(converse):
        if kind == "document":
            raise Invalid(f"The document block at {where} is not supported by this operation. Use Converse instead.")
    top_k = (converse.get(_FIELDS) or {}).get("inferenceConfig", {}).get("topK")
    if top_k is not None and not (isinstance(top_k, int) and 0 <= top_k <= _MAX_TOP_K):
        raise malformed(("inferenceConfig", "topK"), f"the value must be a whole number from 0 to {_MAX_TOP_K}")
    check_features(converse, config, stream=stream)


def _as_converse(body: Object) -> dict[str, Any]:
    """The same request as Converse has it."""
    made = {name: value for name, value in body.items() if name not in ("schemaVersion", "reasoningConfig")}
    fields: dict[str, Any] = {}
    if isinstance(body.get("inferenceConfig"), Mapping):
        inference = {_ALIASES.get(name, name): value for name, value in body["inferenceConfig"].items()}
        if "topK" in inference:
            fields["inferenceConfig"] = {"topK": inference.pop("topK")}
        made["inferenceConfig"] = inference
    if body.get("reasoningConfig") is not None:
        fields["reasoningConfig"] = body["reasoningConfig"]
    return {**made, _FIELDS: fields} if fields else made


def _parse(body: Object, config: ModelConfig) -> Request:
    request = parse_converse(_as_converse(body), config)
    version = body.get("schemaVersion")
    if version is None:
        return request
    return request.with_(extra_body={**request.get("extra_body", {}), "schemaVersion": version})


def _usage(response: Response[Any]) -> dict[str, Any]:
    counts = wire_usage(response.usage)
    read, written = counts.pop("cacheReadInputTokens", 0), counts.pop("cacheWriteInputTokens", 0)
    counts.pop("cacheDetails", None)
    return {**counts, "cacheReadInputTokenCount": read, "cacheWriteInputTokenCount": written}


def _answer(response: Response[Any]) -> dict[str, Any]:
    body = converse_body(response, Extras())
    return {"output": body["output"], "stopReason": body["stopReason"], "usage": _usage(response)}


def _chunks(response: Response[Any]) -> Iterator[dict[str, Any]]:
    """Converse's events as objects; every piece of a text is a block of its own."""
    shift, open_text = 0, False
    for kind, payload in stream_events(response, Extras()):
        if kind == "metadata":
            yield {"metadata": {"usage": _usage(response), "metrics": {}, "trace": {}}}
            continue
        index = payload.get("contentBlockIndex")
        if index is None:
            yield {kind: payload}
        elif "text" in payload.get("delta", {}):
            shift += open_text
            yield {kind: {**payload, "contentBlockIndex": index + shift}}
            yield {"contentBlockStop": {"contentBlockIndex": index + shift}}
            open_text = True
        elif kind == "contentBlockStop" and open_text:
            open_text = False
        else:
            yield {kind: {**payload, "contentBlockIndex": index + shift}}


BODY = NativeBody(_check, _parse, _answer, _chunks)
