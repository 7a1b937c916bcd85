"""llama_prompt: prompts as requests, refusals, and answers as the service writes them."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.codecs.llama_prompt import LlamaPromptBody
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Image, Message, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.bodies.llama_prompt import BODY
from bedrock_llm.testing.emulator.wire import Refusal
from tests.codecs.shared.text_bodies import config_of, read_objects, records_of

CODEC = InvokeCodec(LlamaPromptBody())
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "default": {"type": "dict"}}}}
TOOLS = [ToolSpec("f", "Does f.", SCHEMA), ToolSpec("g", None, {"type": "object", "properties": {}})]
TURNS = [Message.user("u1"), Message.assistant("a1"), Message.user("u2")]


def llama(template, form=None, **features):
    return config_of({"body": "llama_prompt", "template": template, "tools": form}, "llama", **features)


ALL = [
    llama("llama-2"), llama("llama-3"), llama("llama-3.1", "json"), llama("llama-3.1", "pythonic"),
    llama("llama-4", "pythonic", images=True),
]  # fmt: skip
EACH = pytest.mark.parametrize(
    "config", ALL, ids=lambda config: "{template}-{tools}".format(**config.features["native"])
)
WITH_TOOLS = pytest.mark.parametrize("config", ALL[2:], ids=["json", "pythonic", "llama-4"])


def written(request, config):
    return json.loads(CODEC.encode(request, config, stream=False).body)


def test_recorded_bodies_are_taken_read_and_written_to_the_same_body():
    unnamed = Counter()
    for record, _ in records_of("meta.llama"):
        if (body := record["request"]["body"]) is None:
            continue
        config = ALL["llama3" in record["model"]]
        BODY.check(body, config, record["streaming"])
        request = BODY.parse(body, config)
        assert written(request, config) == body, record["id"]
        unnamed[record["model"], *request.get("extra_body", ())] += 1
    assert unnamed == {("meta.llama2-13b-chat-v1",): 1, ("meta.llama3-8b-instruct-v1:0", "prompt"): 1}


@EACH
@pytest.mark.parametrize(
    "request_",
    [
        Request.of("u", max_tokens=3, temperature=0, top_p=1),
        Request.of(TURNS, system="s"),
        Request.of(TURNS[:2]),
        Request.of("a\n\nb [x] <y> {z}", system="line\nline", extra_body={"novel": [1]}),
    ],
)
def test_a_body_is_read_to_the_request_it_was_made_of(config, request_):
    assert BODY.parse(written(request_, config), config) == request_


@WITH_TOOLS
@pytest.mark.parametrize("system", [None, "s\n\nt"])
@pytest.mark.parametrize("said", [(), ("Let me see.",)])
def test_tools_calls_and_results_are_read_from_the_prompt(config, system, said):
    if said and config.features["native"]["template"] == "llama-4":
        said = ()  # nothing there tells words from a call behind them
    called = [
        Message.assistant(*said, ToolCall("call_0", "f", {"city": 'S"F\n', "n": [1, None, {"a": -1.5}], "b": True})),
        Message.user(ToolResult("call_0", "boom", is_error=True)),
        Message.assistant(ToolCall("call_1", "g", {})),
        Message.user(ToolResult("call_1", "r"), Text("and?")),
    ]
    request = Request.of([Message.user("u"), *called], system=system, tools=TOOLS)
    assert BODY.parse(written(request, config), config) == request


def test_several_calls_of_one_turn_are_read_with_their_results():
    for config in ALL[2:]:
        calls = Message.assistant(ToolCall("call_0", "f", {"a": 1}), ToolCall("call_1", "g", {}))
        results = Message.user(ToolResult("call_0", "x"), ToolResult("call_1", "y"))
        request = Request.of([Message.user("u"), calls, results])
        assert BODY.parse(written(request, config), config) == request


def test_pictures_are_read_into_their_turns():
    config = ALL[4]
    turns = [Message.user(Image(PNG), "a"), Message.assistant("b"), Message.user(Image(PNG + b"1"), Image(PNG + b"2"))]
    request = Request.of(turns, extra_body={"novel": 1})
    body = written(request, config)
    assert BODY.parse(body, config) == request
    for images in ([], body["images"][:2], [*body["images"], "QUJD"], ["!", "!", "!"]):
        other = {**body, "images": images}
        assert (
            written(BODY.parse(other, config), config) == ({**other} if images else {**body, "images": []})
            or not images
        )


@EACH
@pytest.mark.parametrize(
    "prompt",
    [
        "Hello, how are you?",
        "<|begin_of_text|>hi",
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\nhi<|eot_id|>",
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>",
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eom_id|><|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|begin_of_text|><|start_header_id|>ipython<|end_header_id|>\n\nhi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|begin_of_text|><|header_start|>user<|header_end|>\n\n<|image|>hi<|eot|>"
        "<|header_start|>assistant<|header_end|>\n\n",
        "<s>[INST] hi [/INST] a </s>",
        "<s>[INST] <s>hi [/INST]",
        "<s>[INST] hi [/INST]  a </s><s>[INST] x [/INST]",
        "[INST] hi [/INST]",
    ],
)
def test_a_prompt_that_does_not_follow_its_template_is_one_turn_and_stays_as_it_came(config, prompt):
    request = BODY.parse({"prompt": prompt, "top_p": 1}, config)
    assert request == Request.of([Message.user(prompt)], top_p=1, extra_body={"prompt": prompt})
    assert written(request, config) == {"prompt": prompt, "top_p": 1}


PIECES = [
    "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", "<|header_start|>", "<|eot|>",
    "<|header_end|>\n\n", "system", "user", "assistant", "ipython", "<|image|>", "<|python_tag|>", "[f(a=1)]", "a",
    '{"name": "f", "parameters": {}}', "<s>", "[INST] ", " [/INST]", " </s>", "<<SYS>>\n", "\n<</SYS>>\n\n", " ", "\n",
    "Error: ",
]  # fmt: skip


@EACH
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_a_prompt_is_it_is_written_to_the_same_body_again(config, data):
    open_, close, end = ("<|header_start|>", "<|header_end|>\n\n", "<|eot|>")
    if config is not ALL[4]:
        open_, close, end = ("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>")
    texts = st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
    if config is ALL[0]:
        turns = st.lists(st.sampled_from(["<s>[INST] x [/INST]", " a </s>", " b", "<<SYS>>\ns\n<</SYS>>\n\n"]) | texts)
        prompt = "".join(data.draw(turns))
    else:
        roles = st.sampled_from(["system", "user", "assistant", "assistant", "ipython"])
        turns = data.draw(st.lists(st.tuples(roles, texts), max_size=5))
        prompt = "<|begin_of_text|>" + "".join(f"{open_}{role}{close}{text}{end}" for role, text in turns)
        prompt += f"{open_}assistant{close}{data.draw(st.sampled_from(['', 'The']))}"
    prompt = prompt or "x"
    assert written(BODY.parse({"prompt": prompt}, config), config) == {"prompt": prompt}


@pytest.mark.parametrize(
    "body",
    [
        {}, {"prompt": ""}, {"prompt": "u", "max_gen_len": 0}, {"prompt": "u", "max_gen_len": 4000},
        {"prompt": "u", "temperature": 1.5}, {"prompt": "u", "top_k": 1}, {"prompt": "u", "images": ["QUJD"]},
        {"prompt": "u", "max_gen_len": 1.5}, {"prompt": None},
    ],
)  # fmt: skip
def test_what_the_model_does_not_take_is_refused(body):
    with pytest.raises(Refusal) as caught:
        BODY.check(body, ALL[1], False)
    assert caught.value.code == "ValidationException"


def test_newer_models_answer_longer_and_see():
    BODY.check({"prompt": "u", "max_gen_len": 8192, "images": ["QUJD"]}, ALL[4], True)


@pytest.mark.parametrize("text", ["Hello, this is an answer of several words.\n\nAnd so on.", "[1, 2]", ""])
def test_an_answer_is_written_whole_and_in_pieces_as_the_client_reads_it(text):
    parts = (Text(text),) if text else ()
    response = Response(Message("assistant", parts), StopReason.length, usage=Usage(input_tokens=5, output_tokens=9))
    _same_both_ways(response, StopReason.length)


@pytest.mark.parametrize("count", [1, 3])
def test_calls_are_written_so_that_the_client_reads_them(count):
    calls = tuple(ToolCall(f"x{number}", "f", {"a": [number, None, "ü"]}) for number in range(count))
    usage = Usage(input_tokens=5, output_tokens=9)
    whole = _same_both_ways(
        Response(Message("assistant", calls), StopReason.tool_use, usage=usage), StopReason.tool_use
    )
    assert [(call.name, call.arguments) for call in whole.tool_calls] == [(call.name, call.arguments) for call in calls]


def _same_both_ways(response, reason):
    body = LlamaPromptBody()
    whole = body.read(BODY.answer(response), ALL[2])
    streamed = read_objects(body, list(BODY.chunks(response)), ALL[2])
    assert (streamed.message, streamed.stop_reason, streamed.usage) == (whole.message, reason, response.usage)
    assert (whole.stop_reason, whole.usage, whole.warnings) == (reason, response.usage, ())
    if not response.tool_calls:
        assert whole.message == response.message
    return whole


def test_what_the_body_cannot_say_is_no_answer():
    with pytest.raises(InvalidRequestError):
        BODY.answer(Response(Message.assistant(Thinking("hm"))))
