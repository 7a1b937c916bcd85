"""The list of commands.

Here: what `bedrock-llm --help` shows. Not here: what a command does (one file each). Called by: main, once typer is
known to be installed.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bedrock_llm import __version__
from bedrock_llm.cli import exits
from bedrock_llm.cli.ask import ask
from bedrock_llm.cli.demo import demo
from bedrock_llm.cli.emulate import emulate
from bedrock_llm.cli.models import models
from bedrock_llm.cli.terminal import note

__all__ = ["application"]

_EXIT_CODES = """\b
Exit codes:
  0    an answer
  1    the provider refused, the way there failed, or the answer was cut
  2    usage: options, input, no credentials, unknown model
  130  Ctrl-C
  141  nobody reads the output any more"""  # \b keeps the lines as they are

application = typer.Typer(
    help="Ask language models on Amazon Bedrock from the command line.",
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,  # plain help: the same in a terminal, a pipe and a log
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)


@application.callback()
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        sys.stdout.write(f"bedrock-llm {__version__}\n")
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        note(context.get_help())
        raise typer.Exit(exits.USAGE)


for _command in (ask, models, demo, emulate):
    application.command()(_command)
