"""The whole way of a request through the service, without HTTP."""

from __future__ import annotations

import json
from collections import Counter
from urllib.parse import quote

import pytest

from bedrock_llm.catalog.lookup import find
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import Message
from bedrock_llm.response import Response
from bedrock_llm.testing.emulator.service import Service
from bedrock_llm.testing.emulator.verify import Identity
from bedrock_llm.testing.emulator.wire import Received
from tests.shared_data import shared
from tests.testing.emulator.converse_bodies import MODEL, called, said, user

BEARER = (("authorization", "Bearer key"),)


def service(facts=find, now=1767323045.0):
    return Service(Identity("AKID", "secret", "key"), clock=lambda: now, facts=facts)


def ask(emulated, body, *, model=MODEL, operation="converse"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return emulated.handle(Received("POST", f"/model/{quote(model, safe='')}/{operation}", "", BEARER, data))


def read(answer):
    return json.loads(b"".join(answer.chunks))


def test_every_recorded_request_is_answered_or_refused_as_it_was():
    emulated, seen = service(), Counter()
    for line in shared("corpus/interactions.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        body = record["request"].get("body")
        if record["api"] in ("converse", "converse-stream") and body is not None:
            answer = ask(emulated, body, model=record["model"], operation=record["api"])
            seen[record["response"]["status"], answer.status] += 1
    assert seen == {(200, 200): 199, (400, 400): 4}
    assert len(emulated.requests) == 199


def test_a_request_is_kept_as_a_request_before_it_is_answered():
    emulated = service()
    emulated.script.add(lambda request: f"{len(emulated.requests)} {request.get('max_tokens')}")
    answer = ask(emulated, said(inferenceConfig={"maxTokens": 7}))
    assert read(answer)["output"]["message"]["content"] == [{"text": "1 7"}]


def test_input_beyond_the_window_is_refused_and_not_kept():
    emulated = service(facts=lambda model: ModelConfig(context_window=50))
    answer = ask(emulated, said(user("many words " * 100)))
    assert (answer.status, read(answer)) == (400, {"message": "Input is too long for requested model."})
    assert not emulated.requests
    assert len(emulated.received) == 1


def test_usage_is_counted_in_and_out():
    emulated = service()
    emulated.script.add("Four words for you.")
    usage = read(ask(emulated, called()))["usage"]
    assert usage == {"inputTokens": usage["inputTokens"], "outputTokens": 5, "totalTokens": usage["inputTokens"] + 5}
    assert usage["inputTokens"] > 20


def test_response_fields_that_are_asked_for_are_answered_where_the_answer_has_them():
    emulated = service()
    paths = {"additionalModelResponseFieldPaths": ["/stop_sequence", "/missing"]}
    stopped = read(ask(emulated, said(inferenceConfig={"stopSequences": ["emulator"]}, **paths)))
    assert (stopped["stopReason"], stopped["additionalModelResponseFields"]) == (
        "stop_sequence",
        {"stop_sequence": "emulator"},
    )
    assert "additionalModelResponseFields" not in read(ask(emulated, said(**paths)))


def test_tier_and_performance_are_repeated():
    body = said(serviceTier={"type": "flex"}, performanceConfig={"latency": "standard"})
    answer = read(ask(service(facts=lambda model: ModelConfig()), body))
    assert (answer["serviceTier"], answer["performanceConfig"]) == ({"type": "flex"}, {"latency": "standard"})


def test_a_message_of_the_users_is_no_answer():
    emulated = service()
    emulated.script.add(lambda request: Message.user("mine"))
    answer = ask(emulated, said())
    assert answer.status == 500
    assert "reply must be a string" in read(answer)["message"]


@pytest.mark.parametrize("kind", ["throttle", "cut", "stall", "bad_crc", "stream_exception"])
def test_a_fault_calls_no_function_of_the_script(kind):
    emulated = service()
    emulated.script.add(lambda request: pytest.fail("it was called"))
    emulated.faults.add(kind)
    ask(emulated, said(), operation="converse-stream")
    assert len(emulated.requests) == 1


def test_an_empty_answer_can_go_wrong_too():
    emulated = service()
    emulated.script.add(Response(message=Message.assistant()))
    emulated.faults.add("cut")
    answer = ask(emulated, said(), operation="converse-stream")
    assert len(answer.chunks) == 1
    assert b"messageStart" in answer.chunks[0]
