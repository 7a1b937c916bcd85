"""An emulator on a socket, and the environment that leads a program there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

_KEYS = {"access_key_id": "AKIATESTTESTTESTTEST", "secret_access_key": "secret-of-the-test-only"}


@pytest.fixture
def emulator():
    from bedrock_llm.testing import Emulator

    with Emulator(**_KEYS) as running:
        yield running


@pytest.fixture
def environment(emulator, tmp_path):
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("AWS_", "BEDROCK_LLM_", "PYTHON")) and not name.upper().endswith("_PROXY")
    }
    return own | {
        "HOME": str(tmp_path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": emulator.url,
        "AWS_ENDPOINT_URL_BEDROCK": emulator.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": _KEYS["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": _KEYS["secret_access_key"],
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error,ignore::DeprecationWarning",
    }
