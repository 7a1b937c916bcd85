"""The same command with a pseudo-terminal around it."""

from __future__ import annotations

import os
import subprocess

import pytest

from bedrock_llm.messages import Message, Text
from tests.cli.conftest import DEADLINE_S, command

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

_HOSTILE = "\x1b[31mred\x1b]0;title\x07 \x9b2J \x7f\b\r\u202edne\u202c\ttab 👩‍🚀 end\n"
# The terminal itself makes \r\n of a line end.
_SHOWN = (
    "<U+001B>[31mred<U+001B>]0;title<U+0007> <U+009B>2J <U+007F><U+0008><U+000D><U+202E>dne<U+202C>\ttab 👩‍🚀 end\r\n"
)


def _on_terminal(*arguments: str, env: dict[str, str], stream: str = "stdout") -> tuple[int, str]:
    """Run with one stream on a terminal; its exit code, and what the terminal got."""
    master, slave = pty.openpty()
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: slave}
    if stream == "stdin":
        streams["stderr"] = subprocess.STDOUT
        streams["stdout"] = slave
    process = subprocess.Popen(command(*arguments), env=env, **streams)
    os.close(slave)
    received = b""
    try:
        while piece := _read(master):
            received += piece
        return process.wait(DEADLINE_S), received.decode()
    finally:
        os.close(master)
        process.kill()
        process.wait()


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_no_control_character_of_an_answer_reaches_the_terminal(environment, emulator):
    emulator.reply(_HOSTILE)

    assert _on_terminal("ask", "Paint", env=environment) == (0, _SHOWN)


def test_an_escape_sequence_cut_over_two_pieces_is_harmless_too(environment, emulator):
    emulator.reply(Message.assistant(Text("one \x1b"), Text("[2Jtwo")))

    assert _on_terminal("ask", "Paint", env=environment) == (0, "one <U+001B>[2Jtwo\r\n")


@pytest.mark.parametrize("extra", ["--no-stream", "--json"])
def test_the_other_ways_to_print_are_harmless_too(environment, emulator, extra):
    emulator.reply(_HOSTILE)

    code, shown = _on_terminal("ask", "Paint", extra, env=environment)

    assert code == 0
    assert not {character for character in shown if not character.isprintable()} - {"\r", "\n", "\t", "\u200d"}


def test_a_provider_cannot_move_the_cursor_in_an_error(environment):
    code, shown = _on_terminal("ask", "Hi", "-m", "bedrock/x\x1b[2J", env=environment, stream="stderr")

    assert code == 2
    assert "\x1b" not in shown


def test_with_a_terminal_as_stdin_and_no_prompt_it_does_not_wait(environment):
    code, shown = _on_terminal("ask", env=environment, stream="stdin")

    assert code == 2
    assert shown.startswith("error: no prompt: give one")
