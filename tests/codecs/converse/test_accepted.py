"""What is prepared and encoded, looked at by the emulator's validator, which keeps the service's rules."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.catalog.lookup import find, known_models
from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.codecs.shared.aws_errors import from_http
from bedrock_llm.errors import InvalidRequestError, NotFoundError, PermissionDeniedError, RejectedRequestError
from bedrock_llm.messages import (
    CachePoint,
    Document,
    Image,
    Message,
    Opaque,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.testing.emulator.facts import check_features
from bedrock_llm.testing.emulator.parse import parse_converse
from bedrock_llm.testing.emulator.validate import validate
from bedrock_llm.testing.emulator.wire import Refusal
from tests.shared_data import shared

CODEC = ConverseCodec()
PNG = Image(b"\x89PNG\r\n\x1a\n" + bytes(8))
TOOLS = (ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}}), ToolSpec("now"))
MODELS = [name.removeprefix("bedrock/") for name in known_models("bedrock")] + ["new.model", "anthropic.claude-next"]

USER = st.sampled_from([Text("a"), Text(" "), Text("b"), PNG, CachePoint(), CachePoint("1h"), Opaque("openai", "x", 1)])
FILES = st.sampled_from([Document(b"x", media_type="text/plain", name="a.b"), Document(b"%PDF-", name="a b")])
SAID = st.sampled_from(
    [
        Text("a"),
        Text(""),
        Text("b \n"),
        Thinking("t"),
        Thinking("t", "sig", None, "claude"),
        Thinking("", None, "YQ==", "claude"),
        Thinking("t", None, None, "nova"),
        CachePoint(),
    ]
)


@st.composite
def conversations(draw):
    """Turns in any order, with calls that have results, late ones, or none."""
    messages, open_calls = [], []
    for number in range(draw(st.integers(1, 6))):
        role = draw(st.sampled_from(["user", "user", "assistant", "assistant", "system"]))
        if role == "user":
            parts = draw(st.lists(USER, max_size=3)) + draw(st.lists(FILES, max_size=1))
            for call in open_calls if draw(st.booleans()) else ():
                content = draw(st.sampled_from(["", "3", (Text("4"),), (PNG,), '{"a": 1}']))
                parts.append(ToolResult(call, content, draw(st.booleans())))
            messages.append(Message("user", draw(st.permutations(parts))))
            open_calls = [] if any(isinstance(part, ToolResult) for part in parts) else open_calls
        elif role == "assistant":
            parts = draw(st.lists(SAID, max_size=3))
            if draw(st.booleans()):
                open_calls.append(f"call/{number}")
                parts.append(ToolCall(f"call/{number}", draw(st.sampled_from(["add", "odd name"])), {"a": number}))
            messages.append(Message("assistant", parts))
        else:
            messages.append(Message.system(draw(st.sampled_from(["s", " "]))))
    return messages


PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "system": st.sampled_from(["s", "", (Text("s"), CachePoint())]),
        "max_tokens": st.integers(1500, 4000),
        "temperature": st.sampled_from([0, 0.5, 1]),
        "top_p": st.sampled_from([0.5, 1]),
        "top_k": st.integers(1, 40),
        "seed": st.integers(),
        "stop": st.just(("x",)),
        "reasoning": st.sampled_from(["low", "medium", "high", 1024, False]),
        "tools": st.sampled_from([TOOLS, TOOLS[:1], (*TOOLS, CachePoint())]),
        "tool_choice": st.sampled_from(["auto", "none"]),
        "parallel_tool_calls": st.booleans(),
        "cache": st.sampled_from([True, False, "5m", "1h"]),
        "service_tier": st.sampled_from(["default", "flex"]),
        "latency": st.sampled_from(["standard", "optimized"]),
    },
)


def refused(config, request, *, stream):
    """The service's refusal of a prepared request, or None."""
    body = json.loads(CODEC.encode(request, config, stream=stream).body)
    try:
        checked = validate(body, config.model, stream=stream)
        check_features(checked, config, stream=stream)
    except Refusal as refusal:
        return refusal
    return None


@given(st.sampled_from(MODELS), conversations(), PARAMETERS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_what_is_prepared_is_accepted(model, messages, parameters, force):
    if force and parameters.get("tools"):
        parameters = {**parameters, "tool_choice": "add"}
    config = find(model)
    try:
        prepared, _ = CODEC.prepare(Request.of(messages, **parameters), config)
        stream = CODEC.streams(prepared, config)
        refusal = refused(config, prepared, stream=stream)
    except InvalidRequestError as error:
        problem = error
    else:
        problem = None
    if problem is not None:
        assert problem.parameter
        assert problem.allowed
        return
    assert refusal is None, refusal
    assert CODEC.prepare(prepared, config)[0] == prepared


def test_recorded_requests_that_the_service_took_are_taken_after_preparing():
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    records = [r for line in lines if '"converse' in line and (r := json.loads(line))["api"].startswith("converse")]
    taken = 0
    for record in records:
        if record["response"]["status"] != 200 or record["request"]["body"] is None or record["model"] == "unknown":
            continue
        config = find(record["model"])
        prepared, _ = CODEC.prepare(parse_converse(record["request"]["body"], config), config)
        assert refused(config, prepared, stream=record["streaming"]) is None, record["id"]
        taken += 1
    assert taken == 199


@pytest.mark.parametrize(
    ("status", "kind"), [(400, RejectedRequestError), (403, PermissionDeniedError), (404, NotFoundError)]
)
def test_refusals_of_the_emulator_are_read_as_they_are_meant(status, kind):
    body = json.dumps({"message": "no"}).encode()
    names = {400: "ValidationException", 403: "AccessDeniedException", 404: "ResourceNotFoundException"}
    assert type(from_http(status, {"x-amzn-errortype": names[status]}, body)) is kind
