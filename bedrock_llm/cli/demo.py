"""`bedrock-llm demo`: the main job on real input, without an account.

Here: five scenes between our client and the built-in emulator, over a loopback socket and the real wire. Not here:
any shortcut: the client is the public one, and its requests are signed and its answers framed as at AWS.
Called by: application, `make demo`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from bedrock_llm.cli.report import attempt_text, cost_text, seconds_text
from bedrock_llm.cli.running import run_async
from bedrock_llm.cli.terminal import AnswerOutput
from bedrock_llm.errors import LLMError
from bedrock_llm.messages import Message, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec

if TYPE_CHECKING:
    from bedrock_llm.client import LLMClient
    from bedrock_llm.observers.cost import CostTracker
    from bedrock_llm.request import Request
    from bedrock_llm.response import Response
    from bedrock_llm.testing import Emulator

__all__ = ["demo"]

_MODEL_ID = "us.anthropic.claude-sonnet-4-6"
_MODEL = f"bedrock/{_MODEL_ID}"
_WINDOW_TOKENS = 600
_PACE_S = 0.04  # between two pieces of an answer, so that one sees it grow

_SKY = (
    "Sunlight holds all colours. On its way through the air, the short blue waves are scattered far more than the "
    "long red ones, so blue light reaches your eyes from every part of the sky."
)


def demo() -> int:
    """Show the client at work, without a key.

    It talks to the built-in emulator; no model is asked, and nothing leaves this machine.

    An answer token by token, a tool call and its result, a throttled attempt that is retried, a conversation cut to
    a small window, and what it all took.
    """
    from bedrock_llm.testing import Emulator

    _stay_local()
    show = _Show()
    with Emulator(delay_s=_PACE_S) as emulator:
        show.line("This is a demonstration. The answers below are the built-in emulator's: no model is asked, nothing")
        show.line(f"leaves this machine, nothing is billed. The emulator speaks Bedrock's own wire at {emulator.url}:")
        show.line("signed HTTP requests (SigV4) one way, AWS event streams the other.")
        emulator.reply(_play_the_model)
        run_async(lambda: _scenes(show, emulator))
    show.line()
    show.line("Once more: every answer above was the emulator's. No model was asked.")
    show.line('To ask a real one, set AWS keys or a Bedrock API key, then: bedrock-llm ask -m MODEL "..."')
    return 0


def _stay_local() -> None:
    """Keep a proxy that the environment names out of it; it could not reach our loopback address."""
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1")))


class _Show:
    """What is printed, and what the answers add up to."""

    def __init__(self) -> None:
        self.output = AnswerOutput()
        self.responses: list[Response[Any]] = []

    def line(self, text: str = "") -> None:
        self.output.write(text + "\n")

    def title(self, text: str) -> None:
        self.line(f"\n--- {text}")

    def keep(self, response: Response[Any]) -> Response[Any]:
        self.responses.append(response)
        return response


async def _scenes(show: _Show, emulator: Emulator) -> None:
    from bedrock_llm.observers.cost import CostTracker

    tracker = CostTracker()
    async with _client(emulator, tracker) as client:
        await _token_by_token(show, client)
        await _tool_call(show, client)
        await _throttled(show, client, emulator)
    small = {_MODEL_ID: {"context_window": _WINDOW_TOKENS}}
    async with _client(emulator, tracker, context="drop_oldest", catalog=small) as client:
        await _small_window(show, client)
    _totals(show, tracker)


def _client(emulator: Emulator, tracker: CostTracker, **options: Any) -> LLMClient:
    from bedrock_llm.client import LLMClient

    return LLMClient(
        _MODEL,
        region=emulator.region,
        endpoint_url=emulator.url,
        credentials=emulator.credentials,
        observers=[tracker],
        **options,
    )


async def _token_by_token(show: _Show, client: LLMClient) -> None:
    show.title("1. An answer, token by token")
    question = "Why is the sky blue?"
    show.line(f"you:   {question}")
    show.output.write("model: ")
    async with client.stream(question, max_tokens=200) as stream:
        async for text in stream.text():
            show.output.write(text)
        response = show.keep(await stream.response())
    show.output.end_line()
    show.line(
        f"       ({seconds_text(response.first_event_s)} to the first token, {response.usage.output_tokens} tokens)"
    )


def _days_between(first: str, second: str) -> int:
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


_DATE = {"type": "string", "description": "YYYY-MM-DD"}
_TOOL = ToolSpec(
    "days_between",
    "Count the days from one date to another.",
    {"type": "object", "properties": {"first": _DATE, "second": _DATE}, "required": ["first", "second"]},
    function=_days_between,
)


async def _tool_call(show: _Show, client: LLMClient) -> None:
    show.title("2. A tool call and its result")
    messages = [Message.user("How many days were there from 2024-02-01 to 2024-03-01?")]
    show.line(f"you:   {messages[0].text}")
    asked = show.keep(await client.generate(messages, tools=[_TOOL], max_tokens=200))
    (call,) = asked.tool_calls
    result = str(_days_between(**(call.arguments or {})))
    show.line(f"model: calls {call.name} with {json.dumps(call.arguments)}")
    show.line(f"tool:  {result}   (the function really ran, in this process)")
    messages += [asked.message, Message.user(ToolResult(call.id, result))]
    answered = show.keep(await client.generate(messages, tools=[_TOOL], max_tokens=200))
    show.line(f"model: {answered.text}")


async def _throttled(show: _Show, client: LLMClient, emulator: Emulator) -> None:
    show.title("3. A throttled attempt, retried")
    emulator.fail("throttle", times=1)
    question = "And at dusk?"
    show.line(f"you:   {question}   (the emulator is told to throttle the next request)")
    response = show.keep(await client.generate(question, max_tokens=200))
    for attempt in response.attempts:
        show.line(f"       {attempt_text(attempt)}")
    show.line(f"model: {response.text}")


async def _small_window(show: _Show, client: LLMClient) -> None:
    show.title(f"4. A conversation cut to a window of {_WINDOW_TOKENS} tokens")
    messages: list[Message] = []
    for day in range(1, 21):
        messages.append(
            Message.user(f"Day {day}: we walked {day + 10} km along the coast and camped near the lighthouse.")
        )
        messages.append(Message.assistant(f"Noted: day {day}, {day + 10} km."))
    messages.append(Message.user("What is the oldest day you can still see?"))
    show.line(f"you:   {len(messages)} messages, the last one: {messages[-1].text}")
    response = show.keep(await client.generate(messages, system="You keep a travel diary.", max_tokens=100))
    for warning in response.warnings:
        show.line(f"       {warning.kind}: {warning.message}")
    show.line(f"model: {response.text}")
    if not any(warning.kind == "dropped" for warning in response.warnings):
        raise LLMError("the conversation was longer than the window, but nothing was dropped")


def _totals(show: _Show, tracker: CostTracker) -> None:
    show.title("5. What it took")
    used_in = _sum(response.usage.total_input_tokens for response in show.responses)
    used_out = _sum(response.usage.output_tokens for response in show.responses)
    sent = _sum(len(response.attempts) for response in show.responses)
    show.line(f"answers:     {len(show.responses)}, in {sent} attempts")
    show.line(f"tokens:      {used_in} in, {used_out} out, as the emulator counts")
    show.line(f"cost:        {tracker.total_usd:f} USD, had the model been asked at its list price")
    for number, response in enumerate(show.responses, 1):
        show.line(f"             answer {number}: {cost_text(response.cost)}")
    show.line(f"first token: after {seconds_text(show.responses[0].first_event_s)} (answer 1, streamed)")


def _sum(counts: Iterable[int | None]) -> str:
    known = list(counts)
    return "unknown" if None in known else str(sum(count or 0 for count in known))


def _play_the_model(request: Request) -> str | Message:
    """What the emulator answers: it reads the request it got over the wire, as a model would."""
    last = request.messages[-1]
    results = [part for part in last.parts if isinstance(part, ToolResult)]
    if results:
        content = results[0].content
        days = content if isinstance(content, str) else Message.user(*content).text
        return f"There were {days} days from 2024-02-01 to 2024-03-01."
    if request.get("tools"):
        return Message.assistant(ToolCall("call_1", _TOOL.name, {"first": "2024-02-01", "second": "2024-03-01"}))
    if "oldest" in last.text:
        return f"The oldest message I was sent begins: {request.messages[0].text[:30]!r}"
    if "dusk" in last.text:
        return "At dusk the light travels further through the air; most of the blue is gone, and red is left."
    return _SKY
