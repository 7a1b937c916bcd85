"""Ask a model, whole and as a stream, and see what it cost.

Against AWS: set AWS_REGION and AWS_BEARER_TOKEN_BEDROCK (or the two AWS keys), then `python examples/01_hello.py`.
Offline: run `bedrock-llm emulate` in another terminal and export the lines it prints.
"""

import asyncio
import os

from bedrock_llm import CostTracker, LLMClient, LLMError, Message

MODEL = os.environ.get("BEDROCK_LLM_MODEL", "bedrock/us.anthropic.claude-sonnet-4-6")


async def main():
    costs = CostTracker()
    async with LLMClient(MODEL, observers=[costs]) as client:
        response = await client.generate("Why is the sky blue?", max_tokens=200)
        print(response.text)
        print(f"[{response.usage.input_tokens} tokens in, {response.usage.output_tokens} out, {response.cost} USD]")

        history = [Message.user("Why is the sky blue?"), response.message, Message.user("And at dusk?")]
        async with client.stream(history, max_tokens=200) as stream:
            async for text in stream.text():
                print(text, end="", flush=True)
            answer = await stream.response()
        print(f"\n[{len(answer.attempts)} attempt(s), first token after {answer.first_event_s:.2f} s]")
    print(f"[in all: {costs.total_usd} USD]")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except LLMError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error
