"""What is fuzzed: each target takes a seeded `Random` and raises where a promise is broken.

Here: the targets and the answers and requests that they damage. Not here: how (mutations.py), how often (run.py).

Promises: only our own errors come out; the events of a stream, or its error, do not depend on the cuts; an answer that
is read whole is what its events fold to; a request is refused, or written the same way twice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from random import Random
from typing import Any

from bedrock_llm.apis import BODIES
from bedrock_llm.catalog.lookup import find
from bedrock_llm.codecs.base import Codec, StreamDecoder
from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError
from bedrock_llm.events import Event, empty_response, events_of, fold
from bedrock_llm.framing.aws_eventstream import EventStreamDecoder, encode_frame
from bedrock_llm.framing.ndjson import NDJSONDecoder
from bedrock_llm.framing.sse import SSEDecoder
from bedrock_llm.messages import Citation, Message, Text, Thinking, ToolCall
from bedrock_llm.output import with_schemas
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.encode import Extras, converse_body, stream_frames
from tests.fuzz.mutations import cuts, damaged_bytes, damaged_json

__all__ = ["TARGETS"]

STREAM = {"content-type": "application/vnd.amazon.eventstream"}
WHOLE = {"content-type": "application/json"}

# A model of each native body, and the answers that it could give.
MODELS: Mapping[str, str] = {
    "ai21_j2": "ai21.j2-mid-v1",
    "anthropic_messages": "anthropic.claude-sonnet-4-6",
    "cohere_chat": "cohere.command-r-v1:0",
    "cohere_prompt": "cohere.command-text-v14",
    "deepseek_prompt": "deepseek.r1-v1:0",
    "llama_prompt": "meta.llama3-1-70b-instruct-v1:0",
    "mistral_prompt": "mistral.mistral-7b-instruct-v0:2",
    "nova": "amazon.nova-pro-v1:0",
    "openai_chat": "qwen.qwen3-32b-v1:0",
    "titan_text": "amazon.titan-text-express-v1",
}
TEXT = Text("It is 3 °C in Oslo, \u2028 and <b>raining</b>.")
CALL = ToolCall("call_1", "get_weather", {"city": "Oslo", "days": [1, 2]})
RICH = {"anthropic_messages", "converse", "nova", "openai_chat"}  # bodies with tool calls and reasoning of their own
USAGE = Usage(11, 0, 0, 0, 7)


def _answers(name: str) -> list[Response[Any]]:
    plain = Response(message=Message.assistant(TEXT), stop_reason=StopReason.stop, usage=USAGE)
    if name not in RICH:
        return [plain]
    calls = Message.assistant(Text("Let me look."), CALL, ToolCall("call_2", "get_weather", {}))
    made = [plain, Response(message=calls, stop_reason=StopReason.tool_use, usage=USAGE)]
    if name in ("converse", "anthropic_messages"):
        thought = Message.assistant(Thinking("Hm.", "c2ln", None, "claude"), TEXT)
        made.append(Response(message=thought, stop_reason=StopReason.stop, usage=USAGE))
    if name == "converse":
        cited = Message.assistant(Text("It rains.", (Citation("rain", "The sky", "sky.txt"),)))
        made.append(Response(message=cited, stop_reason=StopReason.stop, usage=USAGE))
    return made


@cache
def _body(name: str) -> Any:
    module, _, made = BODIES[name].partition(":")
    return getattr(import_module(module), made)()


@cache
def _service(name: str) -> Any:
    return import_module(f"bedrock_llm.testing.emulator.bodies.{name}").BODY


def _codec(name: str) -> Codec:
    return ConverseCodec() if name == "converse" else InvokeCodec(_body(name))


def _config(name: str) -> ModelConfig:
    return find(MODELS.get(name, "anthropic.claude-sonnet-4-6"))


# --- answers ----------------------------------------------------------------------------------------------------------


def _whole(name: str, response: Response[Any]) -> Any:
    made = converse_body(response, Extras()) if name == "converse" else _service(name).answer(response)
    return json.loads(json.dumps(made))


def _streamed(name: str, response: Response[Any]) -> list[tuple[str, Any]]:
    """Event types and payloads."""
    if name == "converse":
        decoder = EventStreamDecoder()
        frames = [frame for data in stream_frames(response, Extras()) for frame in decoder.feed(data)]
        return [(str(frame.headers[":event-type"]), json.loads(frame.payload)) for frame in frames]
    return [("chunk", chunk) for chunk in json.loads(json.dumps(list(_service(name).chunks(response))))]


def _frame(name: str, kind: str, payload: Any) -> bytes:
    text = json.dumps(payload).encode()
    if name != "converse":
        text = json.dumps({"bytes": base64.b64encode(text).decode(), "p": "abc"}).encode()
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return encode_frame(headers, text)


def _read(decoder: StreamDecoder, pieces: Iterable[bytes]) -> tuple[list[Event], str | None]:
    """All events, and the kind of the error that ended them."""
    events: list[Event] = []
    try:
        for piece in pieces:
            events += decoder.feed(piece)
            if decoder.complete:
                break
        events += decoder.close()
    except LLMError as error:
        return events, f"{type(error).__name__}: {error.message}"
    return events, None


def damaged_stream(name: str) -> Callable[[Random], None]:
    """Frames whose payloads are damaged; now and then the frames themselves."""

    def run(random: Random) -> None:
        events = _streamed(name, random.choice(_answers(name)))
        for _ in range(random.randint(1, 2)):
            place = random.randrange(len(events))
            kind, payload = events[place]
            events[place] = (kind, damaged_json(random, payload))
        if random.random() < 0.2:
            events.insert(random.randint(0, len(events)), random.choice(events))
        if random.random() < 0.2:
            del events[random.randrange(len(events))]
        data = b"".join(_frame(name, kind, payload) for kind, payload in events)
        data = damaged_bytes(random, data) if random.random() < 0.2 else data
        codec, config = _codec(name), _config(name)
        whole = _read(codec.decoder(STREAM, config), [data])
        assert _read(codec.decoder(STREAM, config), cuts(random, data)) == whole
        fold(empty_response(), whole[0])

    return run


def damaged_answer(name: str) -> Callable[[Random], None]:
    """A whole answer, its JSON or its bytes damaged."""

    def run(random: Random) -> None:
        made = damaged_json(random, _whole(name, random.choice(_answers(name))))
        data = json.dumps(made).encode()
        data = damaged_bytes(random, data) if random.random() < 0.3 else data
        codec, config = _codec(name), _config(name)
        try:
            response = codec.decode(data, {}, config)
        except LLMError:
            return
        known = fold(empty_response(), events_of(response))
        assert known == response.with_(warnings=()), name
        json.dumps(response.to_dict())

    return run


# --- the rest ---------------------------------------------------------------------------------------------------------


def frames(random: Random) -> None:
    """Event-stream frames, damaged as bytes."""
    good = [
        _frame("converse", "contentBlockDelta", {"delta": {"text": "x" * random.randint(0, 300)}}) for _ in range(3)
    ]
    data = damaged_bytes(random, b"".join(good))
    outcomes = []
    for pieces in ([data], cuts(random, data)):
        decoder, found = EventStreamDecoder(), []
        try:
            for piece in pieces:
                found += [(dict(frame.headers), bytes(frame.payload)) for frame in decoder.feed(piece)]
            decoder.close()
        except LLMError as error:
            found.append(type(error))
        outcomes.append(found)
    assert outcomes[0] == outcomes[1]


LINE_ENDS = ("\n", "\r\n", "\r")
FIELDS = ("data: %s", "data:%s", "event: add", "id: 7", ": a heartbeat", "retry: 100", "data", "note: x")


def _pieces_read(decoder: SSEDecoder | NDJSONDecoder, pieces: Iterable[bytes]) -> list[Any]:
    """What a decoder makes of a body, and what the error after it says."""
    found: list[Any] = []
    try:
        for piece in pieces:
            found += decoder.feed(piece)
        found += decoder.close()
    except LLMError as error:
        found.append(f"{type(error).__name__}: {error.message}")
    return found


def server_sent_events(random: Random) -> None:
    """Events of all kinds of lines, damaged as bytes."""
    text = json.dumps({"delta": "\u00fc\u2028 " + "x" * random.randint(0, 100)}, ensure_ascii=False)
    lines = [random.choice((*FIELDS, "data: %s", "", "")).replace("%s", text) for _ in range(random.randint(1, 20))]
    made = "".join(line + random.choice(LINE_ENDS) for line in lines).encode()
    data = damaged_bytes(random, random.choice((b"", b"\xef\xbb\xbf")) + made)
    whole = _pieces_read(SSEDecoder(), [data])
    assert _pieces_read(SSEDecoder(), cuts(random, data)) == whole
    for event in whole:
        event.data.decode()


def json_lines(random: Random) -> None:
    """Lines of JSON, damaged as bytes."""
    text = json.dumps({"message": {"content": "\u00fc\u2028 " + "x" * random.randint(0, 100)}}, ensure_ascii=False)
    data = damaged_bytes(random, "".join(text + random.choice(("\n", "\r\n", "\n\n")) for _ in range(4)).encode())
    assert _pieces_read(NDJSONDecoder(), cuts(random, data)) == _pieces_read(NDJSONDecoder(), [data])


def refusals(random: Random) -> None:
    """Answers that are no success: any status, headers and body give an error of ours."""
    told = json.dumps({"message": "no", "code": "ValidationException", "originalStatusCode": 500}).encode()
    body = damaged_bytes(random, random.choice((told, b"<html><body>502</body></html>", b"")))
    odd = ("", "0", "-1", "nan", "Fri, 31 Dec 1999 23:59:59 GMT", "1e9", "\xff", "ThrottlingException:http://x/")
    names = ("retry-after", "x-amzn-errortype", "date", "x-amz-retry-after", "retry-after-ms", "location")
    headers = {name: random.choice(odd) for name in names if random.random() < 0.5}
    error = ConverseCodec().decode_error(random.randint(300, 599), headers, body)
    assert isinstance(error, LLMError)
    assert error.retry_after_s is None or 0 <= error.retry_after_s < 1e13


MESSAGES: tuple[Any, ...] = (
    [{"role": "user", "content": [{"text": "hi"}, {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}]}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "w", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "3"},
    ],
    [
        {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "h", "signature": "c2ln"}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]},
    ],
)
PARAMETERS: Mapping[str, Any] = {
    "max_tokens": 100,
    "temperature": 0.5,
    "stop": ["x"],
    "reasoning": "low",
    "system": "s",
    "top_k": 4,
    "tools": [{"type": "function", "function": {"name": "w", "parameters": {"type": "object", "properties": {}}}}],
    "tool_choice": "w",
    "metadata": {"a": "b"},
    "guardrail": {"identifier": "g", "version": "1"},
    "cache": True,
}


def requests(random: Random) -> None:
    """Messages and parameters of any shape: refused by an error of ours, or written the same way twice."""
    messages = damaged_json(random, list(random.choice(MESSAGES)))
    given = {name: PARAMETERS[name] for name in PARAMETERS if random.random() < 0.3}
    parameters = damaged_json(random, given) if random.random() < 0.5 else given
    name = random.choice(("converse", *BODIES))
    codec, config = _codec(name), _config(name)
    try:
        request = Request.of(messages, **parameters if isinstance(parameters, dict) else {})
        prepared, _ = codec.prepare(with_schemas(request), config)
        stream = codec.streams(prepared, config)
        first = codec.encode(prepared, config, stream=stream)
        assert codec.encode(prepared, config, stream=stream) == first
        json.loads(first.body)
    except LLMError:
        return


TARGETS: Mapping[str, Callable[[Random], None]] = {
    "frames": frames,
    "json lines": json_lines,
    "refusals": refusals,
    "requests": requests,
    "server-sent events": server_sent_events,
    **{f"stream {name}": damaged_stream(name) for name in ("converse", *BODIES)},
    **{f"answer {name}": damaged_answer(name) for name in ("converse", *BODIES)},
}
