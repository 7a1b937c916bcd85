"""Requests for models that read one text: a conversation as turns, and what all such bodies do alike.

Here: `PromptBody`, turns as text, control tokens made harmless. Not here: any model's template (its own folder),
answers (completions.py). Called by: the codecs of text bodies.

Rule 1: whatever somebody said, no control token comes into the prompt but those of the template: a mark in a text gets
        a space behind its first character (`< |eot_id|>`). It stays readable, and no tokenizer takes it for the token.
        A visible break, as invisible characters may be filtered out on the way, which would make the mark whole again.
Rule 2: a text body has no word for tools, media or a schema; what its own template adds is a fact that it changes.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

from bedrock_llm.codecs.body import Body
from bedrock_llm.codecs.shared.completions import TextReader
from bedrock_llm.codecs.shared.draft import (
    CALLS,
    Draft,
    Step,
    drop_absent,
    drop_sampling,
    settle,
    settle_reasoning,
    settle_system,
    settle_the_rest,
    settle_tool_choice,
    settle_tools,
    step,
)
from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import CachePoint, Message, Part, Text
from bedrock_llm.request import Request
from bedrock_llm.response import Response, ResponseWarning

__all__ = [
    "PromptBody",
    "Turn",
    "harmless",
    "knobs_of",
    "labelled",
    "option",
    "system_text",
    "text_of",
    "turns_of",
]

_TEXT_ONLY: Mapping[str, Any] = {
    "tools": False,
    "strict_tools": False,
    "tool_choice": ("auto",),
    "structured_output": False,
    "images": False,
    "documents": False,
    "video": False,
    "audio": False,
    "citations": False,
    "reasoning": False,
    "reasoning_in_history": "none",
    "tool_result_media": (),
    "top_k": False,
}
_TUNING = (
    "max_tokens", "top_k", "min_p", "stop", "seed", "presence_penalty", "frequency_penalty", "repetition_penalty",
    "logprobs",
)  # fmt: skip


class Turn(NamedTuple):
    """One turn of a conversation as text; `role` is "system", "user" or "assistant"."""

    role: str
    text: str


class PromptBody(Body):
    """A body whose conversation is one text.

    Attributes:
        api: What warnings call it, e.g. "Mistral's text body".
        members: Our parameters to the body's members; every other tuning knob is left out with a warning.
        facts: Features that hold for this body whatever Converse can do with the model.
        reasons: Whether the model reasons of its own accord, which no member of the body changes.
    """

    api: ClassVar[str]
    members: ClassVar[Mapping[str, str]]
    facts: ClassVar[Mapping[str, Any]] = {}
    reasons: ClassVar[bool] = False

    def __init__(self) -> None:
        self._known: tuple[ModelConfig, ModelConfig] | None = None
        self._steps = self.steps()

    def steps(self) -> tuple[Step, ...]:
        """What is settled of a request, in order."""
        absent = [name for name in _TUNING if name not in self.members]
        return (
            drop_absent([*absent, "reasoning"] if self.reasons else absent, self.api),
            *(() if self.reasons else (step(settle_reasoning, "reasoning"),)),
            *_STEPS,
        )

    @abstractmethod
    def reader(self, config: ModelConfig) -> TextReader:
        """What reads a streamed answer."""

    def prepare(self, request: Request, config: ModelConfig) -> tuple[Request, tuple[ResponseWarning, ...]]:
        """The request as the body takes it, and what was left out or repaired. Pure.

        Raises:
            UnsupportedFeatureError: The body has no word for what the request is about: tools, media, a schema.
        """
        request, points = _without_cache_points(request)
        request, warnings = settle(request, self.narrowed(config), self.name, self._steps)
        return request, (*points, *warnings)

    def streams(self, request: Request, config: ModelConfig) -> bool:
        """Whether the model streams. Tools change nothing here: their calls are text."""
        del request
        return config.feature("streaming") is not False

    def read(self, data: Json, config: ModelConfig) -> Response[Any]:
        """A whole answer.

        Raises:
            ProtocolError: It is none.
        """
        return self.reader(config).whole(data)

    def narrowed(self, config: ModelConfig) -> ModelConfig:
        """The model's facts, with what this body takes instead of what Converse takes."""
        if self._known is None or self._known[0] is not config:
            features = {**(config.features or {}), **_TEXT_ONLY, **self.facts, **self.facts_of(config)}
            self._known = config, replace(config, features=features)
        return self._known[1]

    def facts_of(self, config: ModelConfig) -> Mapping[str, Any]:
        """Features that hold for this body and this model."""
        del config
        return {}


def _settle_tools(draft: Draft, calls: Mapping[str, None]) -> None:
    if draft.get("tool_choice") == "none":
        draft.changes.update(tools=None, tool_choice=None)
    settle_tools(draft, calls)


def _settle_parallel_calls(draft: Draft, calls: Mapping[str, None]) -> None:
    del calls
    can, asked = draft.config.feature("parallel_tool_calls"), draft.get("parallel_tool_calls")
    if not draft.get("tools") or asked is can:
        draft.changes["parallel_tool_calls"] = None  # it is so anyway
    elif asked is not None:
        draft.drop("parallel_tool_calls", "a prompt has no word for it")


def _settle_cache(draft: Draft, calls: Mapping[str, None]) -> None:
    del calls
    if draft.get("cache"):
        draft.drop("cache", "a text body has no cache points")
    draft.changes["cache"] = None


_STEPS = (
    step(drop_sampling, "temperature", "top_p", "top_k"),
    step(settle_system, "system"),
    step(_settle_tools, "tools", "tool_choice", CALLS),
    step(settle_tool_choice, "tool_choice"),
    step(_settle_parallel_calls, "parallel_tool_calls"),
    step(settle_the_rest, "output_type", "latency", "service_tier"),
    step(_settle_cache, "cache"),
)


def _without_cache_points(request: Request) -> tuple[Request, tuple[ResponseWarning, ...]]:
    """The request less the cache points of its messages, system text and tools; a text has no place for them."""
    messages = tuple(_pointless(message.parts) for message in request.messages)
    changes: dict[str, Any] = {}
    for name in ("system", "tools"):
        given = request.get(name)
        if isinstance(given, tuple) and len(kept := _pointless(given)) < len(given):
            changes[name] = kept or None
    if not changes and all(map(_same_length, messages, (message.parts for message in request.messages))):
        return request, ()
    kept_messages = [
        message if len(parts) == len(message.parts) else Message(message.role, parts)
        for message, parts in zip(request.messages, messages, strict=True)
    ]
    warning = ResponseWarning("unsupported", "cache points were left out: a text body has none", "cache")
    return request.with_(messages=kept_messages, **changes), (warning,)


def _pointless(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part for part in parts if part.__class__ is not CachePoint)


def _same_length(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other)


def option(config: ModelConfig, name: str) -> Any:
    """An option of the model's native body, or None."""
    native = config.feature("native")
    return native.get(name) if isinstance(native, Mapping) else None


def harmless(text: str, marks: re.Pattern[str]) -> str:
    """`text` with a space behind the first character of every mark in it."""
    return marks.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def text_of(parts: Iterable[Part], where: str) -> str:
    """The texts among the parts, joined with nothing between.

    Raises:
        InvalidRequestError: A part is no text; names the place.
    """
    texts = []
    for index, part in enumerate(parts):
        if not isinstance(part, Text):
            raise InvalidRequestError.of(f"{where}.parts[{index}]", type(part).__name__, "text: the body is one text")
        texts.append(part.text)
    return "".join(texts)


def system_text(request: Request) -> tuple[str, int]:
    """The system text and the system messages that lead the conversation, as one text; and how many those are."""
    given, messages = request.get("system", ""), request.messages
    leading = next((place for place, message in enumerate(messages) if message.role != "system"), len(messages))
    said = [given if isinstance(given, str) else text_of(given, "system")]
    said += [text_of(message.parts, f"messages[{index}]") for index, message in enumerate(messages[:leading])]
    return "\n\n".join(text for text in said if text.strip()), leading


def turns_of(request: Request) -> tuple[str, list[Turn]]:
    """The system text, and the turns behind it.

    Raises:
        InvalidRequestError: A message holds what is no text.
    """
    system, leading = system_text(request)
    messages = enumerate(request.messages[leading:], leading)
    return system, [Turn(message.role, text_of(message.parts, f"messages[{index}]")) for index, message in messages]


def labelled(request: Request, user: str, assistant: str) -> str:
    """A conversation with a label before each turn; the assistant's stands open at the end.

    A single user's turn is sent as it is: so such models are asked most, and a text to be completed stays one. The
    labels are plain words; a line of a text that begins with one is moved in by a space.

    Args:
        request: Prepared: turns alternate.
        user: The user's label, e.g. `User:`.
        assistant: The assistant's.
    """
    system, turns = turns_of(request)
    head = f"{system}\n\n" if system else ""
    if len(turns) == 1 and turns[0].role == "user":
        return head + turns[0].text
    marks = re.compile(rf"^(?={re.escape(user)}|{re.escape(assistant)})", re.MULTILINE)
    labels = {"assistant": assistant}
    lines = [f"{labels.get(turn.role, user)} {marks.sub(' ', _said(turn))}" for turn in turns]
    return head + "\n".join(lines if turns and turns[-1].role == "assistant" else [*lines, assistant])


def _said(turn: Turn) -> str:
    """A turn's text; the blanks before an answer are the label's."""
    return turn.text.lstrip() if turn.role == "assistant" else turn.text


def knobs_of(request: Request, members: Mapping[str, str]) -> dict[str, Json]:
    """The tuning knobs that were set, by the body's names and in the order of the table."""
    given = {theirs: request.get(ours) for ours, theirs in members.items()}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value is not None
    }
