from __future__ import annotations

import time

from tests.cli.conftest import run


def test_the_demo_shows_the_main_job_without_a_key_and_says_whose_answers_they_are(bare):
    started_s = time.monotonic()
    done = run("demo", env=bare)

    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - started_s < 15
    lines = done.stdout.splitlines()
    assert "the built-in emulator's: no model is asked" in lines[0]
    assert "Once more: every answer above was the emulator's. No model was asked." in lines
    for word in (
        "Sunlight holds all colours",
        'calls days_between with {"first": "2024-02-01", "second": "2024-03-01"}',
        "tool:  29",
        "There were 29 days",
        "attempt 1: RateLimitError (HTTP 429)",
        "attempt 2: answered (HTTP 200)",
        "dropped: ",
        "tokens: ",
        "cost: ",
        "attempts",
        "first token",
    ):
        assert word in done.stdout
    assert "\x1b" not in done.stdout


def test_the_demo_needs_nothing_of_the_environment_and_is_not_misled_by_it(bare):
    misleading = {
        "AWS_BEARER_TOKEN_BEDROCK": "a-token-for-somewhere-else",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:1",
        "AWS_REGION": "eu-west-1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "AWS_SESSION_TOKEN": "of-someone-else",
    }

    assert run("demo", env=bare | misleading).returncode == 0
