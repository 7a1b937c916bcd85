"""An emulator on a socket for each test."""

from __future__ import annotations

import pytest

from bedrock_llm.testing import Emulator
from tests.testing.emulator.line import Line


@pytest.fixture
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def line(emulator):
    with Line(emulator) as opened:
        yield opened
