"""What a kind of record must say of itself so that it can be replayed.

Here: the values that pass between the modules beside this one. Not here: any kind (converse.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bedrock_llm import BaseModelImplementation, LLMError, Response
from tests.replay.corpus import Json, Record

Cut = Literal["whole", "bytes", "random"]


@dataclass(frozen=True, slots=True)
class Way:
    """One way of asking for a record.

    Attributes:
        name: As reported; `{seed}` in it stands for the seed of the random cuts.
        door: The client's method.
        cut: Where the answer's body is cut on its way.
        streamed: Whether the recorded answer is a stream.
    """

    name: str
    door: Literal["generate", "stream"]
    cut: Cut = "whole"
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What the client is asked.

    Attributes:
        model: The model's name, with its provider; or a model.
        messages: As `generate` takes them.
        parameters: Keywords of `generate`.
        options: Keywords of `LLMClient`.
        note: What it is, for the report: "as recorded", or why it is not.
    """

    model: str | BaseModelImplementation
    messages: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = "as recorded"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question.

    Attributes:
        response: The answer, or what had arrived of it; None where nothing had.
        error: What was raised, or None.
        faults: What was wrong with the stream of events itself, in sentences.
        question: What was asked in the end.
    """

    response: Response[Any] | None
    error: LLMError | None
    faults: tuple[str, ...]
    question: Question


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record.

    Attributes:
        name: `Record.kind` of what it covers.
        ways: How each record is asked; the answers of all of them must be the same.
        questions: What to ask, best first; the next one is asked only where the client refuses the one before it.
        usage: What `usage` of expected.jsonl says, in our buckets (see comparing.py).
        server_tools: Names of the tools that the provider called itself, as the answer holds them.
        counts_caches: Whether the wire documents what caches gave and took; otherwise 0 and unknown are the same.
        code: Which of an expected error's two words is its code.
    """

    name: str
    ways: tuple[Way, ...]
    questions: Callable[[Record, Way], tuple[Question, ...]]
    usage: Callable[[Mapping[str, Json]], Mapping[str, int | None]]
    server_tools: Callable[[Response[Any]], list[str]]
    counts_caches: bool = True
    code: Callable[[Mapping[str, Json]], Json] = lambda error: error["type"] or error["code"]
