"""A reader that leaves, and Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import DEADLINE_S, command

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")


def _start(*arguments: str, env: dict[str, str]) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command(*arguments), env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)


def _end(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """The exit code and what is left of stderr."""
    try:
        code = process.wait(DEADLINE_S)
        return code, process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


@posix
@pytest.mark.parametrize("extra", [[], ["--no-stream"], ["--json"]])
def test_a_reader_that_leaves_ends_it_quietly(environment, emulator, extra):
    emulator.reply("a line of an answer\n" * 20_000)  # far more than a pipe holds
    process = _start("ask", "Talk", *extra, env=environment)

    assert process.stdout.read(6) in (b"a line", b'{"text')
    process.stdout.close()

    assert _end(process) == (141, b"")


@posix
@pytest.mark.parametrize("signals", [1, 2])
def test_ctrl_c_in_the_middle_of_an_answer_is_130_without_a_word(environment, emulator, signals):
    emulator.reply("one two three four five six")
    emulator.fail("stall", times=3)
    process = _start("ask", "Talk", env=environment)

    assert process.stdout.read(1) == b"o"
    for _ in range(signals):
        process.send_signal(signal.SIGINT)

    assert _end(process) == (130, b"")


@posix
def test_ctrl_c_while_it_waits_for_stdin_is_130(environment):
    process = subprocess.Popen(
        [sys.executable, "-c", _ANNOUNCED],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

    assert process.stdout.read(1) == b"."
    process.send_signal(signal.SIGINT)

    assert _end(process) == (130, b"")
    process.stdin.close()


_ANNOUNCED = """
import sys
from bedrock_llm.cli.main import run
from bedrock_llm.cli import ask

read = ask.read_stdin
def announced():
    sys.stdout.write("."); sys.stdout.flush()
    return read()
ask.read_stdin = announced
sys.exit(run(["ask"]))
"""
