"""The estimate of a plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.tokens.estimate import Weight, estimate, weigh_text


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("a", 1, 1),
        ("The quick brown fox jumps over the lazy dog.", 8, 13),
        ('{"city": "Paris", "days": 3}', 9, 17),
        ("def add(first: int, second: int) -> int:\n    return first + second\n", 15, 30),
        ("2026-11-20", 4, 10),
        ("你好世界今天天气很好", 8, 16),
        ("Привет, как дела? Хорошо.", 7, 17),
        ("🎉🎉🎉", 3, 9),
    ],
)
def test_an_estimate_is_in_the_range_that_current_vocabularies_give(text, least, most):
    assert least <= estimate(text) <= most


@given(st.text(), st.text())
def test_weights_add_up_and_never_sink(first, second):
    one, two, both = weigh_text(first), weigh_text(second), weigh_text(first + second)
    assert both.tokens == pytest.approx(one.tokens + two.tokens)
    assert both.doubt == pytest.approx(one.doubt + two.doubt)
    assert 0 <= both.doubt <= both.tokens


def test_only_scripts_beyond_ascii_are_in_doubt():
    assert weigh_text("plain").doubt == 0
    assert weigh_text("ü") == Weight(0.6, 0.3)


def test_a_lone_surrogate_is_counted_like_any_other_character():
    assert estimate("a\ud800b") >= 1
