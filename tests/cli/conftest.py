"""The command line as a user runs it: a process of its own, against the real emulator on a socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

MODEL = "bedrock/us.anthropic.claude-sonnet-4-6"
ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 30  # of a whole process on a busy machine; each wait inside it is 5 s

_KEYS = {"access_key_id": "AKIATESTTESTTESTTEST", "secret_access_key": "secret-of-the-test-only"}


def bare_environment(home: Path) -> dict[str, str]:
    """This process's environment without anything that reaches a provider or changes our output."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("AWS_", "BEDROCK_LLM_", "PYTHON")) and not name.upper().endswith("_PROXY")
    }
    return own | {
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(home / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "none"),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error,ignore::DeprecationWarning",  # of the libraries under the command line
    }


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard():
    """A shell has its background jobs ignore Ctrl-C, and what they start inherits that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bare(tmp_path):
    return bare_environment(tmp_path)


@pytest.fixture
def emulator():
    from bedrock_llm.testing import Emulator

    with Emulator(**_KEYS, api_key="key-of-the-test") as running:
        yield running


@pytest.fixture
def environment(bare, emulator):
    return bare | {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": emulator.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": _KEYS["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": _KEYS["secret_access_key"],
        "BEDROCK_LLM_MODEL": MODEL,
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bedrock_llm", *arguments]


def run(*arguments: str, env: dict[str, str], stdin: str = "", text: bool = True) -> subprocess.CompletedProcess:
    """Run the command to its end; no stdin means an empty one. Output is text, or bytes where that matters."""
    done = subprocess.run(
        command(*arguments), env=env, input=stdin.encode(), capture_output=True, timeout=DEADLINE_S, check=False
    )
    if text:
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    return done
