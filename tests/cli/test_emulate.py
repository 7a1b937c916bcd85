from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import DEADLINE_S, MODEL, command, run

OTHERS = (
    "anthropic/claude-sonnet-4-6",
    "openai/gpt-4.1",
    "google/gemini-2.5-flash",
    "cohere/command-a-03-2025",
    "ollama/any-model",
)


def _printed(process: subprocess.Popen[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The NAME=value lines, and those that are commented out."""
    plain, commented = {}, {}
    while "OLLAMA_API_KEY" not in commented:  # the last one
        line = process.stdout.readline()
        assert line, process.stderr.read()
        name, equals, value = line.strip().partition("=")
        if equals:
            (commented if name.startswith("#") else plain)[name.lstrip("# ")] = value
    return plain, commented


@pytest.fixture
def served(bare):
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command("emulate"), env=bare, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def test_the_printed_environment_is_all_that_ask_needs(served, bare):
    plain, commented = _printed(served)

    assert list(plain) == [
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
        "AWS_ENDPOINT_URL_BEDROCK",
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ]
    token = {"AWS_BEARER_TOKEN_BEDROCK": commented.pop("AWS_BEARER_TOKEN_BEDROCK")}
    by_keys = run("ask", "Hello there", "-m", MODEL, env=bare | plain)
    by_token = run("ask", "Hello there", "-m", MODEL, env=bare | plain | token)
    assert (by_keys.returncode, by_keys.stderr) == (by_token.returncode, by_token.stderr) == (0, "")
    assert by_keys.stdout == by_token.stdout != "\n"
    assert len(commented) == 2 * len(OTHERS)
    for model in OTHERS:
        by_other = run("ask", "Hello there", "-m", model, env=bare | commented)
        assert (by_other.returncode, by_other.stdout) == (0, by_keys.stdout), by_other.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_it_with_130(served):
    _printed(served)

    served.send_signal(signal.SIGINT)

    assert served.wait(DEADLINE_S) == 130
    assert served.stderr.read() == ""


def test_a_port_that_is_taken_is_an_error_in_two_lines(served, bare):
    plain, _ = _printed(served)
    port = plain["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"].rpartition(":")[2]

    done = run("emulate", "--port", port, env=bare)

    assert done.returncode in (1, 2)
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
