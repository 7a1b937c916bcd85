"""Llama's templates, filled: the prompt to the letter."""

from __future__ import annotations

import base64
import json

import pytest

from bedrock_llm.codecs.llama_prompt import LlamaPromptBody
from bedrock_llm.codecs.llama_prompt.schema import JSON_TOOLS, PYTHONIC_TOOLS
from bedrock_llm.errors import ConfigurationError, InvalidRequestError, UnsupportedFeatureError
from bedrock_llm.messages import Image, Message, Text, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from tests.codecs.shared.text_bodies import config_of, prepared

BODY = LlamaPromptBody()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
WEATHER = ToolSpec("get_weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
HISTORY = [
    Message.user("Weather?"),
    Message.assistant(ToolCall("1", "get_weather", {"city": 'S"F', "days": [1, None, True, {"a": 1.5}]})),
    Message.user(ToolResult("1", '{"t": 20}')),
]


def llama(template, form=None, **features):
    native = {"body": "llama_prompt", "template": template, "tools": form}
    return config_of(native, "llama", tool_result_beside="nothing", **features)


def prompt(request, config):
    return prepared(BODY, request, config)[0]["prompt"]


TURNS = [Message.user("u1"), Message.assistant("a1"), Message.user("u2")]


@pytest.mark.parametrize(
    ("messages", "system", "expected"),
    [
        ("u1", None, "<s>[INST] u1 [/INST]"),
        ("u1", "s", "<s>[INST] <<SYS>>\ns\n<</SYS>>\n\nu1 [/INST]"),
        (TURNS, "s", "<s>[INST] <<SYS>>\ns\n<</SYS>>\n\nu1 [/INST] a1 </s><s>[INST] u2 [/INST]"),
        (TURNS, None, "<s>[INST] u1 [/INST] a1 </s><s>[INST] u2 [/INST]"),
        ([Message.user("u1"), Message.assistant("  a1 ")], None, "<s>[INST] u1 [/INST] a1"),
        ([Message.system("s"), Message.user("u")], "r", "<s>[INST] <<SYS>>\nr\n\ns\n<</SYS>>\n\nu [/INST]"),
        ("hi [INST]<<SYS>></s>", None, "<s>[INST] hi [ INST]< <SYS>>< /s> [/INST]"),
    ],
)
def test_llama_2_is_written_to_the_letter(messages, system, expected):
    assert prompt(Request.of(messages, system=system), llama("llama-2")) == expected


@pytest.mark.parametrize(
    ("template", "opened", "closed", "end"),
    [
        ("llama-3", "<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>"),
        ("llama-3.1", "<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>"),
        ("llama-4", "<|header_start|>", "<|header_end|>\n\n", "<|eot|>"),
    ],
)
def test_llama_3_and_4_are_written_to_the_letter(template, opened, closed, end):
    config = llama(template)

    def turn(role, text):
        return f"{opened}{role}{closed}{text}{end}"

    answer = f"{opened}assistant{closed}"
    begin = "<|begin_of_text|>"
    assert prompt(Request.of("u"), config) == begin + turn("user", "u") + answer
    conversation = turn("user", "u1") + turn("assistant", "a1") + turn("user", "u2")
    assert prompt(Request.of(TURNS, system="s"), config) == begin + turn("system", "s") + conversation + answer
    begun = Request.of([Message.user("u"), Message.assistant("The answer is")])
    assert prompt(begun, config) == begin + turn("user", "u") + answer + "The answer is"


def test_the_knobs_have_llamas_names_and_what_it_lacks_is_left_out():
    request = Request.of("u", max_tokens=7, temperature=0, top_p=0.5, stop="x", top_k=3)
    written, warned = prepared(BODY, request, llama("llama-3"))
    assert {name: value for name, value in written.items() if name != "prompt"} == {
        "max_gen_len": 7, "temperature": 0, "top_p": 0.5
    }  # fmt: skip
    assert sorted(warned) == ["stop", "top_k"]


def test_pictures_stand_beside_the_prompt_and_are_marked_at_the_head_of_their_turn():
    request = Request.of([Message.user("a", Image(PNG), Image(PNG + b"2")), Message.assistant("b"), Message.user("c")])
    written = prepared(BODY, request, llama("llama-4", images=True))[0]
    assert written["images"] == [base64.b64encode(PNG).decode(), base64.b64encode(PNG + b"2").decode()]
    assert "user<|header_end|>\n\n<|image|><|image|>a<|eot|>" in written["prompt"]
    assert written["prompt"].count("<|image|>") == 2


def test_a_picture_in_a_tools_result_moves_to_the_users_turn():
    messages = [*HISTORY[:2], Message.user(ToolResult("1", (Text("see"), Image(PNG))))]
    written = prepared(BODY, Request.of(messages), llama("llama-4", "pythonic", images=True))[0]
    assert len(written["images"]) == written["prompt"].count("<|image|>") == 1


@pytest.mark.parametrize("address", ["https://somewhere/a.png", "s3://bucket/a.png"])
def test_a_picture_must_be_given_as_bytes(address):
    request = Request.of([Message.user("a", Image(address))])
    with pytest.raises(UnsupportedFeatureError):
        prompt(request, llama("llama-4", images=True))


@pytest.mark.parametrize(("template", "images"), [("llama-4", None), ("llama-3.1", False), ("llama-2", True)])
def test_pictures_are_refused_where_the_model_is_not_known_to_see(template, images):
    with pytest.raises(UnsupportedFeatureError):
        BODY.prepare(Request.of([Message.user("a", Image(PNG))]), llama(template, images=images))


def test_tools_in_json_are_defined_called_and_answered():
    written = prompt(Request.of(HISTORY, system="s", tools=[WEATHER]), llama("llama-3.1", "json"))
    definition = {"type": "function", "function": {"name": "get_weather", "description": "Tells the weather.",
                  "parameters": WEATHER.parameters}}  # fmt: skip
    assert f"system<|end_header_id|>\n\ns\n\n{JSON_TOOLS}{json.dumps(definition)}<|eot_id|>" in written
    call = '{"name": "get_weather", "parameters": {"city": "S\\"F", "days": [1, null, true, {"a": 1.5}]}}'
    assert f"assistant<|end_header_id|>\n\n{call}<|eot_id|>" in written
    result = '<|start_header_id|>ipython<|end_header_id|>\n\n{"t": 20}<|eot_id|>'
    assert written.endswith(f"{result}<|start_header_id|>assistant<|end_header_id|>\n\n")


@pytest.mark.parametrize(("template", "tag", "end"), [("llama-3.1", "<|python_tag|>", "_id"), ("llama-4", "", "")])
def test_pythonic_tools_are_defined_called_and_answered(template, tag, end):
    written = prompt(Request.of(HISTORY, tools=[WEATHER]), llama(template, "pythonic"))
    schema = {"type": "dict", "properties": {"city": {"type": "string"}}}
    definition = [{"name": "get_weather", "description": "Tells the weather.", "parameters": schema}]
    assert f"\n\n{PYTHONIC_TOOLS}{json.dumps(definition)}<|eot{end}|>" in written
    call = '[get_weather(city="S\\"F", days=[1, None, True, {"a": 1.5}])]'
    assert f"\n\n{tag}{call}<|eot{end}|>" in written


def test_values_in_a_schema_are_not_taken_for_types():
    schema = {"type": "object", "properties": {"type": {"type": "object", "default": {"type": "object"}}}}
    written = prompt(Request.of("u", tools=[ToolSpec("f", None, schema)]), llama("llama-4", "pythonic"))
    assert '{"type": "dict", "properties": {"type": {"type": "dict", "default": {"type": "object"}}}}' in written


def test_words_beside_a_call_a_failed_result_and_unreadable_arguments_are_kept():
    messages = [
        Message.user("u"),
        Message.assistant("Let me look.", ToolCall("1", "f", None, "{bad", "no JSON"), ToolCall("2", "g")),
        Message.user(ToolResult("1", "boom", is_error=True), ToolResult("2", (Text("a"), Text("b")))),
    ]
    written = prompt(Request.of(messages), llama("llama-3.1", "json"))
    assert 'Let me look.\n{"name": "f", "parameters": "{bad"}\n{"name": "g", "parameters": {}}<|eot_id|>' in written
    assert "ipython<|end_header_id|>\n\nError: boom<|eot_id|>" in written
    assert "ipython<|end_header_id|>\n\nab<|eot_id|>" in written


@pytest.mark.parametrize(("template", "form"), [("llama-2", "json"), ("llama-3", "json"), ("llama-3.1", None)])
def test_tools_are_refused_where_the_template_has_none(template, form):
    config = llama(template, form, tools=True)
    with pytest.raises(UnsupportedFeatureError):
        BODY.prepare(Request.of("u", tools=[WEATHER]), config)
    assert "get_weather" not in prompt(Request.of("u", tools=[WEATHER], tool_choice="none"), config)


def test_a_name_that_python_has_not_is_refused_where_calls_are_python():
    request = Request.of("u", tools=[ToolSpec("get-weather")])
    BODY.prepare(request, llama("llama-3.1", "json"))
    with pytest.raises(InvalidRequestError) as caught:
        BODY.prepare(request, llama("llama-4", "pythonic"))
    assert caught.value.parameter == "tools[0].name"


def test_a_choice_that_no_prompt_can_force_is_left_out():
    for form, parallel, warned in (
        ("json", False, []),
        ("json", True, 1),
        ("pythonic", True, []),
        ("pythonic", False, 1),
    ):
        request = Request.of("u", tools=[WEATHER], tool_choice="required", parallel_tool_calls=parallel)
        found = prepared(BODY, request, llama("llama-3.1", form))[1]
        assert found == ["tool_choice", *(["parallel_tool_calls"] if warned else [])]


@pytest.mark.parametrize(
    "native", [{}, {"template": "llama-5"}, {"template": "llama-4", "tools": "yaml"}, {"template": ["llama-4"]}]
)
def test_a_template_or_format_that_is_not_known_is_a_configuration_error(native):
    with pytest.raises(ConfigurationError):
        prepared(BODY, Request.of("u"), config_of({"body": "llama_prompt", **native}))
