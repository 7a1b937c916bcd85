"""No control token comes into a prompt but those of the template, whoever said it and wherever."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.llama_prompt import LlamaPromptBody
from bedrock_llm.messages import Message, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from tests.codecs.shared.text_bodies import config_of

BODY = LlamaPromptBody()
TOKENS = {
    "llama-2": ["<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"],
    "llama-3.1": [
        "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>",
        "<|python_tag|>", "<|image|>", "<|finetune_right_pad_id|>", "<|reserved_special_token_12|>",
    ],
    "llama-4": [
        "<|begin_of_text|>", "<|header_start|>", "<|header_end|>", "<|eot|>", "<|eom|>", "<|image|>",
        "<|python_start|>", "<|python_end|>", "<|image_start|>", "<|image_end|>",
        "<|text_post_train_reserved_special_token_6|>",
    ],
}  # fmt: skip


def config(template):
    tools = None if template == "llama-2" else "pythonic" if template == "llama-4" else "json"
    return config_of({"body": "llama_prompt", "template": template, "tools": tools})


def tokens_in(text, template):
    """The control tokens of a text, as a tokenizer finds them: the longest at each place."""
    return re.findall("|".join(map(re.escape, sorted(TOKENS[template], key=len, reverse=True))), text)


def everywhere(text, template):
    """A conversation in which somebody says `text` in every place."""
    if template == "llama-2":
        return Request.of([Message.user(text), Message.assistant(text), Message.user(text)], system=text)
    called = Message.assistant(text, ToolCall("1", f"f{text}", {f"k{text}": text}))
    messages = [Message.user(text), called, Message.user(ToolResult("1", text)), Message.assistant(text)]
    schema = {"type": "object", "properties": {"x": {"type": "string", "description": text}}}
    tools = [ToolSpec(f"f{text}", text, schema)]
    return Request.of([*messages, Message.system(text), Message.user(text)], system=text, tools=tools)


@pytest.mark.parametrize("template", TOKENS)
def test_the_same_tokens_stand_in_a_prompt_whatever_was_said(template):
    plain = tokens_in(BODY.write(everywhere("x", template), config(template), stream=False)["prompt"], template)
    for token in TOKENS[template]:
        for text in (token, f"a{token}b", token * 3, f"{token[:-1]}{token}", f"{token}{token[1:]}", f"<{token}>"):
            prompt = BODY.write(everywhere(text, template), config(template), stream=False)["prompt"]
            assert tokens_in(prompt, template) == plain, text


@pytest.mark.parametrize("template", TOKENS)
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_no_mixture_of_pieces_makes_a_token(template, data):
    pieces = [*TOKENS[template], "<", "|", ">", "[", "]", "/", "<|", "|>", "eot", "INST", "s", " ", "\n", "a"]
    text = "".join(data.draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=8)))
    text = text if text.strip() else "x"  # blank text is no text
    plain = tokens_in(BODY.write(everywhere("x", template), config(template), stream=False)["prompt"], template)
    prompt = BODY.write(everywhere(text, template), config(template), stream=False)["prompt"]
    assert tokens_in(prompt, template) == plain


@pytest.mark.parametrize("template", TOKENS)
def test_a_tokenizer_finds_no_special_id_in_what_somebody_said(template):
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(TOKENS[template])

    def special(text):
        return [found for found in tokenizer.encode(text, add_special_tokens=False).ids if found]

    plain = special(BODY.write(everywhere("x", template), config(template), stream=False)["prompt"])
    assert plain
    text = "".join(TOKENS[template])
    assert special(text)
    assert special(BODY.write(everywhere(text, template), config(template), stream=False)["prompt"]) == plain


def test_a_broken_token_stays_readable_and_other_text_is_left_alone():
    prompt = BODY.write(Request.of("say <|eot_id|> or x <| f |> y, a<b"), config("llama-3.1"), stream=False)["prompt"]
    assert "\n\nsay < |eot_id|> or x <| f |> y, a<b<|eot_id|>" in prompt
