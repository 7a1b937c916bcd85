from __future__ import annotations

import asyncio
import sys

import pytest

from bedrock_llm.cli.running import run_async


async def _loop() -> str:
    return type(asyncio.get_running_loop()).__module__


def test_uvloop_is_used_where_it_is_installed():
    pytest.importorskip("uvloop")

    assert run_async(_loop).startswith("uvloop")


def test_without_uvloop_asyncio_runs_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)

    assert run_async(_loop).startswith("asyncio")
