"""Every example runs as it stands, against the emulator."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from tests.examples.conftest import ROOT

DEADLINE_S = 30
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def _run(name: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(ROOT / "examples" / name)]
    return subprocess.run(program, env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short_and_says_how_it_is_run(path):
    lines = path.read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 40
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
