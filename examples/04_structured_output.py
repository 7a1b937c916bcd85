"""Ask for an answer in the form of a type, and read it as an object of that type.

Runs like 01_hello.py. The type may be a dataclass, a pydantic model, a TypedDict, or a JSON schema.
"""

import asyncio
import os
from dataclasses import dataclass
from typing import Literal

from bedrock_llm import LLMClient, LLMError, OutputValidationError

MODEL = os.environ.get("BEDROCK_LLM_MODEL", "bedrock/us.anthropic.claude-sonnet-4-6")

LETTER = """Hello, my order 4711 came on Tuesday, but the lamp in it is broken. Please send me another one.
Ada Lovelace"""


@dataclass
class Complaint:
    """What a letter of complaint says."""

    customer: str
    order: int
    wish: Literal["refund", "replacement", "other"]
    summary: str


async def main():
    async with LLMClient(MODEL) as client:
        try:
            response = await client.generate(LETTER, output_type=Complaint, max_tokens=300)
        except OutputValidationError as error:  # it was not what was asked for; often max_tokens cut it
            raise SystemExit(f"no complaint came: {error}; the answer: {error.partial.text!r}") from error
    complaint = response.parsed  # a type checker knows that this is a Complaint
    print(complaint)
    print(f"order {complaint.order}: {complaint.wish} for {complaint.customer}")
    print(f"[{response.usage.output_tokens} tokens out, {response.cost} USD]")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except LLMError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error
