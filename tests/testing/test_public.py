"""What `bedrock_llm.testing` offers, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import bedrock_llm.testing

pytest_plugins = ["bedrock_llm.testing.pytest_plugin"]


def test_every_public_name_is_there():
    assert bedrock_llm.testing.__all__ == ["Emulator", "ScriptedModel", "serve"]
    for name in bedrock_llm.testing.__all__:
        assert getattr(bedrock_llm.testing, name).__name__ == name
    assert set(bedrock_llm.testing.__all__) <= set(dir(bedrock_llm.testing))


def test_the_import_loads_neither_server_nor_http_library():
    code = (
        "import sys, bedrock_llm.testing as t; t.Emulator, t.ScriptedModel; "
        "print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    heavy = ["uvicorn", "h11", "httpx2", "aiohttp", "anyio", "boto3", "pydantic", "pytest"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_plugin_gives_the_fixture(emulator):
    assert emulator.url.startswith("http://127.0.0.1:")
    assert emulator.requests == ()
