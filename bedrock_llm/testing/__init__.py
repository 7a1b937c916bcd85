"""For tests of code that uses this library: a model without a wire, and Bedrock on a loopback socket.

Here: the public names, loaded when first used. Not here: anything that a program in production needs.
`pytest_plugins = ["bedrock_llm.testing.pytest_plugin"]` in a conftest.py gives the fixture `emulator`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_llm.testing.emulator.emulator import Emulator
    from bedrock_llm.testing.emulator.serve import serve
    from bedrock_llm.testing.models import ScriptedModel

__all__ = ["Emulator", "ScriptedModel", "serve"]

_HOME_OF = {
    "Emulator": "bedrock_llm.testing.emulator.emulator",
    "ScriptedModel": "bedrock_llm.testing.models",
    "serve": "bedrock_llm.testing.emulator.serve",
}


if not TYPE_CHECKING:  # a checker that saw this function would accept any name

    def __getattr__(name: str) -> object:
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
