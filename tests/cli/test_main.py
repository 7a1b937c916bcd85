"""The frame: help, version, a missing extra, defects."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bedrock_llm
from tests.cli.conftest import DEADLINE_S, command, run


def _python(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )


def test_the_version_is_the_packages(bare):
    done = run("--version", env=bare)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"bedrock-llm {bedrock_llm.__version__}\n", "")


def test_help_names_the_commands_and_the_exit_codes(bare):
    done = run("--help", env=bare)

    assert (done.returncode, done.stderr) == (0, "")
    for word in ("ask", "models", "demo", "emulate", "--version", "  130  Ctrl-C\n"):
        assert word in done.stdout


def test_help_of_ask_names_every_option_and_where_credentials_come_from(bare):
    done = run("ask", "--help", env=bare)

    assert done.returncode == 0
    for word in (
        "-m", "-s", "-o", "--json", "--no-stream", "--usage", "--region", "--profile", "--endpoint-url", "--timeout",
        "BEDROCK_LLM_MODEL", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_REGION",
    ):  # fmt: skip
        assert word in done.stdout


def test_without_a_command_it_shows_the_help_on_stderr_and_is_a_usage_error(bare):
    done = run(env=bare)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: bedrock-llm" in done.stderr


def test_without_typer_it_gives_the_pip_line(bare):
    done = _python("import sys; sys.modules['typer'] = None; from bedrock_llm.cli.main import main; main()", bare)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: the command line needs an extra: pip install 'bedrock-llm[cli]'\n"


_DEFECT = """
import sys
from bedrock_llm.cli import ask, main
def broken(*arguments):
    raise KeyError("x")
ask.prompt_from = broken
sys.exit(main.run(["ask", "Hi", "-m", "bedrock/x"]))
"""


def test_a_defect_of_ours_is_reported_in_two_lines(bare):
    done = _python(_DEFECT, bare)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: this should not have happened: KeyError: 'x'",
        "please report it; BEDROCK_LLM_TRACEBACK=1 shows where it happened",
    ]


def test_a_defect_is_shown_whole_where_that_is_asked_for(bare):
    done = _python(_DEFECT, bare | {"BEDROCK_LLM_TRACEBACK": "1"})

    assert done.returncode == 1
    assert "Traceback" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="closes descriptors as a POSIX shell does")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_does_not_break_it(environment, emulator, closed):
    emulator.reply("Yes.")
    done = subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -m bedrock_llm ask Hi {closed}'],
        env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("" if ">&-" in closed.replace("2>&-", "") else "Yes.\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full")
def test_a_full_disk_is_an_error_and_not_a_traceback(environment, emulator):
    emulator.reply("Yes.")
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen(
            command("ask", "Hi"), env=environment, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE
        )
        _, said = process.communicate(timeout=DEADLINE_S)

    assert (process.returncode, said) == (1, b"error: [Errno 28] No space left on device\n")
