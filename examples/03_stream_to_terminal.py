"""Show an answer on a terminal as it is written: the thinking apart, no control characters, and what happens on Ctrl-C.

Runs like 01_hello.py. Words on the command line are the question: `python examples/03_stream_to_terminal.py Why?`
"""

import asyncio
import os
import sys

from bedrock_llm import Finished, LLMClient, LLMError, StreamInterruptedError, TextDelta, ThinkingDelta

MODEL = os.environ.get("BEDROCK_LLM_MODEL", "bedrock/us.anthropic.claude-sonnet-4-6")


def show(text):
    """Print a model's words; one that holds an escape sequence must not steer the terminal."""
    print(
        "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text), end="", flush=True
    )


async def show_events(stream):
    thinking = False
    async for event in stream:
        if isinstance(event, ThinkingDelta):
            show(event.text if thinking else f"[thinking] {event.text}")
            thinking = True
        elif isinstance(event, TextDelta):
            show(f"\n[answer] {event.text}" if thinking else event.text)
            thinking = False
        elif isinstance(event, Finished):
            print(f"\n[{event.stop_reason.value}]")


async def main():
    question = " ".join(sys.argv[1:]) or "How many days has a leap year?"
    async with LLMClient(MODEL) as client:
        try:
            async with client.stream(question, reasoning="low", max_tokens=2_000) as stream:
                await show_events(stream)
                response = await stream.response()
        except StreamInterruptedError as error:
            arrived = len(error.partial.text) if error.partial else 0
            raise SystemExit(f"\n[broke off after {arrived} characters: {error}]") from error
    for warning in response.warnings:
        print(f"[note: {warning}]")
    print(f"[first event after {response.first_event_s:.2f} s, all after {response.latency_s:.2f} s]")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:  # the stream was left, and its connection closed, before this line is reached
        raise SystemExit("\n[stopped]") from None
    except LLMError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error
