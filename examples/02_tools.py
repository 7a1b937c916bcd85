"""Let a model use a tool, with a second model to fall back on and an observer that looks on.

Runs like 01_hello.py. The loop is written by hand here, so that one sees what travels.
"""

import asyncio
import os
from datetime import date

from bedrock_llm import FallbackStrategy, LLMClient, LLMError, Message, ModelObserver, ToolResult, ToolSpec

MODEL = os.environ.get("BEDROCK_LLM_MODEL", "bedrock/us.anthropic.claude-sonnet-4-6")
TODAY = ToolSpec("today", "Tell today's date, as YYYY-MM-DD.", {"type": "object", "properties": {}})


class Watcher(ModelObserver):
    def on_request_complete(self, response):
        print(f"[{response.model}: {response.stop_reason.value} after {len(response.attempts)} attempt(s)]")


async def main():
    models = FallbackStrategy([MODEL, "bedrock/us.amazon.nova-pro-v1:0"])
    async with LLMClient(models, observers=[Watcher()]) as client:
        messages = [Message.user("What is today's date?")]
        for _ in range(5):  # a bound: a model may ask for tools for ever
            response = await client.generate(messages, tools=[TODAY], max_tokens=300)
            if not response.tool_calls:
                break
            results = [ToolResult(call.id, date.today().isoformat()) for call in response.tool_calls]
            messages += [response.message, Message.user(*results)]
        print(response.text)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except LLMError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error
