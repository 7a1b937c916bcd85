from __future__ import annotations

import pytest

from bedrock_llm import errors
from bedrock_llm.cli.exits import code_of, lines_of
from bedrock_llm.response import Attempt

_OURS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.LLMError)]


@pytest.mark.parametrize("kind", _OURS, ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_and_one_or_two_lines(kind):
    error = kind("It went\nwrong")
    lines = lines_of(error)

    assert code_of(error) == (2 if issubclass(kind, errors.UsageError) else 1)
    assert lines[0] == "error: It went wrong"
    assert len(lines) in (1, 2)
    assert not any("\n" in line for line in lines)


def test_attempts_and_request_id_stand_behind_the_message():
    error = errors.RateLimitError("Too many requests", request_id="abc")
    error.attempts = (Attempt(1, "m", "bedrock", 0, 1), Attempt(2, "m", "bedrock", 1, 1))

    assert lines_of(error)[0] == "error: Too many requests (2 attempts, request id abc)"


def test_a_page_is_not_a_message():
    assert len(lines_of(errors.ServerError("<html>" * 1000))[0]) < 1100


def test_an_error_without_words_gives_its_name():
    assert lines_of(errors.ServerError(""))[0] == "error: ServerError"


def test_without_an_account_both_ways_to_the_demo_are_named():
    (_, hint) = lines_of(errors.MissingCredentialsError("no AWS credentials were found"))

    assert "bedrock-llm demo" in hint
    assert "make demo" in hint


def test_a_hint_of_the_provider_is_not_doubled():
    assert lines_of(errors.AuthenticationError("No. (hint: set the clock)")) == ["error: No. (hint: set the clock)"]
