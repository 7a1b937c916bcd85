"""Fixtures for pytest.

Here: `emulator`. Not registered by itself: write `pytest_plugins = ["bedrock_llm.testing.pytest_plugin"]` in the
conftest.py at the root of your tests.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bedrock_llm.testing.emulator.emulator import Emulator

__all__ = ["emulator"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Bedrock on a loopback socket, a fresh one for each test."""
    with Emulator() as running:
        yield running
