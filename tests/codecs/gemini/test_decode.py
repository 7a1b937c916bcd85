"""Whole answers of generateContent."""

from __future__ import annotations

import pytest

from bedrock_llm.errors import ProtocolError, RateLimitError
from bedrock_llm.messages import Audio, Citation, Document, Image, Opaque, Text, Thinking, ToolCall, Video
from bedrock_llm.response import StopReason, Usage
from tests.codecs.gemini.objects import answered, call, candidate, model, read, text, thought


def test_texts_that_follow_one_another_are_one_part_and_what_says_nothing_is_none():
    response = read(answered(text(""), text("Hel"), text("lo"), text(""), thought("Hm"), thought("m"), text("!")))
    assert response.message.parts == (Text("Hello"), Thinking("Hmm", family="gemini"), Text("!"))
    assert (response.stop_reason, response.raw_stop_reason, response.warnings) == (StopReason.stop, "STOP", ())


def test_a_model_without_a_family_is_taken_for_gemini():
    assert read(answered(thought("Hm")), model(None)).message.parts == (Thinking("Hm", family="gemini"),)
    assert read(answered(thought("Hm")), model("gemma")).message.parts == (Thinking("Hm", family="gemma"),)


@pytest.mark.parametrize(
    ("part", "parts"),
    [
        (text("a", thoughtSignature="s"), [Thinking("", "s"), Text("a")]),
        (text("", thoughtSignature="s"), [Thinking("", None, "s")]),
        (thought("a", thoughtSignature="s"), [Thinking("a", "s")]),
        (thought("", thoughtSignature="s"), [Opaque("gemini", "thought", thought("", thoughtSignature="s"))]),
        ({"thoughtSignature": "s"}, [Opaque("gemini", "thoughtSignature", {"thoughtSignature": "s"})]),
        (call(args={}, id="c", signature="s"), [Thinking("", "s"), ToolCall("c", "weather", {})]),
        (
            {"inlineData": {"mimeType": "image/png", "data": "eA=="}, "thoughtSignature": "s"},
            [Thinking("", "s"), Image(b"x", media_type="image/png")],
        ),
        (
            {"executableCode": {"code": "1"}, "thoughtSignature": "s"},
            [Opaque("gemini", "executableCode", {"executableCode": {"code": "1"}, "thoughtSignature": "s"})],
        ),
    ],
)
def test_a_signature_stands_beside_its_part_whatever_it_is(part, parts):
    made = read(answered(part)).message.parts
    assert [entry.to_dict() | {"family": None} for entry in made] == [
        entry.to_dict() | {"family": None} for entry in parts
    ]
    assert all(entry.family == "gemini" for entry in made if isinstance(entry, Thinking))


def test_a_signed_text_stays_a_part_of_its_own():
    response = read(answered(text("a"), text("b", thoughtSignature="s"), text("c"), text("", thoughtSignature="t")))
    seal, behind = Thinking("", "s", None, "gemini"), Thinking("", None, "t", "gemini")
    assert response.message.parts == (Text("a"), seal, Text("b"), Text("c"), behind)
    assert (response.text, response.thinking) == ("abc", "")


def test_a_call_decides_the_stop_reason_and_gets_an_id_of_its_answer_and_place():
    response = read(answered(text("I look."), call(args={"city": "Oslo"}), call("time", id="own")))
    assert response.message.parts == (
        Text("I look."), ToolCall("gemini-r1-0", "weather", {"city": "Oslo"}), ToolCall("own", "time", {}),
    )  # fmt: skip
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.tool_use, "STOP")
    assert read({"candidates": [candidate(call(), word="STOP")]}).tool_calls[0].id == "gemini-call-0"


def test_arguments_that_are_no_object_stay_as_text_with_the_error_beside_them():
    made = read(answered(call(args=[1, "ä"]))).tool_calls[0]
    assert (made.arguments, made.raw_arguments, made.invalid) == (None, '[1, "ä"]', True)


@pytest.mark.parametrize(
    ("kind", "part"), [("image/png", Image), ("audio/wav", Audio), ("video/mp4", Video), ("application/pdf", Document)]
)
def test_bytes_in_an_answer_are_media(kind, part):
    made = read(answered({"inlineData": {"mimeType": kind, "data": "eA=="}})).message.parts
    assert made == (part(b"x", media_type=kind),)


@pytest.mark.parametrize(
    "part",
    [
        {"inlineData": {"mimeType": "image/png", "data": "_-=="}},
        {"inlineData": {"mimeType": "image/png", "data": "eB=="}},  # would be written otherwise
        {"inlineData": {"mimeType": "image/png", "data": "eA==", "displayName": "a"}},
        {"inlineData": {"mimeType": "png", "data": "eA=="}},
        {"inlineData": {"mimeType": "image/png", "data": "eA=="}, "thought": True},
        {"fileData": {"fileUri": "https://x/y"}},
        {"toolCall": {"id": "x", "toolType": "GOOGLE_SEARCH_WEB"}},
        {"novelty": {"a": 1}},
    ],
)
def test_a_part_that_none_of_ours_holds_all_of_is_kept_whole(part):
    (made,) = read(answered(part)).message.parts
    assert (made.provider, made.data) == ("gemini", part)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", StopReason.stop),
        ("MAX_TOKENS", StopReason.length),
        ("SAFETY", StopReason.content_filter),
        ("RECITATION", StopReason.content_filter),
        ("PROHIBITED_CONTENT", StopReason.content_filter),
        ("CONTINUATION", StopReason.pause),
        ("MALFORMED_FUNCTION_CALL", StopReason.error),
        ("OTHER", StopReason.error),
        (2, StopReason.length),
    ],
)
def test_the_reasons_of_the_wire(word, reason):
    response = read(answered(text("a"), word=word))
    assert (response.stop_reason, response.raw_stop_reason) == (reason, str(word))


def test_an_unknown_reason_is_told():
    response = read(answered(text("a"), word="TIRED"))
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.other, "TIRED")
    assert "'TIRED'" in response.warnings[0].message


def test_an_answer_that_failed_says_why():
    response = read(answered(word="MALFORMED_FUNCTION_CALL", finishMessage="no such function"))
    assert response.message.parts == ()
    assert [warning.message for warning in response.warnings] == [
        "the answer failed (MALFORMED_FUNCTION_CALL): no such function"
    ]


def test_a_blocked_prompt_is_an_empty_answer_with_a_warning():
    data = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}}
    response = read(data)
    assert (response.message.parts, response.stop_reason) == ((), StopReason.content_filter)
    assert (response.raw_stop_reason, response.usage.total_tokens) == ("SAFETY", 4)
    assert "blocked (SAFETY)" in response.warnings[0].message


def test_an_answer_may_have_no_content_and_an_answer_without_candidates_says_that_it_lacks_the_reason():
    assert read({"candidates": [{"finishReason": "SAFETY"}]}).stop_reason is StopReason.content_filter
    nothing = read({"usageMetadata": {}, "responseId": "r"})
    assert (nothing.stop_reason, nothing.warnings[0].kind) == (StopReason.other, "incomplete")


def test_further_candidates_stay_in_raw_with_a_warning():
    data = answered(text("a"))
    data["candidates"].append({**candidate(text("b"), word="STOP"), "index": 1})
    response = read(data)
    assert (response.text, response.warnings[0].parameter) == ("a", "n")
    assert response.raw is data


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        (
            {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
            Usage(10, 0, None, None, 5, 0, 0, None, 0, None, 0),
        ),
        (
            {"promptTokenCount": 10, "cachedContentTokenCount": 4, "toolUsePromptTokenCount": 3,
             "candidatesTokenCount": 5, "thoughtsTokenCount": 7, "totalTokenCount": 25},
            Usage(9, 4, None, None, 12, 0, 0, None, 0, None, 7),
        ),
        (  # what is not there is nothing
            {"promptTokenCount": 10, "totalTokenCount": 10},
            Usage(10, 0, None, None, 0, 0, 0, None, 0, None, 0),
        ),
        (  # the thoughts are in it, as the sum shows
            {"promptTokenCount": 10, "candidatesTokenCount": 9, "thoughtsTokenCount": 4, "totalTokenCount": 19},
            Usage(10, 0, None, None, 9, 0, 0, None, 0, None, 4),
        ),
        (
            {"promptTokenCount": 100, "cachedContentTokenCount": 30, "candidatesTokenCount": 8, "totalTokenCount": 108,
             "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 40}, {"modality": "TEXT", "tokenCount": 60}],
             "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 10}],
             "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}]},
            Usage(40, 30, None, None, 5, 30, 3, None, 0, None, 0),
        ),
        ({"trafficType": "ON_DEMAND"}, Usage()),
        ({"promptTokenCount": "many"}, Usage()),
        (None, Usage()),
    ],
)  # fmt: skip
def test_counts_come_in_buckets_that_do_not_overlap(counts, usage):
    found = read(answered(text("a"), usage=counts)).usage
    assert found == usage
    if usage.input_tokens is not None:
        assert found.total_tokens == counts["totalTokenCount"]


WEB = {"web": {"uri": "https://a", "title": "A"}}
OWN = {"retrievedContext": {"text": "words", "title": "B", "fileSearchStore": "s"}}
SEGMENT = {"segment": {"endIndex": 3, "text": "abc"}}


def test_each_claim_is_cited_with_each_of_its_sources_on_the_last_text():
    support = {**SEGMENT, "groundingChunkIndices": [0, 1, 9]}
    grounding = {"groundingChunks": [WEB, OWN], "groundingSupports": [support], "webSearchQueries": ["", "q", "r"]}
    response = read(answered(text("abc"), text("", thoughtSignature="s"), groundingMetadata=grounding))
    first = Citation(None, "A", "https://a", {"groundingSupport": support, "groundingChunk": WEB})
    second = Citation("words", "B", None, {"groundingSupport": support, "groundingChunk": OWN})
    assert response.message.parts == (Text("abc", (first, second)), Thinking("", None, "s", "gemini"))
    assert response.usage.searches == 2


def test_what_is_recited_is_cited_where_its_source_is_told():
    entries = [{}, {"uri": "https://x", "title": "X", "startIndex": 1}]
    response = read(answered(text("a"), call(), citationMetadata={"citations": entries}))
    assert response.message.parts[2] == Text("", (Citation(None, "X", "https://x", entries[1]),))


@pytest.mark.parametrize(
    "data",
    [
        "x",
        [],
        {},
        {"id": 1},
        {"candidates": {}},
        {"candidates": ["x"]},
        {"candidates": [{"content": "x"}]},
        {"candidates": [{"content": {"parts": "x"}}]},
        {"candidates": [{"content": {"parts": ["x"]}}]},
        {"candidates": [{"finishReason": 1.5}]},
        answered({"text": 7}),
        answered({"functionCall": 7}),
        answered({"functionCall": {"args": {"a": 1}}}),
        answered({"functionCall": {"name": 7}}),
        answered({"functionCall": {"name": "n", "id": 7}}),
        answered({"text": "a", "thoughtSignature": 7}),
        answered({"inlineData": 7}),
        answered(groundingMetadata={"groundingChunks": [7], "groundingSupports": [{"groundingChunkIndices": [0]}]}),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(data):
    with pytest.raises(ProtocolError):
        read(data)


@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: [error]])
def test_an_error_that_came_as_a_success_is_raised(wrap):
    with pytest.raises(RateLimitError, match="slow down"):
        read(wrap({"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}}))
