"""What a caller gave `ask`: its prompt, stdin and `-o` options.

Here: reading and checking. Not here: the meaning of a parameter (parameters.py). Called by: ask.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from bedrock_llm.errors import UsageError

__all__ = ["parameters_from", "prompt_from", "read_stdin"]


def read_stdin() -> str | None:
    """All of stdin as text, without its last line end; None where it is a terminal or closed.

    Raises:
        UsageError: It is not UTF-8.
    """
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return None
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")  # some editors put a byte order mark first
    except UnicodeDecodeError as error:
        raise UsageError(
            f"stdin is not UTF-8 text (byte {error.start + 1}): convert it first, e.g. with iconv"
        ) from error
    return text.rstrip("\r\n")


def prompt_from(words: Iterable[str], stdin: str | None) -> str:
    """The prompt: the words, stdin, or the words with stdin as their context.

    Args:
        words: The arguments; joined by spaces, so that quotes may be left out.
        stdin: Its text, or None.

    Raises:
        UsageError: There is no prompt, or it is not text.
    """
    prompt = " ".join(words)
    if not prompt.isprintable() and any("\ud800" <= character <= "\udfff" for character in prompt):
        raise UsageError("the prompt is not text in this terminal's encoding")
    context = stdin if stdin and not stdin.isspace() else ""
    if not prompt.strip():
        if not context:
            empty = "" if stdin is None else " (stdin is empty)"
            raise UsageError(f'no prompt{empty}: give one, e.g. bedrock-llm ask "Why is the sky blue?", or pipe one in')
        return context
    return f"{prompt}\n\n<stdin>\n{context}\n</stdin>" if context else prompt


def parameters_from(options: Iterable[str], system: str | None = None) -> dict[str, Any]:
    """The parameters of a call from `name=value` options; a value is JSON if it parses, else the text itself.

    Raises:
        UsageError: An option has no `=`, or a name comes twice.
    """
    parameters: dict[str, Any] = {} if system is None else {"system": system}
    for option in options:
        name, equals, value = option.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError(f"-o {option!r} must be name=value, e.g. -o max_tokens=200")
        if name in parameters:
            raise UsageError(f"the parameter {name!r} is given twice")
        parameters[name] = _value(value)
    return parameters


def _value(text: str) -> Any:
    from jiter import from_json

    try:
        return from_json(text.encode("utf-8", "replace"), allow_inf_nan=False)
    except ValueError:
        return text
