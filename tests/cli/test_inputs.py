from __future__ import annotations

import io
import sys

import pytest

from bedrock_llm.cli.inputs import parameters_from, prompt_from, read_stdin
from bedrock_llm.errors import UsageError


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("max_tokens=200", {"max_tokens": 200}),
        ("temperature=0", {"temperature": 0}),
        ("temperature=0.5", {"temperature": 0.5}),
        ("stop=END", {"stop": "END"}),
        ('stop="5"', {"stop": "5"}),
        ('stop=["a","b"]', {"stop": ["a", "b"]}),
        ("reasoning=false", {"reasoning": False}),
        ("reasoning=low", {"reasoning": "low"}),
        ("seed=null", {"seed": None}),
        ("system=", {"system": ""}),
        ("system=a=b", {"system": "a=b"}),
        ("temperature=NaN", {"temperature": "NaN"}),
        ('metadata={"team": "x"}', {"metadata": {"team": "x"}}),
        (" top_k =5", {"top_k": 5}),
        ("system=Grüße", {"system": "Grüße"}),
    ],
)
def test_a_value_is_json_if_it_parses_and_the_text_itself_otherwise(option, expected):
    assert parameters_from([option]) == expected


@pytest.mark.parametrize("option", ["max_tokens", "=5", " =5", ""])
def test_an_option_without_name_or_equals_sign_says_how_it_is_written(option):
    with pytest.raises(UsageError, match="must be name=value"):
        parameters_from([option])


def test_a_parameter_given_twice_is_refused():
    with pytest.raises(UsageError, match="'seed' is given twice"):
        parameters_from(["seed=1", "seed=2"])
    with pytest.raises(UsageError, match="'system' is given twice"):
        parameters_from(["system=a"], "b")


@pytest.mark.parametrize(
    ("words", "stdin", "expected"),
    [
        (["why is", "the sky blue"], None, "why is the sky blue"),
        ([], "piped", "piped"),
        (["sum up"], "long text", "sum up\n\n<stdin>\nlong text\n</stdin>"),
        (["sum up"], "", "sum up"),
        (["sum up"], " \n", "sum up"),
    ],
)
def test_stdin_is_the_prompt_or_stands_behind_it_as_context(words, stdin, expected):
    assert prompt_from(words, stdin) == expected


@pytest.mark.parametrize(
    ("stdin", "said"), [(None, "no prompt: give one"), ("", r"\(stdin is empty\)"), ("\n \n", "empty")]
)
def test_no_prompt_at_all_is_refused_with_an_example(stdin, said):
    with pytest.raises(UsageError, match=said):
        prompt_from([], stdin)
    with pytest.raises(UsageError, match="bedrock-llm ask"):
        prompt_from(["  "], stdin)


def test_a_prompt_with_bytes_that_are_no_text_is_refused():
    with pytest.raises(UsageError, match="not text"):
        prompt_from(["caf\udce9"], None)


def _stdin_of(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="ascii")


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", ""), (b"a\nb\r\n\n", "a\nb"), ("\ufeffé".encode(), "é"), (b"a\0b\x1b[m", "a\0b\x1b[m")],
)
def test_stdin_is_read_as_utf8_whatever_the_locale(monkeypatch, data, expected):
    monkeypatch.setattr(sys, "stdin", _stdin_of(data))

    assert read_stdin() == expected


def test_stdin_that_is_not_utf8_is_refused_with_the_place(monkeypatch):
    monkeypatch.setattr(sys, "stdin", _stdin_of(b"ok\xff"))

    with pytest.raises(UsageError, match=r"not UTF-8 text \(byte 3\)"):
        read_stdin()


def test_a_closed_stdin_is_none(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)

    assert read_stdin() is None
