"""The APIs that a model can be spoken to in, each with what carries its body.

Here: native bodies by name, and the APIs of plain HTTPS: paths, members, errors. Not here: who has which API
(routes.py), the bodies (codecs/*/). Called by: routes.py.

Rule: what a table names is loaded when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from bedrock_llm.codecs.base import Codec
from bedrock_llm.config import ModelConfig

__all__ = ["BODIES", "Path", "body_of", "direct_codec", "loaded"]

# Native bodies by the name that the feature `native.body` has for them.
BODIES: Mapping[str, str] = {
    "ai21_j2": "bedrock_llm.codecs.ai21_j2:J2Body",
    "anthropic_completions": "bedrock_llm.codecs.anthropic_completions:CompletionsBody",
    "anthropic_messages": "bedrock_llm.codecs.anthropic_messages:MessagesBody",
    "cohere_chat": "bedrock_llm.codecs.cohere_chat:CohereChatBody",
    "cohere_prompt": "bedrock_llm.codecs.cohere_prompt:CoherePromptBody",
    "deepseek_prompt": "bedrock_llm.codecs.deepseek_prompt:DeepSeekPromptBody",
    "llama_prompt": "bedrock_llm.codecs.llama_prompt:LlamaPromptBody",
    "mistral_prompt": "bedrock_llm.codecs.mistral_prompt:MistralPromptBody",
    "nova": "bedrock_llm.codecs.converse.nova:NovaBody",
    "openai_chat": "bedrock_llm.codecs.openai_chat:ChatBody",
    "titan_text": "bedrock_llm.codecs.titan_text:TitanTextBody",
}


def loaded(place: str) -> Any:
    """What `module:name` names."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


class Path(NamedTuple):
    """An API, and where it is at a provider.

    Attributes:
        api: A name of the table below.
        prefix: What stands before the API's own paths.
        headers: Sent with every request of it.
        facts: Whose rows of the catalog are looked into, where not the provider's.
    """

    api: str
    prefix: str = ""
    headers: Mapping[str, str] = {}
    facts: str | None = None


class _Api(NamedTuple):
    """An API, before a model is known.

    Attributes:
        body: `module:name` of what makes the body.
        errors: `module:function` of its errors.
        whole: Its path, for a whole answer; `{model}` stands for the model's name.
        stream: The same for a stream.
        members: The members of the body that are the API's own.
        framing: How a stream comes.
    """

    body: str
    errors: str
    whole: str
    stream: str
    members: Callable[[Any, ModelConfig, bool], dict[str, Any]]
    framing: str = "sse"


def _model_and_stream(request: Any, config: ModelConfig, stream: bool) -> dict[str, Any]:
    del request
    return {"model": config.model, "stream": True} if stream else {"model": config.model}


def _chat_members(request: Any, config: ModelConfig, stream: bool) -> dict[str, Any]:
    """With the count asked for: a stream of chat chunks says nothing of it otherwise."""
    made = _model_and_stream(request, config, stream)
    options = (config.feature("native") or {}).get("stream_options", True)
    return {**made, "stream_options": {"include_usage": True}} if stream and options else made


def _vertex_members(request: Any, config: ModelConfig, stream: bool) -> dict[str, Any]:
    """The model stands in the path, and the API's version in the body."""
    del request, config
    return {"anthropic_version": "vertex-2023-10-16", **({"stream": True} if stream else {})}


def _nothing(request: Any, config: ModelConfig, stream: bool) -> dict[str, Any]:
    del request, config, stream
    return {}


_APIS: Mapping[str, _Api] = {
    "anthropic": _Api(
        "bedrock_llm.codecs.anthropic_messages:direct_body",
        "bedrock_llm.codecs.anthropic_messages.errors:error_of",
        "/v1/messages",
        "/v1/messages",
        _model_and_stream,
    ),
    "anthropic-completions": _Api(
        BODIES["anthropic_completions"],
        "bedrock_llm.codecs.anthropic_messages.errors:error_of",
        "/v1/complete",
        "/v1/complete",
        _model_and_stream,
    ),
    "anthropic-vertex": _Api(
        "bedrock_llm.codecs.anthropic_messages:direct_body",
        "bedrock_llm.codecs.anthropic_messages.errors:error_of",
        "/models/{model}:rawPredict",
        "/models/{model}:streamRawPredict",
        _vertex_members,
    ),
    "openai-chat": _Api(
        "bedrock_llm.codecs.openai_chat:ChatBody",
        "bedrock_llm.codecs.openai_chat.errors:error_of",
        "/chat/completions",
        "/chat/completions",
        _chat_members,
    ),
    "openai-responses": _Api(
        "bedrock_llm.codecs.openai_responses:ResponsesBody",
        "bedrock_llm.codecs.openai_responses.errors:error_of",
        "/responses",
        "/responses",
        _model_and_stream,
    ),
    "gemini": _Api(
        "bedrock_llm.codecs.gemini:GeminiBody",
        "bedrock_llm.codecs.gemini.errors:error_of",
        "/models/{model}:generateContent",
        "/models/{model}:streamGenerateContent?alt=sse",
        _nothing,
    ),
    "cohere": _Api(
        "bedrock_llm.codecs.cohere_v2:CohereV2Body",
        "bedrock_llm.codecs.cohere_v2.errors:error_of",
        "/v2/chat",
        "/v2/chat",
        lambda request, config, stream: {"model": config.model, "stream": stream},
    ),
    "cohere-v1": _Api(
        "bedrock_llm.codecs.cohere_chat:direct_body",
        "bedrock_llm.codecs.cohere_v2.errors:error_of",
        "/v1/chat",
        "/v1/chat",
        lambda request, config, stream: {"model": config.model, "stream": stream},
        "ndjson",
    ),
    "ollama": _Api(
        "bedrock_llm.codecs.ollama_chat:OllamaChatBody",
        "bedrock_llm.codecs.ollama_chat.errors:error_of",
        "/api/chat",
        "/api/chat",
        lambda request, config, stream: {"model": config.model, "stream": stream},
        "ndjson",
    ),
}


def body_of(path: Path) -> str:
    """The name that the feature `native.body` has for this API's body: that of its package."""
    return _APIS[path.api].body.partition(":")[0].rpartition(".")[2]


def direct_codec(path: Path) -> Codec:
    """What writes and reads this API."""
    from bedrock_llm.codecs.direct import Api, DirectCodec

    chosen = _APIS[path.api]
    api = Api(
        path.api,
        path.prefix + chosen.whole,
        path.prefix + chosen.stream,
        loaded(chosen.errors),
        chosen.members,
        "ndjson" if chosen.framing == "ndjson" else "sse",
    )
    return DirectCodec(loaded(chosen.body)(), api)
