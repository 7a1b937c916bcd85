"""See what happens: a log line per call, the cost of all, a limit that switches, and an observer of one's own.

Runs like 01_hello.py.
"""

import asyncio
import logging
import os
import sys

from bedrock_llm import CostTracker, LLMClient, LLMError, LoggingObserver, ModelObserver

MODEL = os.environ.get("BEDROCK_LLM_MODEL", "bedrock/us.anthropic.claude-sonnet-4-6")
CHEAPER = "bedrock/us.amazon.nova-lite-v1:0"
QUESTIONS = ("Why is the sky blue?", "And at dusk?", "And on Mars?")


class Summary(ModelObserver):
    """Counts what ended how. Hooks may be async too; none can change or break a call."""

    def __init__(self):
        self.tokens = {}
        self.retries = 0
        self.errors = []

    def on_request_complete(self, response):
        self.tokens[response.model] = self.tokens.get(response.model, 0) + (response.usage.total_tokens or 0)

    def on_retry(self, attempt):
        self.retries += 1

    def on_error(self, error):
        self.errors.append(type(error).__name__)


async def main():
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
    past = asyncio.Event()  # an observer only looks: what is done about the limit is the program's own affair
    costs = CostTracker(limit_usd="0.0005", on_limit=lambda tracker: past.set())
    summary = Summary()
    async with LLMClient(MODEL, observers=[LoggingObserver(), costs, summary]) as client:
        cheaper = client.with_options(model=CHEAPER)
        for question in QUESTIONS:
            response = await (cheaper if past.is_set() else client).generate(question, max_tokens=200)
            for line in response.cost.lines if response.cost else ():
                print(f"  {line.bucket}: {line.quantity} at {line.rate} USD per million = {line.amount:f}")
    print(f"{costs.total_usd} USD in all, {costs.unpriced_requests} answers without a known price")
    print(f"tokens by model: {summary.tokens}; {summary.retries} retries; errors: {summary.errors or 'none'}")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except LLMError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error
