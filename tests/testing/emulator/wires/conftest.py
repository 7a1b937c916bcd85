"""An emulator on a socket for each test."""

from __future__ import annotations

import pytest

from bedrock_llm.testing import Emulator


@pytest.fixture
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def anyio_backend():
    """The makers' clients leave generators open that trio warns of; how they run is not what is asked here."""
    return "asyncio"
