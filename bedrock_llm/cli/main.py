"""`bedrock-llm`: the one place where each way to end becomes an exit code.

Here: the frame around every command. Not here: the commands (application and one file each), the codes (exits).
Called by: the console script, `python -m bedrock_llm`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from bedrock_llm.cli import exits
from bedrock_llm.cli.terminal import ReaderGoneError, close_output, note, prepare_streams
from bedrock_llm.errors import LLMError, MissingExtraError

__all__ = ["main", "run"]


def main() -> NoReturn:
    """Run the command line on this process's arguments, and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit code.
    """
    prepare_streams()
    try:
        return _ended(lambda: _run(arguments))
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except ReaderGoneError:
        close_output()
        return exits.READER_GONE


def _ended(command: Callable[[], int]) -> int:
    try:
        return command()
    except LLMError as error:
        for line in exits.lines_of(error):
            note(line)
        return exits.code_of(error)
    except (ReaderGoneError, SystemExit):
        raise
    except OSError as error:
        note(f"error: {error}")
        close_output()  # what is left of it cannot be written either
        return exits.FAILED
    except Exception as error:  # the last frame: a defect of ours is reported, not thrown at the user
        if os.environ.get("BEDROCK_LLM_TRACEBACK"):
            raise
        note(f"error: this should not have happened: {type(error).__name__}: {error}")
        note("please report it; BEDROCK_LLM_TRACEBACK=1 shows where it happened")
        return exits.FAILED


def _run(arguments: Sequence[str]) -> int:
    try:
        import typer
    except ModuleNotFoundError as error:
        raise MissingExtraError.needing("cli", "the command line") from error
    from bedrock_llm.cli.application import application

    try:
        code = application(list(arguments), prog_name="bedrock-llm", standalone_mode=False)
    except typer.Abort:
        return exits.INTERRUPTED
    except _click_error(typer) as error:
        return _refuse(error)
    return int(code or 0)


def _click_error(typer: Any) -> type[Exception]:
    # Newer typers carry a click of their own, older ones use the package: in both its name is ClickException.
    kinds: tuple[type[Exception], ...] = typer.BadParameter.__mro__
    return next(kind for kind in kinds if kind.__name__ == "ClickException")


def _refuse(error: Any) -> int:
    note(f"error: {error.format_message()}")
    context = getattr(error, "ctx", None)
    note(f"see: {context.command_path if context else 'bedrock-llm'} --help")
    return exits.USAGE
