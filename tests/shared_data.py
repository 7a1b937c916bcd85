"""Where the shared corpus and vectors lie; tests that use them skip where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(os.environ.get("BEDROCK_LLM_SHARED") or Path(__file__).resolve().parents[1].parent / "shared")


def shared(path: str) -> Path:
    """The file or folder `path` of the shared data; skips the test where it is absent."""
    found = _ROOT / path
    if not found.exists():
        pytest.skip(f"the shared data ({path}) is not here")
    return found
