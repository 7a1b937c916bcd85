"""The ways to a model that the tests beside this file go, and what a way cannot do.

Every way ends at the emulator, which checks what it is sent as the service does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bedrock_llm import LLMClient
from bedrock_llm.testing import Emulator

# What the built-in catalog does not know: a server of one's own can hold anything.
CATALOG: dict[str, dict[str, Any]] = {
    "gpt-oss:20b": {"context_window": 131_072, "features": {"reasoning": {"efforts": ["low", "medium", "high"]}}}
}
CLAUDE = "us.anthropic.claude-sonnet-4-6"


class Way(NamedTuple):
    """One way.

    Attributes:
        model: As `LLMClient` takes it.
        api: The option of this name.
        path: Behind the emulator's address.
        refused: Members of a body that the service refuses, though the client cannot know.
        reasoning: What `reasoning` is set to.
        seals: Whether what was thought carries a seal.
    """

    model: str
    api: str | None = None
    path: str = ""
    refused: dict[str, Any] = {"temperature": 9}  # noqa: RUF012  # never changed
    reasoning: str | int = "low"
    seals: bool = True

    @property
    def provider(self) -> str:
        return self.model.partition("/")[0]

    def client(self, emulator: Emulator, **options: Any) -> LLMClient:
        """A client that goes this way."""
        given: dict[str, Any] = {"base_url": emulator.url + self.path, "api": self.api, "catalog": CATALOG}
        if self.provider == "bedrock":
            given |= {"region": emulator.region, "credentials": emulator.credentials}
        else:
            given["api_key"] = emulator.api_key
        return LLMClient(self.model, **{**given, **options})


WAYS = {
    "anthropic": Way("anthropic/claude-sonnet-4-6"),
    "openai-chat": Way("openai/gpt-5.1", "chat", "/v1"),
    "openai-responses": Way("openai/gpt-5.1", "responses", "/v1"),
    "google": Way("google/gemini-2.5-flash", None, "/v1beta", {"generationConfig": {"temperature": 9}}, 1024),
    "google-signing": Way("google/gemini-3.5-flash", None, "/v1beta", {"generationConfig": {"temperature": 9}}),
    "azure": Way("azure/gpt-5.1", "responses", "/v1"),
    "vertex": Way(
        "vertex/gemini-2.5-flash",
        None,
        "/v1/projects/p/locations/global/publishers/google",
        {"generationConfig": {"temperature": 9}},
        1024,
    ),
    "cohere": Way("cohere/command-a-reasoning-08-2025", refused={"p": 9}, reasoning=1024, seals=False),
    "ollama": Way("ollama/gpt-oss:20b", refused={"options": {"temperature": "hot"}}, seals=False),
    "bedrock-converse": Way(f"bedrock/{CLAUDE}", "converse", "", {"inferenceConfig": {"temperature": 9}}),
    "bedrock-invoke": Way(f"bedrock/{CLAUDE}", "invoke"),
    "bedrock-anthropic": Way(f"bedrock/{CLAUDE}", "anthropic"),
    "bedrock-openai": Way("bedrock/openai.gpt-oss-120b-1:0", "openai"),
    "bedrock-openai-responses": Way("bedrock/openai.gpt-oss-120b-1:0", "openai-responses"),
}

_BLIND = "gpt-oss takes no images"
_COHERE_BLIND = "Cohere's reasoning model takes no images"
_FORGETS = "chat completions have no member that takes reasoning back"
_UNSTOPPED = "GPT-5 takes no stop strings"
_NO_STOPS = "the Responses API has no stop strings"

# What a way cannot do, and why. The client says so: it raises for what a request is about, and warns of the rest.
CANNOT = {
    ("bedrock-openai", "image"): _BLIND,
    ("bedrock-openai-responses", "image"): _BLIND,
    ("cohere", "image"): _COHERE_BLIND,
    ("openai-chat", "reasoning"): _FORGETS,
    ("bedrock-openai", "reasoning"): _FORGETS,
    ("openai-chat", "stop"): _UNSTOPPED,
    ("openai-responses", "stop"): _NO_STOPS,
    ("azure", "stop"): _NO_STOPS,
    ("bedrock-openai-responses", "stop"): _NO_STOPS,
}


def going(what: str) -> list[str]:
    """The ways that can do something."""
    return [name for name in WAYS if (name, what) not in CANNOT]


def failing(what: str) -> list[str]:
    """The ways that cannot."""
    return [name for name, lacking in CANNOT if lacking == what]
