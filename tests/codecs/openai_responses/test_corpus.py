"""Recorded answers of the Responses API at all its hosts, each to its expected content."""

from __future__ import annotations

import collections
import json

import pytest

from bedrock_llm.codecs.openai_responses.errors import error_of
from bedrock_llm.errors import ProviderError
from bedrock_llm.events import empty_response, events_of, fold
from tests.codecs.openai_responses.wire import BODY, PLAIN, body_of, calls_of, cut_anyhow, events_of_lines, records


def is_response(record):
    """An answer, also one that was looked up later; not the compaction of a history, which is none."""
    return record["api"] in ("responses", "responses-get")


def answer_of(record):
    data, status = body_of(record), record["response"]["status"]
    if status != 200:
        raise error_of(json.loads(data), status)
    if record["streaming"]:
        return fold(empty_response(), events_of_lines(data))
    response = BODY.read(json.loads(data), PLAIN)
    assert fold(empty_response(), events_of(response)) == response.with_(warnings=())
    return response


def differences(response, expected):
    """Names of what is not as expected."""
    usage = response.usage
    got = {
        "text": response.text,
        "thinking": response.thinking,
        "tool_calls": calls_of(response),
        "stop": response.raw_stop_reason,
        "input": usage.total_input_tokens,
        "output": usage.output_tokens,
        "total": usage.total_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write": usage.cache_write_tokens,
        "reasoning": usage.reasoning_tokens,
    }
    return {name for name, value in {**expected, **expected["usage"]}.items() if name in got and got[name] != value}


def test_every_recorded_answer_is_read_to_its_expected_content():
    counts = collections.Counter()
    for record, expected in records(is_response):
        error = expected["error"]
        if error:
            with pytest.raises(ProviderError) as caught:
                answer_of(record)
            said = (caught.value.message, caught.value.code)
            assert said == (error["message"], error["code"] or error["type"]), record["id"]
        else:
            assert not differences(answer_of(record), expected), record["id"]
        counts[record["provider"], "error" if error else "streamed" if record["streaming"] else "whole"] += 1
    print("\n".join(f"{count} of {key} are as expected" for key, count in sorted(counts.items())))
    assert sum(counts.values()) > 400


def test_the_fold_of_a_recorded_stream_is_the_answer_that_its_last_event_holds():
    found = 0
    for record, expected in records(lambda record: is_response(record) and record["streaming"]):
        if expected["error"]:
            continue
        whole = fold(empty_response(), events_of_lines(body_of(record)))
        read = BODY.read(whole.raw, PLAIN)
        assert [part.__class__ for part in whole.message.parts] == [part.__class__ for part in read.message.parts]
        assert (whole.text, whole.thinking, whole.tool_calls) == (read.text, read.thinking, read.tool_calls)
        assert (whole.usage, whole.raw_stop_reason) == (read.usage, read.raw_stop_reason), record["id"]
        found += 1
    assert found > 150


def test_recorded_streams_do_not_depend_on_how_they_are_cut():
    tried = 0
    for record, expected in records(lambda record: is_response(record) and record["streaming"]):
        data = body_of(record)
        if not expected["error"] and tried < 40 and len(data) < 30_000:
            assert cut_anyhow(data, tries=2), record["id"]
            tried += 1
    assert tried == 40
