"""Keep a conversation, let it outgrow the model's window, and take it up again from a file's worth of JSON.

Runs like 01_hello.py. The window is said to be 600 tokens here, so that one sees what happens when it is full.
"""

import asyncio
import json
import os

from bedrock_llm import Conversation, LLMClient, LLMError

MODEL = os.environ.get("BEDROCK_LLM_MODEL", "bedrock/us.anthropic.claude-sonnet-4-6")
SMALL_WINDOW = {MODEL.removeprefix("bedrock/"): {"context_window": 600}}


async def main():
    async with LLMClient(MODEL, context="drop_oldest", catalog=SMALL_WINDOW) as client:
        chat = client.conversation(system="You keep a travel diary. Be brief.", max_tokens=100)
        for day in range(1, 9):
            response = await chat.send(f"Day {day}: we walked {day + 10} km along the coast and camped by the sea.")
            dropped = [warning.message for warning in response.warnings if warning.kind == "dropped"]
            print(f"day {day}: {response.usage.total_input_tokens} tokens in", *dropped, sep="; ")
        count = await chat.count_tokens("Which day was the longest?")
        print(f"the next question would make {count.tokens} tokens, give or take {count.error_bound} ({count.source})")

        saved = json.dumps(chat.to_dict())
        print(f"{len(chat.messages)} messages are kept, {len(saved)} characters of JSON")

        chat = Conversation.from_dict(json.loads(saved), client=client)
        async with chat.stream("Which day was the longest?") as stream:
            async for text in stream.text():
                print(text, end="", flush=True)
        print()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except LLMError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error
