"""`bedrock-llm ask` against the emulator: what stands on stdout and stderr, and the exit code."""

from __future__ import annotations

import json
import re
import socket

import pytest

from bedrock_llm.messages import Message, Text, Thinking, ToolCall
from tests.cli.conftest import MODEL, run


def test_the_answer_goes_to_stdout_and_nothing_else(environment, emulator):
    emulator.reply("Because of Rayleigh scattering.")

    done = run("ask", "Why is", "the sky blue?", "-s", "Be brief.", "-o", "max_tokens=50", env=environment)

    assert (done.returncode, done.stdout, done.stderr) == (0, "Because of Rayleigh scattering.\n", "")
    (request,) = emulator.requests
    assert request.messages == (Message.user("Why is the sky blue?"),)
    assert Message("system", request.get("system")).text == "Be brief."
    assert request.get("max_tokens") == 50


@pytest.mark.parametrize("extra", [[], ["--no-stream"], ["--json"], ["--json", "--no-stream"]])
def test_with_and_without_streaming_the_answer_is_the_same(environment, emulator, extra):
    emulator.reply("One\ntwo\n")

    done = run("ask", "Count", *extra, env=environment)

    assert done.returncode == 0
    assert (json.loads(done.stdout)["text"] if "--json" in extra else done.stdout) == "One\ntwo\n"


def test_json_is_one_object_on_one_line(environment, emulator):
    emulator.reply(Message.assistant(Thinking("hm"), Text("Let me look."), ToolCall("c1", "look", {"at": "é"})))
    tool = json.dumps([{"name": "look", "description": "Look.", "input_schema": {"type": "object"}}])

    done = run("ask", "Where?", "--json", "-o", f"tools={tool}", env=environment)

    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (0, 1, "")
    data = json.loads(done.stdout)
    assert set(data) == {
        "text", "thinking", "tool_calls", "usage", "cost", "model", "provider", "stop_reason", "raw_stop_reason",
        "warnings", "attempts", "request_id", "latency_s", "first_event_s",
    }  # fmt: skip
    assert (data["text"], data["thinking"]) == ("Let me look.", "hm")
    assert [(call["name"], call["arguments"]) for call in data["tool_calls"]] == [("look", {"at": "é"})]
    assert (data["stop_reason"], data["raw_stop_reason"], data["provider"]) == ("tool_use", "tool_use", "bedrock")
    assert data["usage"]["input_tokens"] > 0
    assert data["usage"]["output_tokens"] > 0
    assert re.fullmatch(r"0\.\d+", data["cost"]["total"])
    assert [attempt["status"] for attempt in data["attempts"]] == [200]
    assert data["request_id"] == data["attempts"][0]["request_id"] != ""
    assert 0 < data["first_event_s"] <= data["latency_s"]


def test_usage_goes_to_stderr(environment, emulator):
    emulator.fail("throttle", times=1)
    emulator.reply("Blue.")

    done = run("ask", "Which colour?", "--usage", env=environment)

    assert (done.returncode, done.stdout) == (0, "Blue.\n")
    tokens, cost, attempts, times = done.stderr.splitlines()
    assert re.fullmatch(r"tokens:   \d+ in, \d+ out", tokens)
    assert re.fullmatch(r"cost:     0\.\d+ USD", cost)
    assert attempts.startswith("attempts: 2; attempt 1: RateLimitError (HTTP 429): ")
    assert re.fullmatch(r"time:     \d+\.\d\d s to the first token, \d+\.\d\d s in all", times)


def test_an_unknown_price_says_so(environment, emulator):
    emulator.reply("Blue.")

    done = run("ask", "Which?", "--usage", "-m", "bedrock/mistral.of-tomorrow-v1:0", env=environment)

    assert (done.returncode, done.stdout) == (0, "Blue.\n")
    assert "cost:     unknown" in done.stderr


def test_a_parameter_the_model_does_not_take_is_a_warning(environment, emulator):
    emulator.reply("Blue.")

    done = run("ask", "Which?", "-o", "min_p=0.1", env=environment)

    assert (done.returncode, done.stdout) == (0, "Blue.\n")
    assert done.stderr.startswith("warning: ")
    assert "min_p" in done.stderr


def test_a_tool_call_is_noted_on_stderr(environment, emulator):
    emulator.reply(Message.assistant(ToolCall("c1", "look", {"at": "x"})))
    tool = json.dumps([{"name": "look", "input_schema": {"type": "object"}}])

    done = run("ask", "Where?", "-o", f"tools={tool}", env=environment)

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == 'note: the model asks for the tool look with {"at": "x"}\n'


@pytest.mark.parametrize(
    ("words", "stdin", "expected"),
    [
        ([], "From the pipe\n", "From the pipe"),
        (["Sum up"], "Long text\n", "Sum up\n\n<stdin>\nLong text\n</stdin>"),
        (["Alone"], "", "Alone"),
    ],
)
def test_stdin_is_the_prompt_or_its_context(environment, emulator, words, stdin, expected):
    emulator.reply("Yes.")

    done = run("ask", *words, env=environment, stdin=stdin)

    assert (done.returncode, done.stdout) == (0, "Yes.\n")
    assert emulator.requests[0].messages == (Message.user(expected),)


def test_text_in_a_pipe_stands_as_the_model_wrote_it(environment, emulator):
    emulator.reply("\x1b[31mred\x1b[0m \u202edne 👩‍🚀\r\n")

    done = run("ask", "Colour", env=environment)

    assert done.stdout == "\x1b[31mred\x1b[0m \u202edne 👩‍🚀\r\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_no_encoding_and_no_character_breaks_the_printing(environment, emulator, encoding):
    emulator.reply("né 漢 end")

    done = run("ask", "Say", env=environment | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}, text=False)

    assert done.returncode == 0
    assert done.stdout == "né 漢 end\n".encode(encoding, "replace")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask"], "no prompt (stdin is empty): give one"),
        (["ask", "Hi", "-o", "max_tokens"], "must be name=value"),
        (["ask", "Hi", "-o", "max_token=5"], "did you mean 'max_tokens'?"),
        (["ask", "Hi", "-o", "temperature=hot"], "temperature must be a number"),
        (["ask", "Hi", "-m", "nosuch/model"], "nosuch/model"),
        (["ask", "Hi", "--nonsense"], "--nonsense"),
        (["ask", "Hi", "--timeout", "soon"], "--timeout"),
        (["ask", "Hi", "--timeout", "-1"], "a number of seconds above 0"),
        (["ask", "Hi", "--region", "nowhere at all"], "region"),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_mistake_of_the_caller_is_one_or_two_lines_and_exit_2(environment, emulator, arguments, said):
    done = run(*arguments, env=environment)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert emulator.received == ()


def test_without_a_model_it_says_what_to_set(environment):
    done = run("ask", "Hi", env={name: value for name, value in environment.items() if name != "BEDROCK_LLM_MODEL"})

    assert done.returncode == 2
    assert done.stderr == f"error: no model: set BEDROCK_LLM_MODEL or give -m, e.g. -m {MODEL}\n"


@pytest.mark.parametrize("region", [{}, {"AWS_REGION": "us-east-1"}])
def test_without_credentials_it_says_what_to_set_and_names_the_demo(bare, region):
    done = run("ask", "Hi", "-m", MODEL, env=bare | region)

    assert (done.returncode, done.stdout) == (2, "")
    for word in (
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "bedrock-llm demo",
        "make demo",
    ):
        assert word in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("extra", [[], ["--no-stream"], ["--json"]])
@pytest.mark.parametrize("fault", ["throttle", "server_error", "overloaded"])
def test_a_provider_that_refuses_is_exit_1(environment, emulator, fault, extra):
    emulator.fail(fault, times=9)

    done = run("ask", "Hi", *extra, env=environment)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "3 attempts" in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_a_wrong_key_is_exit_1_and_shows_no_secret(environment):
    done = run("ask", "Hi", env=environment | {"AWS_SECRET_ACCESS_KEY": "a-wrong-secret-0123456789"})

    assert (done.returncode, done.stdout) == (1, "")
    assert "a-wrong-secret" not in done.stderr
    assert "signature" in done.stderr.lower()


def test_a_bearer_token_of_the_environment_is_used(environment, emulator):
    emulator.reply("Yes.")
    keyless = {name: value for name, value in environment.items() if "ACCESS_KEY" not in name}

    done = run("ask", "Hi", env=keyless | {"AWS_BEARER_TOKEN_BEDROCK": "key-of-the-test"})

    assert (done.returncode, done.stdout, done.stderr) == (0, "Yes.\n", "")


def test_nobody_listening_is_exit_1(environment):
    with socket.socket() as held:  # bound, but not listening: nobody answers there
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        done = run("ask", "Hi", "--endpoint-url", url, env=environment)

    assert (done.returncode, done.stdout) == (1, "")
    assert "--endpoint-url" in done.stderr


@pytest.mark.parametrize("fault", ["cut", "stream_exception", "bad_crc"])
def test_a_cut_answer_is_printed_as_far_as_it_came_and_exit_1(environment, emulator, fault):
    whole = "One two three four five six seven eight nine ten eleven twelve."
    emulator.reply(whole)
    emulator.fail(fault, times=1)

    done = run("ask", "Count", env=environment)

    assert done.returncode == 1
    assert done.stdout.endswith("\n")
    assert whole.startswith(done.stdout.rstrip("\n"))
    assert 0 < len(done.stdout) < len(whole)
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_a_cut_answer_as_json_says_that_it_is_cut(environment, emulator):
    whole = "One two three four five six seven eight nine ten eleven twelve."
    emulator.reply(whole)
    emulator.fail("cut", times=1)

    done = run("ask", "Count", "--json", env=environment)

    assert done.returncode == 1
    data = json.loads(done.stdout)
    assert data["error"]["type"] == "StreamInterruptedError"
    assert whole.startswith(data["text"])
    assert data["text"] not in ("", whole)


def test_a_deadline_is_exit_1(environment, emulator):
    emulator.fail("stall", times=3)

    done = run("ask", "Hi", "--timeout", "1", env=environment)

    assert done.returncode == 1
    assert "--timeout" in done.stderr
