"""The words of Llama's body: templates, tokens, members, stop reasons, and how tools are told of.

Here: tables only. Not here: writing (encode.py, tools.py) and reading (calls.py) with them. Called by: every file
beside it, the emulator.
Follows: the prompt formats in Meta's `llama-models`, and the Bedrock user guide, "Meta Llama models".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from bedrock_llm.response import StopReason

__all__ = [
    "ANSWER_MEMBERS",
    "BEGIN",
    "CALL_CLOSERS",
    "CALL_OPENERS",
    "IMAGE",
    "JSON_TOOLS",
    "LLAMA_2",
    "LLAMA_2_MARKS",
    "MARKS",
    "MEMBERS",
    "NAME",
    "PYTHONIC_TOOLS",
    "STOP_REASONS",
    "TEMPLATES",
    "TOOL_FORMATS",
    "WITHOUT_TOOLS",
    "Template",
]

NAME = "llama_prompt"


class Template(NamedTuple):
    """The tokens of a template with headers.

    Attributes:
        header: What stands before and behind a role.
        end: The token that ends a turn.
        call: What stands before a pythonic call in the history.
    """

    header: tuple[str, str]
    end: str
    call: str = ""


_LLAMA_3 = Template(("<|start_header_id|>", "<|end_header_id|>\n\n"), "<|eot_id|>", "<|python_tag|>")

LLAMA_2 = "llama-2"  # has no headers; written on its own
TEMPLATES: Mapping[str, Template] = {
    "llama-3": _LLAMA_3,
    "llama-3.1": _LLAMA_3,
    "llama-4": Template(("<|header_start|>", "<|header_end|>\n\n"), "<|eot|>"),
}
WITHOUT_TOOLS = (LLAMA_2, "llama-3")
BEGIN = "<|begin_of_text|>"
IMAGE = "<|image|>"

# Every token of Llama 3 and 4 has this form; those that reserve and those of pictures are hundreds.
MARKS = re.compile(r"<\|(?=[^\s<>|]{1,64}\|>)")
LLAMA_2_MARKS = re.compile(r"\[/?INST\]|<</?SYS>>|</?s>|<unk>")

MEMBERS: Mapping[str, str] = {"max_tokens": "max_gen_len", "temperature": "temperature", "top_p": "top_p"}
ANSWER_MEMBERS = ("generation", "prompt_token_count", "generation_token_count", "stop_reason")

STOP_REASONS: Mapping[str, StopReason] = {"stop": StopReason.stop, "length": StopReason.length}

# Around a call, where a server hands the tokens out instead of taking them in.
CALL_OPENERS = ("<|python_tag|>", "<|python_start|>")
CALL_CLOSERS = ("<|python_end|>", "<|eom_id|>", "<|eot_id|>", "<|eom|>", "<|eot|>")

# What stands before the definitions, one JSON object a line or one JSON list. The emulator knows tools by it.
JSON_TOOLS = (
    "You can call the functions that are defined below, one at a time. To call one, answer with nothing but this JSON, "
    "filled in:\n"
    '{"name": function name, "parameters": dictionary of argument names and their values}\n'
    "Put values there, not variables. Where no function is needed, answer in words.\n\n"
)
PYTHONIC_TOOLS = (
    "You can call the functions that are defined below, several at once where that helps. To call them, answer with "
    "nothing but this list, filled in:\n"
    "[function_name(argument_name=value, ...), ...]\n"
    "Put values there, not variables. Where no function is needed, answer in words.\n\n"
)
TOOL_FORMATS = ("json", "pythonic")
