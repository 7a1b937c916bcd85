"""Recorded answers of Ollama's chat, each to its expected content."""

from __future__ import annotations

import collections

from bedrock_llm.events import empty_response, events_of, fold
from tests.codecs.cohere_v2.wire import cut_anyhow, events_of_stream
from tests.codecs.ollama_chat.wire import CODEC, OLLAMA
from tests.codecs.openai_chat.wire import body_of, calls_of, records


def said(response):
    """The answer in the words of expected.jsonl."""
    return {
        "text": response.text,
        "thinking": response.thinking,
        "tool_calls": calls_of(response),
        "stop": response.raw_stop_reason,
        "input": response.usage.input_tokens,
        "output": response.usage.output_tokens,
    }


def test_every_recorded_answer_is_read_to_its_expected_content():
    counts = collections.Counter()
    for record, expected in records(lambda record: record["api"] == "ollama-chat"):
        data, status = body_of(record), record["response"]["status"]
        if status != 200:
            error = CODEC.decode_error(status, {}, data)
            assert (error.status, error.message) == (status, expected["error"]["message"]), record["id"]
            counts["errors"] += 1
            continue
        if record["streaming"]:
            response = fold(empty_response(), events_of_stream(data, codec=CODEC))
            assert cut_anyhow(data, tries=2, codec=CODEC)
        else:
            response = CODEC.decode(data, {}, OLLAMA)
            assert fold(empty_response(), events_of(response)) == response.with_(warnings=())
        usage = {"input": None, "output": None, **expected["usage"]}
        wanted = {name: expected[name] for name in ("text", "thinking", "tool_calls", "stop")}
        assert said(response) == {**wanted, "input": usage["input"], "output": usage["output"]}, record["id"]
        counts["streamed" if record["streaming"] else "whole"] += 1
    print(f"{dict(counts)} of recorded answers")
    assert sum(counts.values()) >= 8
