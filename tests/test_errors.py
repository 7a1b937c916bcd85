from __future__ import annotations

import inspect
import pickle
import threading

import pytest

from bedrock_llm import errors
from bedrock_llm.errors import InvalidRequestError, LLMError, MissingExtraError, redact
from bedrock_llm.messages import Message
from bedrock_llm.request import Request
from bedrock_llm.response import Attempt, Response, Usage

KINDS = [getattr(errors, name) for name in errors.__all__]
CONTEXT = {
    "provider": "bedrock",
    "model": "m",
    "request_id": "r",
    "status": 503,
    "retry_after_s": 1.5,
    "retryable": True,
}


def _own(kind):
    """A value for each keyword that only this class has."""
    given = {"phase": "idle", "sent": False, "code": "Throttled", "raw": {"a": 1}, "excerpt": "oops", "abandoned": True}
    given |= {"extra": "cli", "nearest": ("a",), "parameter": "top_k", "value": 5, "allowed": "4", "after_s": 2.0}
    given |= {"tokens": 10, "window": 5, "source": "estimate"}
    names = {
        name
        for base in kind.__mro__
        if issubclass(base, LLMError) and "__init__" in vars(base)
        for name in inspect.signature(base).parameters
    }
    return {name: value for name, value in given.items() if name in names}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_pickles_with_all_it_knows(kind):
    error = kind(
        "what happened", **CONTEXT, **_own(kind), partial=Response(Message.assistant("so far")), usage=Usage(1)
    )
    error.request = Request.of("hi", output_type=dict)
    error.attempts = (Attempt(1, "m", "p", 0.0, 1.0, error=errors.ServerError("again")),)
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert (str(back), back.message) == ("what happened", "what happened")
    assert {**vars(back), "attempts": ()} == {**vars(error), "attempts": ()}
    assert [attempt.number for attempt in back.attempts] == [1]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_made_from_a_message_alone(kind):
    error = kind("oops")
    assert error.retryable is kind.default_retryable
    assert error.billed in ("no", "maybe", "yes")
    assert (error.attempts, error.partial, error.request, error.status) == ((), None, None, None)


def test_a_wrong_value_that_cannot_be_pickled_is_kept_as_its_words():
    error = InvalidRequestError.of("tools", threading.Lock(), "tools")
    back = pickle.loads(pickle.dumps(error))
    assert back.parameter == "tools"
    assert "lock" in back.value


class Rude:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a" * 10_000_000, "'" + "a" * 56 + "..."),
        (b"a" * 10_000_000, "b'" + "a" * 55 + "..."),
        (10**5000, "a int (no repr: ValueError)"),
        (Rude(), "a Rude (no repr: RuntimeError)"),
        ("Bearer abcdefgh12345", "'Bearer [redacted]'"),
    ],
    ids=["long", "bytes", "huge", "rude", "secret"],
)
def test_a_wrong_value_is_shown_short_and_without_secrets(value, shown):
    assert str(InvalidRequestError.of("x", value, "small")) == f"x must be small, not {shown}"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("key AKIAIOSFODNN7EXAMPLE is no good", "key [redacted] is no good"),
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer [redacted]"),
        ("authorization: bearer ABCDEFGHIJKLMNOPQRST", "authorization: bearer [redacted]"),
        ("Basic dXNlcjpwYXNzd29yZA==", "Basic [redacted]"),
        ("Signature=" + "0" * 64, "Signature=[redacted]"),
        ("sk-ant-api03-abcdefghijkl", "[redacted]"),
        ("bedrock-api-key-YmVkcm9jay5hbWF6", "[redacted]"),
        ("Bearer authentication failed; Basic understanding.", "Bearer authentication failed; Basic understanding."),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(said, shown):
    assert redact(said) == shown


def test_the_secrets_in_use_are_taken_out_wherever_they_stand():
    assert redact("id=hunter22;again hunter22", ["hunter22", "", "abc"]) == "id=[redacted];again [redacted]"
    assert redact("an abc", ["abc"]) == "an abc"


def test_the_excerpt_of_a_broken_answer_is_short_and_redacted():
    error = errors.ProtocolError("bad", excerpt="AKIAIOSFODNN7EXAMPLE" + " x" * 5_000_000)
    assert error.excerpt == "[redacted]" + " x" * 95
    assert errors.ProtocolError("bad").excerpt is None


@pytest.mark.parametrize(
    ("error", "billed"),
    [
        (errors.ConnectionFailedError("x", sent=False), "no"),
        (errors.ConnectionFailedError("x"), "maybe"),
        (errors.RateLimitError("x", status=429), "no"),
        (errors.ServerError("x", status=500), "maybe"),
        (errors.RejectedRequestError("x", status=424), "maybe"),
        (errors.ProviderError("x"), "no"),
        (errors.OutputValidationError("x"), "yes"),
        (errors.InvalidRequestError("x"), "no"),
    ],
)
def test_whether_a_failure_may_be_billed(error, billed):
    assert error.billed == billed


def test_a_missing_extra_names_the_line_that_installs_it():
    error = MissingExtraError.needing("cli", "the command line")
    assert (str(error), error.extra) == ("the command line needs an extra: pip install 'bedrock-llm[cli]'", "cli")


def test_an_error_without_words_has_an_empty_message():
    error = LLMError("a")
    error.args = ()
    assert error.message == ""
