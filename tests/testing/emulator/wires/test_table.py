"""Which path is which API, and what all of them do alike; without HTTP."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.catalog.lookup import find
from bedrock_llm.testing.emulator.service import Service
from bedrock_llm.testing.emulator.verify import Identity
from bedrock_llm.testing.emulator.wire import Received
from bedrock_llm.testing.emulator.wires import wire_call

CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hi"}]}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
KEY = (("authorization", "Bearer key"), ("anthropic-version", "2023-06-01"))
ASKED = [
    ("/v1/messages", {**CHAT, "model": "claude-sonnet-4-6", "max_tokens": 50}),
    ("/v1/chat/completions", CHAT),
    ("/v1/responses", {"model": "gpt-4.1", "input": "Hi"}),
    ("/v1beta/models/gemini-2.5-flash:generateContent", GEMINI),
    ("/v2/chat", {**CHAT, "model": "command-a-03-2025"}),
    ("/api/chat", {**CHAT, "stream": False}),
    ("/anthropic/v1/messages", {**CHAT, "model": "us.anthropic.claude-sonnet-4-6", "max_tokens": 50}),
    ("/openai/v1/chat/completions", {**CHAT, "model": "openai.gpt-oss-120b"}),
    ("/openai/v1/responses", {"model": "openai.gpt-oss-120b", "input": "Hi"}),
]


def service():
    return Service(Identity("AKID", "secret", "key"), clock=lambda: 1767323045.0, facts=find)


def ask(emulated, path, body, headers=KEY, method="POST"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    path, _, query = path.partition("?")
    return emulated.handle(Received(method, path, query, headers, data))


def read(answer):
    return json.loads(b"".join(answer.chunks))


@pytest.mark.parametrize(("path", "body"), ASKED, ids=[path for path, _ in ASKED])
def test_every_path_answers_and_keeps_what_was_asked(path, body):
    emulated = service()
    answer = ask(emulated, path, body)
    assert (answer.status, answer.names_itself) == (200, True)
    assert "emulator" in json.dumps(read(answer))
    assert [message.text for message in emulated.requests[0].messages] == ["Hi"]


@pytest.mark.parametrize(("path", "body"), ASKED, ids=[path for path, _ in ASKED])
def test_the_same_request_gets_the_same_answer_under_another_id(path, body):
    first, second = (read(ask(service(), path, body)) for _ in range(2))
    names = ("id", "responseId", "created", "created_at", "completed_at")
    assert first != second or path == "/api/chat"  # that one has no ids
    for made in (first, second):
        for name in names:
            made.pop(name, None)
    assert first == second


@pytest.mark.parametrize(("path", "body"), ASKED, ids=[path for path, _ in ASKED])
def test_a_body_that_is_no_json_is_refused_in_the_apis_own_shape(path, body):
    for data in (b"{", b"[]"):
        answer = ask(service(), path, data)
        assert answer.status == 400
        assert "x-amzn-errortype" not in answer.headers
        assert "Exception" not in json.dumps(read(answer))
    assert body


@pytest.mark.parametrize(("path", "body"), ASKED, ids=[path for path, _ in ASKED])
def test_a_function_of_the_script_that_fails_is_a_server_error(path, body):
    emulated = service()
    emulated.script.add(lambda request: 1 / 0)
    answer = ask(emulated, path, body)
    assert answer.status == 500
    assert "ZeroDivisionError" in json.dumps(read(answer))


def test_facts_are_those_of_whoever_is_asked():
    asked = []

    def facts(model, provider="bedrock"):
        asked.append((provider, model))
        return find(model, provider=provider)

    emulated = Service(Identity("AKID", "secret", "key"), clock=lambda: 1767323045.0, facts=facts)
    for path, body in ASKED:
        ask(emulated, path, body)
    assert asked == [
        ("anthropic", "claude-sonnet-4-6"),
        ("openai", "gpt-4.1"),
        ("openai", "gpt-4.1"),
        ("google", "gemini-2.5-flash"),
        ("cohere", "command-a-03-2025"),
        ("ollama", "gpt-4.1"),
        ("bedrock", "us.anthropic.claude-sonnet-4-6"),
        ("bedrock", "openai.gpt-oss-120b"),
        ("bedrock", "openai.gpt-oss-120b"),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/gemini-2.5-flash:generateContent",
        "/v1beta1/projects/p/locations/eu/publishers/google/models/gemini-2.5-flash:generateContent",
    ],
)
def test_gemini_is_found_at_vertex_too(path):
    assert ask(service(), path, GEMINI).status == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/messages"), ("POST", "/v1/embeddings"), ("POST", "/v1/messages/more")]
)
def test_other_paths_are_nobodys(method, path):
    assert wire_call(Received(method, path)) is None
    assert ask(service(), path, CHAT, method=method).status == 404


def test_bedrocks_paths_do_not_take_a_makers_key_header():
    for path, body in ASKED[-3:]:
        answer = ask(service(), path, body, headers=(("x-api-key", "key"),))
        assert answer.status == 403
        assert answer.headers["x-amzn-errortype"].startswith("MissingAuthenticationTokenException")


def test_coheres_events_have_names_and_its_end_tells_an_error():
    emulated = service()
    emulated.script.add("One two three four.")
    emulated.faults.add("stream_exception")
    frames = ask(emulated, "/v2/chat", {**ASKED[4][1], "stream": True}).chunks
    assert frames[0].startswith(b"event: message-start\ndata: {")
    assert json.loads(frames[-1].partition(b"data: ")[2])["delta"]["finish_reason"] == "ERROR"


def test_ollama_streams_lines_unless_told_otherwise_and_asks_for_no_key():
    emulated = service()
    emulated.script.add("One two three.")
    answer = ask(emulated, "/api/chat", CHAT, headers=())
    lines = [json.loads(line) for line in b"".join(answer.chunks).splitlines()]
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    assert {line["model"] for line in lines} == {"gpt-4.1"}
    assert ask(emulated, "/api/chat", CHAT, headers=(("authorization", "Bearer wrong"),)).status == 401


def test_newer_messages_know_whose_turn_a_block_belongs_to():
    cited = {"type": "text", "text": "a", "citations": [{"type": "char_location", "cited_text": "a"}]}
    body = {**ASKED[0][1], "messages": [{"role": "user", "content": [cited]}]}
    newer = (KEY[0], ("anthropic-version", "2026-10-21"))
    assert ask(service(), "/v1/messages", body).status == 200
    refused = ask(service(), "/v1/messages", body, headers=newer)
    assert "must not have `citations`" in read(refused)["error"]["message"]
    assert ask(service(), "/v1/messages", body, headers=KEY[:1]).status == 400
