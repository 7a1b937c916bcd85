from __future__ import annotations

import pytest

from bedrock_llm.testing import Emulator
from tests.providers_matrix.ways import CATALOG


@pytest.fixture
def emulator():
    with Emulator(catalog=CATALOG) as running:
        yield running
