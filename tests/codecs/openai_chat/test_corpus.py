"""Recorded answers of chat completions, Bedrock's and others', each to its expected content.

The others come over lines of `data:`, which are split here: what carries them is not what is tested.
"""

from __future__ import annotations

import collections
import json

import pytest

from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.codecs.openai_chat import ChatBody
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProviderError, StreamInterruptedError
from bedrock_llm.events import empty_response, events_of, fold
from tests.codecs.openai_chat.wire import body_of, calls_of, cut_anyhow, frames, objects_read, records

BODY = ChatBody()
PLAIN = ModelConfig()


def is_chat(record):
    """An answer in this body: also a completion, and Writer's, which the corpus files elsewhere."""
    if record["response"]["status"] != 200:
        return False
    marketplace = record["api"] == "invoke" and ":sagemaker:" in record["model"]
    return record["api"] == "chat" or marketplace or (record["provider"], record["api"]) == ("writer", "cohere-chat")


def objects_of(data):
    lines = [line[5:].strip() for line in data.decode("utf-8", "replace").splitlines() if line.startswith("data:")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def answer_of(record):
    data = body_of(record)
    if record["api"] == "invoke":
        return InvokeCodec(BODY).decode(data, record["response"]["headers"], PLAIN)
    if record["streaming"]:
        return objects_read(BODY, objects_of(data), PLAIN)[0]
    response = BODY.read(json.loads(data), PLAIN)
    assert fold(empty_response(), events_of(response)) == response.with_(warnings=())
    return response


def differences(response, expected):
    """Names of what is not as expected."""
    usage = response.usage
    spoken = None if usage.output_tokens is None else usage.output_tokens + (usage.output_audio_tokens or 0)
    got = {
        "text": response.text,
        "thinking": response.thinking,
        "tool_calls": [call for call in calls_of(response) if call["name"]],
        "stop": response.raw_stop_reason,
        "input": usage.total_input_tokens,
        "output": spoken,
        "total": usage.total_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write": usage.cache_write_tokens,
        "reasoning": usage.reasoning_tokens,
    }
    said = [call for call in expected["tool_calls"] if call["name"]]
    for place, call in enumerate(said):
        if call["id"] is None:  # the wire has none
            call["id"] = f"call_{place}"
    return {
        name
        for name, value in {**expected, **expected["usage"], "tool_calls": said}.items()
        if name in got and got[name] != value
    }


def reason_for(found, response):
    """Why an answer rightly differs from the raw numbers of the corpus, or None."""
    if found == {"output"} and response.usage.reasoning_tokens:
        return "completion_tokens without the reasoning, which total_tokens holds"
    if found <= {"input", "total"} and response.usage.cache_read_tokens > response.usage.input_tokens:
        return "prompt_tokens without what the cache gave"
    if found == {"input"} and response.usage.input_audio_tokens:
        return "prompt_tokens without the audio, which total_tokens holds"
    return None


def test_every_recorded_answer_is_read_to_its_expected_content():
    counts, reasons = collections.Counter(), collections.Counter()
    for record, expected in records(is_chat):
        if expected["error"] or not (expected["complete"] or expected.get("done_marker")):
            with pytest.raises(ProviderError if expected["error"] else StreamInterruptedError) as caught:
                answer_of(record)
            assert expected["error"] is None or caught.value.message == expected["error"]["message"], record["id"]
            counts["broken off"] += 1
            continue
        response = answer_of(record)
        found = differences(response, expected)
        if found:
            assert reason_for(found, response), (record["id"], found)
            reasons[reason_for(found, response)] += 1
        counts["streamed" if record["streaming"] else "whole"] += 1
    print(f"{counts} of recorded answers; counted otherwise: {reasons}")
    assert sum(counts.values()) > 800
    assert sum(reasons.values()) < 40


def test_recorded_chunks_in_frames_do_not_depend_on_how_they_are_cut():
    tried = 0
    for record, expected in records(lambda record: is_chat(record) and record["streaming"]):
        data = body_of(record)
        if tried == 25 or len(data) > 30_000 or expected["error"] or not expected["complete"]:
            continue
        assert cut_anyhow(BODY, frames(objects_of(data)), PLAIN, tries=2), record["id"]
        tried += 1
    assert tried == 25
