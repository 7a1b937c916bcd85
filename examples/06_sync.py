"""The same without a loop: one client in plain code, and in many threads at once.

Runs like 01_hello.py.
"""

import os
from concurrent.futures import ThreadPoolExecutor

from bedrock_llm import CostTracker, LLMError, SyncLLMClient

MODEL = os.environ.get("BEDROCK_LLM_MODEL", "bedrock/us.anthropic.claude-sonnet-4-6")
RIVERS = ("the Loire", "the Rhine", "the Danube", "the Po")


def main():
    costs = CostTracker()
    with SyncLLMClient(MODEL, observers=[costs]) as client:
        with client.stream("Why is the sky blue?", max_tokens=200) as stream:
            for text in stream.text():
                print(text, end="", flush=True)
            print(f"\n[{stream.response().usage.output_tokens} tokens]")

        chat = client.conversation(system="Be brief.", max_tokens=100)
        for question in ("My name is Ada.", "What is my name?"):
            print(chat.send(question).text)

        brief = client.with_options(strict=True)  # other settings, the same connections and thread
        with ThreadPoolExecutor(len(RIVERS)) as threads:  # the calls run side by side on the client's own loop
            asked = {
                river: threads.submit(brief.generate, f"Where does {river} end?", max_tokens=60) for river in RIVERS
            }
            for river, answer in asked.items():
                print(f"{river}: {answer.result().text}")
    print(f"[in all: {costs.total_usd} USD]")


if __name__ == "__main__":
    try:
        main()
    except LLMError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error
