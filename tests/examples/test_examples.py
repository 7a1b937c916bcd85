"""Every example runs as it stands, against the emulator."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from bedrock_llm.messages import Message, Thinking
from tests.examples.conftest import ROOT

DEADLINE_S = 30
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def _run(name: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(ROOT / "examples" / name)]
    return subprocess.run(program, env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short_and_says_how_it_is_run(path):
    lines = path.read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 60
    assert lines[0].startswith('"""')


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_against_the_emulator(path, environment):
    done = _run(path.name, environment)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_hello_prints_both_answers_and_what_they_cost(environment, emulator):
    emulator.reply("It scatters.")
    emulator.reply("It reddens.")

    lines = _run("01_hello.py", environment).stdout.splitlines()

    assert [lines[0], lines[2]] == ["It scatters.", "It reddens."]
    assert lines[1].endswith(" USD]")
    assert lines[4].startswith("[in all: 0.")
    assert [message.text for message in emulator.requests[1].messages] == [
        "Why is the sky blue?",
        "It scatters.",
        "And at dusk?",
    ]


def test_tools_sends_the_result_back_and_falls_back(environment, emulator):
    emulator.fail("throttle", times=3)  # all that the first model is given

    done = _run("02_tools.py", environment)

    assert (done.returncode, done.stderr) == (0, "")
    assert date.today().isoformat() in done.stdout.splitlines()[-1]
    assert "us.amazon.nova-pro-v1:0: tool_use" in done.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_a_failure_is_one_line_and_not_a_traceback(path, environment):
    done = _run(path.name, environment | {"AWS_SECRET_ACCESS_KEY": "wrong"})

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("AuthenticationError: ")


def test_the_terminal_is_shown_no_control_character_and_told_how_it_ended(environment, emulator):
    emulator.reply(Message.assistant(Thinking("Four more.", signature="seal"), "366\x1b[2J days."))

    lines = _run("03_stream_to_terminal.py", environment).stdout.splitlines()

    assert lines[:3] == ["[thinking] Four more.", "[answer] 366\N{REPLACEMENT CHARACTER}[2J days.", "[stop]"]
    assert emulator.requests[0].messages[0].text == "How many days has a leap year?"


def test_an_answer_that_breaks_off_is_shown_as_cut(environment, emulator):
    emulator.fail("cut")
    emulator.reply("366 days, of which one is the twenty-ninth of February.")

    done = _run("03_stream_to_terminal.py", environment)

    assert done.returncode == 1
    assert done.stdout.startswith("366")
    assert "[broke off after" in done.stderr


def test_a_complaint_is_read_as_an_object(environment, emulator):
    emulator.reply('{"customer": "Ada", "order": 4711, "wish": "replacement", "summary": "The lamp is broken."}')
    emulator.reply('{"customer": "Ada"}')

    first, second = (_run("04_structured_output.py", environment) for _ in range(2))

    assert "order 4711: replacement for Ada" in first.stdout
    assert second.returncode == 1
    assert second.stderr.startswith("no complaint came: ")


def test_a_conversation_outgrows_its_window_and_is_taken_up_again(environment, emulator):
    done = _run("05_conversation.py", environment)

    assert "messages were left out" in done.stdout
    assert "16 messages are kept" in done.stdout
    assert emulator.requests[-1].messages[-1].text == "Which day was the longest?"
    assert len(emulator.requests[-1].messages) < 17


def test_the_sync_client_answers_in_threads(environment, emulator):
    emulator.reply(lambda request: request.messages[-1].text.upper())

    lines = _run("06_sync.py", environment).stdout.splitlines()

    assert lines[2:4] == ["MY NAME IS ADA.", "WHAT IS MY NAME?"]
    assert lines[4] == "the Loire: WHERE DOES THE LOIRE END?"
    assert len(emulator.requests) == 7


def test_past_the_limit_the_cheaper_model_is_asked(environment, emulator):
    emulator.fail("throttle")

    lines = _run("07_observers_and_cost.py", environment).stdout.splitlines()

    assert lines[0].startswith(
        "WARNING attempt 1 to us.anthropic.claude-sonnet-4-6 failed, trying again: RateLimitError"
    )
    assert "us.amazon.nova-lite-v1:0" in lines[-1]
    assert lines[-1].endswith("1 retries; errors: none")
