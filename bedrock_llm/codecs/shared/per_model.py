"""What a body works out of a model's facts, worked out once for each model.

Here: the remembering. Not here: what is worked out (each body's prepare.py). Called by: codecs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bedrock_llm.config import ModelConfig

__all__ = ["per_model"]

T = TypeVar("T")

_MAX_KNOWN = 64  # models that are remembered; a client asks few, and for each call


def per_model(make: Callable[[ModelConfig], T]) -> Callable[[ModelConfig], T]:
    """`make`, remembering what it made of a configuration: of that very object, as comparing two costs more."""
    known: dict[int, tuple[ModelConfig, T]] = {}

    def of(config: ModelConfig) -> T:
        found = known.get(id(config))
        if found is not None and found[0] is config:
            return found[1]
        if len(known) >= _MAX_KNOWN:
            known.clear()
        made = make(config)
        known[id(config)] = (config, made)
        return made

    return of
