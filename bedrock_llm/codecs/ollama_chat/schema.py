"""The words of Ollama's chat: names, options, stop reasons.

Here: tables. Not here: reading (decode.py, stream.py) and writing (encode.py) with them. Called by: every file beside
it, and the emulator.
Follows: Ollama's API, `POST /api/chat` (docs.ollama.com/api/chat).
"""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_llm.response import StopReason

__all__ = [
    "ERROR_PREFIX",
    "IMAGE_TYPES",
    "IN_MESSAGE",
    "LEVELS",
    "NAME",
    "OPTIONS",
    "STOP_REASONS",
]

NAME = "ollama_chat"

# Parameter to its member of `options`, in the body's order.
OPTIONS: Mapping[str, str] = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "stop": "stop",
    "seed": "seed",
    "repetition_penalty": "repeat_penalty",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}

STOP_REASONS: Mapping[str, StopReason] = {
    "stop": StopReason.stop,
    "length": StopReason.length,
    "load": StopReason.other,  # nothing was asked: the model was loaded, or let go
    "unload": StopReason.other,
}

LEVELS = ("low", "medium", "high")  # of `think`, for the models that have them
IN_MESSAGE = "message"  # the kind of an `Opaque` that holds members of the message itself
ERROR_PREFIX = "Error: "  # the wire has no mark for a tool that failed
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp")
