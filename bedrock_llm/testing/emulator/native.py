"""What the emulator must know of a native body to answer in it, over InvokeModel or its maker's own API.

Here: `NativeBody`, the seam. Not here: any family (bodies/), routes (service.py). Called by: service, wires/, bodies/*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from bedrock_llm.config import ModelConfig
from bedrock_llm.request import Request
from bedrock_llm.response import Response

__all__ = ["NativeBody", "Object"]

Object: TypeAlias = "Mapping[str, Any]"


class NativeBody(NamedTuple):
    """One family's body, seen from the service's side.

    Attributes:
        check: Refuses a body as the service does (raises `Refusal`); gets the body, the model's facts, and whether a
            stream was asked for.
        parse: The body as a `Request`; what no name of ours says stands in `extra_body` or an `Opaque` part.
        answer: A response as the body of InvokeModel's answer.
        chunks: The same as the objects of a stream, in order; the service adds its metrics to the last.
    """

    check: Callable[[Object, ModelConfig, bool], None]
    parse: Callable[[Object, ModelConfig], Request]
    answer: Callable[[Response[Any]], dict[str, Any]]
    chunks: Callable[[Response[Any]], Iterator[dict[str, Any]]]
