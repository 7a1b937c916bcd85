from __future__ import annotations

import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.testing import Emulator

CLAUDE = "us.anthropic.claude-sonnet-4-6"


@pytest.fixture
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def client_of(emulator):
    """Makes clients of the emulator."""

    def make(model=CLAUDE, **options):
        given = {"base_url": emulator.url, "region": emulator.region, "credentials": emulator.credentials}
        return LLMClient(f"bedrock/{model}", **{**given, **options})

    return make
