"""The README holds: its first program and its commands run, and what it names exists; tests/docs runs all programs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from tests.examples.conftest import ROOT

DEADLINE_S = 30
README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PROGRAMS = [code for language, code in _BLOCKS if language == "python"]
COMMANDS = [line for language, code in _BLOCKS if language == "sh" for line in code.splitlines() if line.strip()]


def test_the_first_program_runs_as_it_stands(environment, emulator):
    emulator.reply("It scatters.")
    emulator.reply("It reddens.")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAMS[0]],
        env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("It scatters. ")
    assert done.stdout.endswith("It reddens.")


def test_the_first_program_is_short():
    assert len([line for line in PROGRAMS[0].splitlines() if line.strip()]) <= 12


@pytest.mark.parametrize("line", [line for line in COMMANDS if "bedrock-llm " in line])
def test_a_command_line_of_the_readme_runs(line, environment):
    if "emulate" in line:
        pytest.skip("runs until Ctrl-C; tests/cli/test_emulate.py runs it")
    if sys.platform == "win32":
        pytest.skip("written for a POSIX shell")
    own = line.replace("bedrock-llm ", f"{shlex.quote(sys.executable)} -m bedrock_llm ").replace(
        "git diff", "echo changed"
    )
    done = subprocess.run(
        ["sh", "-c", own], env=environment | {"BEDROCK_LLM_MODEL": "bedrock/us.anthropic.claude-sonnet-4-6"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip

    assert (done.returncode, "error" in done.stderr) == (0, False)
    assert done.stdout


def test_every_make_target_named_exists():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(re.findall(r"`make (\w+)`|^make (\w+)", README, re.MULTILINE)) != set()
    assert {
        name for pair in re.findall(r"`make (\w+)`|^make (\w+)", README, re.MULTILINE) for name in pair if name
    } <= targets


def test_every_link_leads_to_a_file():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_extra_named_exists():
    extras = set(re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for group in re.findall(r"\[(\w+(?:,\w+)*)\]['`]", README) for name in group.split(",")}

    assert named
    assert named <= extras
