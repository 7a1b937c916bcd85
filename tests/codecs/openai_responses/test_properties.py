"""What must hold for any answer and any cut."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError
from bedrock_llm.events import empty_response, events_of, fold
from tests.codecs.converse.test_properties import JSON, OBJECTS, WORDS
from tests.codecs.openai_responses.wire import (
    BODY,
    PLAIN,
    added,
    answer,
    call,
    cut_anyhow,
    done,
    events_read,
    folded,
    grows,
    lines,
    message,
    reasoning,
    says,
    text_part,
)

KNOWN = ModelConfig(family="gpt")
CITED = st.lists(st.builds(lambda url: {"type": "url_citation", "url": url}, WORDS), max_size=2)


@st.composite
def items(draw, index):
    """An item, and the events that it comes in."""
    kind = draw(st.sampled_from(["message", "reasoning", "call", "custom", "own"]))
    events = []
    if kind == "message":
        content, phase = [], draw(st.sampled_from([{}, {"phase": "commentary"}]))
        for place in range(draw(st.integers(0, 3))):
            pieces, citations = draw(st.lists(WORDS, max_size=3)), draw(CITED)
            events += [says(piece, index, place) for piece in pieces]
            content.append(text_part("".join(pieces), citations))
            frame = {"output_index": index, "content_index": place, "part": content[-1]}
            events.append({"type": "response.content_part.done", **frame})
        begun, whole = message(**phase), message(*content, **phase)
    elif kind == "reasoning":
        pieces, seal = draw(st.lists(WORDS, max_size=3)), draw(st.sampled_from([{}, {"encrypted_content": "S"}]))
        name = draw(st.sampled_from(["reasoning_text", "reasoning_summary_text"]))
        events += [grows(name, piece, index) for piece in pieces]
        content = {"content": [{"type": "reasoning_text", "text": piece} for piece in pieces]}
        whole = reasoning(*pieces, **seal) if "summary" in name else reasoning(**content, **seal)
        begun = reasoning()
    elif kind == "own":
        begun = whole = {"type": "web_search_call", "id": "ws", "data": draw(JSON)}
    else:
        text = json.dumps(draw(OBJECTS)) if draw(st.booleans()) else draw(WORDS)
        cut = draw(st.integers(0, len(text)))
        custom = {"type": "custom_tool_call", "id": "x", "name": "c"} if kind == "custom" else call()
        member = "input" if kind == "custom" else "arguments"
        begun, whole = ({**custom, "call_id": f"c{index}", member: words} for words in ("", text))
        name = "custom_tool_call_input" if kind == "custom" else "function_call_arguments"
        events += [grows(name, piece, index) for piece in (text[:cut], text[cut:])]
    return whole, [added(begun, index), *events, done(whole, index)]


@st.composite
def answers(draw):
    """An answer, whole and as the events of a stream."""
    made = [draw(items(index)) for index in range(draw(st.integers(0, 4)))]
    reason = draw(st.sampled_from([None, "max_output_tokens", "content_filter", "novel"]))
    fields = {"status": "incomplete", "incomplete_details": {"reason": reason}} if reason else {}
    whole = answer(*(item for item, _ in made), **fields)
    mark = "incomplete" if reason else "completed"
    return whole, [*(event for _, events in made for event in events), {"type": f"response.{mark}", "response": whole}]


@given(answers(), st.sampled_from([PLAIN, KNOWN]))
@settings(max_examples=300, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer(made, config):
    whole, streamed = made
    response = BODY.read(whole, config)
    assert folded(streamed, config) == response.with_(warnings=())
    assert fold(empty_response(), events_of(response)) == response.with_(warnings=())


@given(answers(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_items_may_grow_side_by_side(made, chance):
    whole, streamed = made
    queues = {}
    for event in streamed[:-1]:
        queues.setdefault(event["output_index"], []).append(event)
    opened = [queues[index].pop(0) for index in sorted(queues)]
    mixed = []
    while any(queues.values()):
        mixed.append(queues[chance.choice([index for index, queue in queues.items() if queue])].pop(0))
    assert folded([*opened, *mixed, streamed[-1]]) == BODY.read(whole, PLAIN).with_(warnings=())


@given(answers())
@settings(max_examples=30, deadline=None)
def test_decoding_does_not_depend_on_how_the_bytes_were_cut(made):
    assert cut_anyhow(lines(made[1]), tries=2)


PARTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["output_text", "refusal", "novel"]) | JSON},
    optional={"text": JSON, "refusal": JSON, "annotations": JSON},
)
ITEMS = JSON | st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "reasoning", "function_call", "custom_tool_call", "novel"])},
    optional={
        "content": JSON | st.lists(PARTS, max_size=2), "summary": JSON, "encrypted_content": JSON, "id": JSON,
        "call_id": JSON, "name": JSON, "arguments": JSON, "input": JSON, "status": JSON, "phase": JSON,
    },
)  # fmt: skip
ANSWERS = st.fixed_dictionaries({}, optional={
    "output": JSON | st.lists(ITEMS, max_size=3), "usage": JSON, "status": JSON, "error": JSON,
    "incomplete_details": JSON | st.fixed_dictionaries({"reason": JSON}),
}) | JSON  # fmt: skip
KINDS = st.sampled_from(
    ["response.created", "response.output_item.added", "response.output_item.done", "response.content_part.done",
     "response.output_text.delta", "response.refusal.delta", "response.output_text.annotation.added",
     "response.function_call_arguments.delta", "response.reasoning_text.delta", "response.completed",
     "response.failed", "error", "novel"]
)  # fmt: skip
EVENTS = JSON | st.fixed_dictionaries({"type": KINDS | JSON}, optional={
    "output_index": st.integers(0, 2) | JSON, "content_index": st.integers(0, 2) | JSON, "item_id": JSON,
    "item": ITEMS, "part": PARTS | JSON, "delta": WORDS | JSON, "annotation": JSON, "response": ANSWERS, "error": JSON,
})  # fmt: skip


@given(st.lists(EVENTS, max_size=6))
@settings(max_examples=400, deadline=None)
def test_whatever_a_stream_says_only_our_errors_come_out(objects):
    with contextlib.suppress(LLMError):
        events_read(objects)


@given(ANSWERS)
@settings(max_examples=300, deadline=None)
def test_whatever_a_body_says_only_our_errors_come_out(data):
    with contextlib.suppress(LLMError):
        BODY.read(data, PLAIN)
