"""`bedrock-llm ask`: one question, one answer.

Here: the options, and the way from an answer to the two streams. Not here: reading of stdin and `-o` (inputs),
formatting (report), exit codes (exits). Called by: application.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bedrock_llm.cli.inputs import parameters_from, prompt_from, read_stdin
from bedrock_llm.cli.report import json_line, remarks, response_object, usage_lines
from bedrock_llm.cli.running import run_async
from bedrock_llm.cli.terminal import AnswerOutput, note
from bedrock_llm.config import Timeouts
from bedrock_llm.errors import LLMError, UsageError

if TYPE_CHECKING:
    from bedrock_llm.client import LLMClient
    from bedrock_llm.response import Response

__all__ = ["ask"]

_EXAMPLE_MODEL = "bedrock/us.anthropic.claude-sonnet-4-6"


def _positive(seconds: float | None) -> float | None:
    if seconds is not None and not 0 < seconds < float("inf"):
        raise typer.BadParameter("it must be a number of seconds above 0")
    return seconds


_Prompt = Annotated[list[str] | None, typer.Argument(help="What to ask. Text on stdin is the prompt, or its context.")]
_Model = Annotated[str, typer.Option("-m", "--model", envvar="BEDROCK_LLM_MODEL", help=f"E.g. {_EXAMPLE_MODEL}.")]
_System = Annotated[str | None, typer.Option("-s", "--system", help="The system text.")]
_Parameter = Annotated[
    list[str] | None,
    typer.Option("-o", "--option", metavar="NAME=VALUE", help="A parameter, e.g. max_tokens=200; JSON if it parses."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object: text, usage, cost, ...")]
_NoStream = Annotated[bool, typer.Option("--no-stream", help="Ask for the answer in one piece.")]
_Usage = Annotated[bool, typer.Option("--usage", help="Print tokens, cost, attempts and times to stderr.")]
_Region = Annotated[str | None, typer.Option(help="AWS region; else AWS_REGION or the profile's.")]
_Profile = Annotated[str | None, typer.Option(help="Profile of the AWS configuration files.")]
_Endpoint = Annotated[str | None, typer.Option(help="Ask this address instead of AWS's own.")]
_Timeout = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="For the whole call, retries included.", callback=_positive)
]


@dataclass(frozen=True, slots=True)
class _Question:
    model: str
    prompt: str
    parameters: dict[str, Any]
    client_options: dict[str, Any]
    stream: bool
    as_json: bool
    usage: bool


def ask(  # noqa: PLR0913  # an argument per option of the command
    prompt: _Prompt = None,
    model: _Model = "",
    system: _System = None,
    option: _Parameter = None,
    as_json: _Json = False,
    no_stream: _NoStream = False,
    usage: _Usage = False,
    region: _Region = None,
    profile: _Profile = None,
    endpoint_url: _Endpoint = None,
    timeout: _Timeout = None,
) -> int:
    """Ask a model, and stream its answer to stdout.

    With AWS keys or a Bedrock API key in the environment it asks Amazon Bedrock:
    AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK (which beats them), and AWS_REGION.

    On a terminal, control characters in the answer are shown by name, e.g. <U+001B>; in a pipe or a file the
    answer stands as it came.
    """
    if not model.strip():
        raise UsageError(f"no model: set BEDROCK_LLM_MODEL or give -m, e.g. -m {_EXAMPLE_MODEL}")
    options = _client_options(timeout, region=region, profile=profile, endpoint_url=endpoint_url)
    parameters = parameters_from(option or (), system)
    text = prompt_from(prompt or (), read_stdin())
    question = _Question(model.strip(), text, parameters, options, not no_stream, as_json, usage)
    return run_async(lambda: _answer(question))


def _client_options(timeout_s: float | None, **places: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {name: value for name, value in places.items() if value is not None}
    if timeout_s is not None:
        options["timeouts"] = Timeouts(total_s=timeout_s)
    return options


async def _answer(question: _Question) -> int:
    from bedrock_llm.client import LLMClient

    output = AnswerOutput()
    try:
        async with LLMClient(question.model, **question.client_options) as client:
            response = await _ask(client, question, output)
    except LLMError as error:
        _give_partial(question, output, error)
        raise
    _give(question, output, response)
    return 0


async def _ask(client: LLMClient, question: _Question, output: AnswerOutput) -> Response[Any]:
    if not question.stream:
        return await client.generate(question.prompt, **question.parameters)
    async with client.stream(question.prompt, **question.parameters) as stream:
        if not question.as_json:
            async for text in stream.text():
                output.write(text)
        return await stream.response()


def _give(question: _Question, output: AnswerOutput, response: Response[Any]) -> None:
    if question.as_json:
        output.write(json_line(response_object(response)))
    elif not output.wrote:
        output.write(response.text)
    output.end_line()
    lines = [] if question.as_json else remarks(response)
    for line in lines + (usage_lines(response) if question.usage else []):
        note(line)


def _give_partial(question: _Question, output: AnswerOutput, error: LLMError) -> None:
    partial = error.partial
    if partial is not None and question.as_json:
        failure = {"error": {"type": type(error).__name__, "message": error.message}}
        output.write(json_line(response_object(partial) | failure))
    elif partial is not None and not output.wrote:
        output.write(partial.text)
    output.end_line()
    if partial is not None and question.usage:
        for line in usage_lines(partial):
            note(line)
