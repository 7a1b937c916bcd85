"""What an import costs: which modules it loads, and that it does nothing else."""

from __future__ import annotations

import subprocess
import sys

from tests.architecture.sources import ROOT

HEAVY = {"aiohttp", "boto3", "botocore", "httpx", "httpx2", "pydantic", "tenacity", "tiktoken", "torch", "transformers"}
DOORS = "from bedrock_llm import CostTracker, LLMClient, LoggingObserver, Message"


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _loaded(code: str) -> set[str]:
    return set(_run(f"import sys\n{code}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))").split())


def test_the_package_alone_loads_none_of_its_modules_and_nothing_heavy():
    own = _run("import sys, bedrock_llm; print(*(name for name in sys.modules if name.startswith('bedrock_llm')))")
    assert own.split() == ["bedrock_llm"]
    assert _loaded("import bedrock_llm") & (HEAVY | {"anyio", "asyncio", "ssl", "typing"}) == set()


def test_the_doors_load_no_http_library_no_aws_sdk_and_no_validation_library():
    assert _loaded(DOORS) & HEAVY == set()


def test_no_public_name_loads_anything_heavy():
    assert _loaded("from bedrock_llm import *") & HEAVY == set()


def test_imports_connect_to_nothing_start_nothing_and_write_nothing():
    watched = (
        "def watch(event, args):\n"
        "    if event in ('socket.connect', 'socket.bind', 'socket.getaddrinfo', 'subprocess.Popen', 'os.system'):\n"
        "        raise SystemExit(f'{event} at import: {args}')\n"
        "    if event == 'open' and isinstance(args[1], str) and set(args[1]) & set('wax+'):\n"
        "        raise SystemExit(f'{args[0]} opened to write at import')\n"
    )
    _run(f"import sys\nsys.dont_write_bytecode = True\n{watched}sys.addaudithook(watch)\nfrom bedrock_llm import *")
