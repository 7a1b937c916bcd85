"""What all kinds have in common that are asked over plain HTTPS with a key.

Here: the recorded request as a question, a greeting where there is none, and the ways of asking. Not here: any wire
(messages.py, chat.py, ...). Called by: the modules of the wires.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from bedrock_llm import LLMError, ModelConfig, ModelFactory, Response
from bedrock_llm.testing.emulator.native import NativeBody
from bedrock_llm.testing.emulator.wire import Refusal
from tests.replay.converse import HELLO
from tests.replay.corpus import Json, Record
from tests.replay.kinds import Kind, Question, Way

WHOLE = (Way("", "generate"), Way("through stream()", "stream"))
STREAMED = (
    Way("whole", "stream", streamed=True),
    Way("byte by byte", "stream", "bytes", streamed=True),
    Way("cut at random (seed {seed})", "stream", "random", streamed=True),
    Way("through generate()", "generate", streamed=True),
)
_KEY = "made-up-for-the-replay-server"
_CARRIED = ("model", "stream", "stream_options")  # members of a request that are the client's to write


@dataclass(frozen=True, slots=True)
class Host:
    """How a provider of the corpus is asked.

    Attributes:
        provider: Its name here.
        options: Keywords of `LLMClient`.
        features: What is special about its models.
        body: The emulator's module that reads its requests, where not the wire's.
    """

    provider: str
    options: Mapping[str, Any] = field(default_factory=dict)
    features: Mapping[str, Any] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Wire:
    """What tells one wire from another.

    Attributes:
        api: Its name in the corpus.
        body: The emulator's module that reads its requests; None where the client asks in another form.
        host: Who is asked for a record.
        usage: See `Kind`.
        server_tools: See `Kind`.
        model: The model's name that a record was asked of.
        code: See `Kind`.
    """

    api: str
    body: str | None
    host: Callable[[Record], Host]
    usage: Callable[[Mapping[str, Json]], Mapping[str, int | None]]
    server_tools: Callable[[Response[Any]], list[str]]
    model: Callable[[Record], str] = lambda record: record.named
    code: Callable[[Mapping[str, Json]], Json] = lambda error: error["type"] or error["code"]

    def kinds(self) -> tuple[Kind, Kind]:
        """The wire's two kinds, for whichever provider: whole answers, and streams."""
        said = (self.questions, self.usage, self.server_tools, False, self.code)
        return Kind(self.api, WHOLE, *said), Kind(f"{self.api}-stream", STREAMED, *said)

    def questions(self, record: Record, way: Way) -> tuple[Question, ...]:
        """The recorded request as the emulator reads it; where that cannot be, a greeting to the same model."""
        model, host = self.model(record) or "unknown", self.host(record)
        name, options = f"{host.provider}/{model}", _options(host, model, way)
        recorded = self._recorded(record, way, name, options, host.body or self.body)
        refused = recorded if isinstance(recorded, str) else "refused before sending"
        plain = Question(name, "hello", _parameters({"max_tokens": 100}, way), options, f"{HELLO}: {refused}")
        return (plain,) if isinstance(recorded, str) else (recorded, plain)

    def _recorded(
        self, record: Record, way: Way, name: str, options: Mapping[str, Any], body: str | None
    ) -> Question | str:
        """The recorded request, or why there is none to send."""
        if not isinstance(record.asked, dict):
            return "request not recorded"
        if body is None:
            return "request of another form"
        native: NativeBody = import_module(f"bedrock_llm.testing.emulator.bodies.{body}").BODY
        asked = {member: value for member, value in record.asked.items() if member not in _CARRIED}
        try:
            request = native.parse(asked, _config(name, options))
        except (LLMError, Refusal, LookupError, TypeError, AttributeError, ValueError) as error:
            return f"request cannot be read ({type(error).__name__})"
        note = "as recorded, media cut short" if record.shortened else "as recorded"
        return Question(name, list(request.messages), _parameters(request.parameters, way), options, note)


def model_in_path(record: Record) -> str:
    """The model's name in a path `.../models/<name>:<operation>`."""
    return unquote(record.path.partition("?")[0].rpartition("/")[2].rpartition(":")[0])


def _config(name: str, options: Mapping[str, Any]) -> ModelConfig:
    return ModelFactory.create_model(name, **options, base_url="http://localhost").config


def _parameters(parameters: Mapping[str, Any], way: Way) -> dict[str, Any]:
    """`generate` streams inside where no limit is set; a recorded stream must be asked for so."""
    streamed = way.streamed and way.door == "generate"
    return {name: value for name, value in parameters.items() if not (streamed and name == "max_tokens")}


def _options(host: Host, model: str, way: Way) -> dict[str, Any]:
    """The record decides whether the answer is streamed, whatever the catalog knows of the model."""
    features = {**host.features, "streaming": way.streamed, "streaming_with_tools": way.streamed}
    return {"api_key": _KEY, **host.options, "catalog": {model: {"features": features}}}
