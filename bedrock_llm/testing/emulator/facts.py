"""What a single model refuses, as far as its facts are known.

Here: one table of features and what may not be sent without them, and the rules that need figures. Not here: the facts
themselves (catalog/), rules for every model (validate.py). Called by: service.

Rule 1: a fact that is not known forbids nothing. The one exception is the first turn, which has to be the user's
unless the model is known to take another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.validate import Body, Invalid, blocks
from bedrock_llm.testing.emulator.wire import Refusal

__all__ = ["check_features", "check_window"]

_MIN_THINKING_TOKENS = 1024
_NOT_CACHED = (
    "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more "
    "information."
)
_ERRORS = "The model returned the following errors: "
_CHOICES = {"any": "required", "tool": "tool"}  # the wire's word to the feature's


class _Flag(NamedTuple):
    """A feature that is true or false, what needs it, and the refusal."""

    feature: str
    asked: Callable[[Body, bool], bool]
    message: str


def check_features(body: Body, config: ModelConfig, *, stream: bool) -> None:
    """Refuse what the model is known not to take.

    Raises:
        Refusal: Names the field.
    """
    for flag in _FLAGS:
        if config.feature(flag.feature) is False and flag.asked(body, stream):
            raise Invalid(flag.message)
    for rule in _RULES:
        rule(body, config)


def check_window(input_tokens: int, config: ModelConfig) -> None:
    """Refuse input that is longer than the model's window.

    Raises:
        Invalid: It is.
    """
    if config.context_window is not None and input_tokens > config.context_window:
        raise Invalid("Input is too long for requested model.")


def _has(kind: str) -> Callable[[Body, bool], bool]:
    return lambda body, stream: any(found == kind for _, found, _, _ in blocks(body))


def _tools(body: Body) -> list[Mapping[str, Any]]:
    tools: list[Mapping[str, Any]] = (body.get("toolConfig") or {}).get("tools") or []
    return tools


def _inference(body: Body) -> Mapping[str, Any]:
    return body.get("inferenceConfig") or {}


def _cites(body: Body, _stream: bool) -> bool:
    return any(
        kind in ("document", "searchResult") and (value.get("citations") or {}).get("enabled")
        for _, kind, value, _ in blocks(body)
    )


_FLAGS = (
    _Flag(
        "streaming",
        lambda body, stream: stream,
        "This model doesn't support the ConverseStream operation. Use Converse and try again.",
    ),
    _Flag("tools", lambda body, stream: bool(_tools(body)), "This model doesn't support tool use."),
    _Flag(
        "streaming_with_tools",
        lambda body, stream: stream and bool(_tools(body)),
        "This model doesn't support tool use in streaming mode.",
    ),
    _Flag(
        "system",
        lambda body, stream: bool(body.get("system")),
        "This model doesn't support system messages. Try again without a system message or use a model that supports "
        "system messages.",
    ),
    _Flag(
        "system_messages",
        lambda body, stream: any(message["role"] == "system" for message in body.get("messages") or ()),
        "This model doesn't support messages with the role system.",
    ),
    _Flag("images", _has("image"), "This model doesn't support the image content block that you provided."),
    _Flag("documents", _has("document"), "This model doesn't support documents."),
    _Flag("video", _has("video"), "This model doesn't support the video content block that you provided."),
    _Flag("audio", _has("audio"), "This model doesn't support the audio content block that you provided."),
    _Flag("citations", _cites, "This model doesn't support citations."),
    _Flag(
        "structured_output",
        lambda body, stream: (body.get("outputConfig") or {}).get("textFormat") is not None,
        "This model doesn't support the outputConfig.textFormat field. Remove outputConfig.textFormat and try again.",
    ),
    _Flag(
        "strict_tools",
        lambda body, stream: any((tool.get("toolSpec") or {}).get("strict") for tool in _tools(body)),
        "This model doesn't support the toolSpec.strict field. Remove strict and try again.",
    ),
    _Flag(
        "tool_result_status",
        lambda body, stream: any(kind == "toolResult" and value.get("status") for _, kind, value, _ in blocks(body)),
        "This model doesn't support the toolResult.status field. Remove toolResult.status and try again.",
    ),
    _Flag(
        "prefill",
        lambda body, stream: bool(body.get("messages")) and body["messages"][-1]["role"] == "assistant",
        _ERRORS + "This model does not support assistant message prefill. "
        "The conversation must end with a user message.",
    ),
    _Flag(
        "temperature_with_top_p",
        lambda body, stream: (
            _inference(body).get("temperature") is not None and _inference(body).get("topP") is not None
        ),
        _ERRORS + "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
    ),
    _Flag(
        "latency_optimized",
        lambda body, stream: (body.get("performanceConfig") or {}).get("latency") == "optimized",
        "Latency performance configuration is not supported for this model.",
    ),
)


def _first_turn(body: Body, config: ModelConfig) -> None:
    messages = body.get("messages") or ()
    if messages and messages[0]["role"] == "assistant" and config.feature("leading_assistant") is not True:
        raise Invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with a user "
            "message."
        )


def _prefill_space(body: Body, config: ModelConfig) -> None:
    """Claude's own rule about a turn that it shall go on with."""
    messages = body.get("messages") or ()
    if config.family != "claude" or not messages or messages[-1]["role"] != "assistant":
        return
    text = messages[-1]["content"][-1].get("text")
    if text and text != text.rstrip():
        raise Invalid(_ERRORS + "messages: final assistant content cannot end with trailing whitespace")


def _max_tokens(body: Body, config: ModelConfig) -> None:
    asked, limit = _inference(body).get("maxTokens"), config.max_output_tokens
    if asked is not None and limit is not None and asked > limit:
        raise Invalid(
            f"The maximum tokens you requested exceeds the model limit of {limit}. Try again with a maximum tokens "
            f"value that is lower than {limit}."
        )


def _sampling(body: Body, config: ModelConfig) -> None:
    taken = config.feature("sampling")
    if taken is None:
        return
    for name, field in (("temperature", "temperature"), ("top_p", "topP")):
        if name not in taken and _inference(body).get(field) is not None:
            raise Invalid(_ERRORS + f"`{name}` is deprecated for this model.")


def _tool_choice(body: Body, config: ModelConfig) -> None:
    """`auto` is what every model does anyway; recorded requests show it taken where no choice is."""
    taken = config.feature("tool_choice")
    chosen = next(iter((body.get("toolConfig") or {}).get("toolChoice") or ()), None)
    if taken is not None and chosen not in (None, "auto") and _CHOICES[chosen] not in taken:
        field = f"toolConfig.toolChoice.{chosen}"
        raise Invalid(f"This model doesn't support the {field} field. Remove {field} and try again.")


_BESIDE: Mapping[str, tuple[str, ...]] = {
    "nothing": ("cachePoint",),
    "text_image": ("text", "image", "cachePoint", "guardContent"),
}


def _beside_results(body: Body, config: ModelConfig) -> None:
    allowed = _BESIDE.get(config.feature("tool_result_beside") or "any")
    for index, message in enumerate(body.get("messages") or () if allowed is not None else ()):
        kinds = {kind for block in message["content"] for kind in block}
        if "toolResult" in kinds and kinds - {"toolResult", *(allowed or ())}:
            raise Invalid(
                f"messages.{index}.content: Conversation blocks and tool result blocks cannot be provided in the same "
                "turn."
            )


def _result_media(body: Body, config: ModelConfig) -> None:
    taken = config.feature("tool_result_media")
    for where, kind, value, _ in blocks(body) if taken is not None else ():
        for entry in value["content"] if kind == "toolResult" else ():
            media = next(iter(entry))
            if media in ("image", "document", "video") and media not in taken:
                raise Invalid(f"This model doesn't support the {media} block in the toolResult at {where}.")


def _cache(body: Body, config: ModelConfig) -> None:
    taken = config.feature("cache_points")
    if taken is None:
        return
    asked = {
        "system": any("cachePoint" in block for block in body.get("system") or ()),
        "tools": any("cachePoint" in tool for tool in _tools(body)),
        "messages": any(kind == "cachePoint" for _, kind, _, _ in blocks(body)),
    }
    if any(present and place not in taken for place, present in asked.items()):
        raise Refusal("AccessDeniedException", _NOT_CACHED, 403)


def _tier(body: Body, config: ModelConfig) -> None:
    taken, asked = config.feature("service_tiers"), (body.get("serviceTier") or {}).get("type")
    if taken is not None and asked is not None and asked not in taken:
        raise Invalid(f"The service tier {asked} is not supported for this model.")


def _thinking(body: Body, config: ModelConfig) -> None:
    """Claude's own rules for a token budget of reasoning."""
    additional = body.get("additionalModelRequestFields") or {}
    thinking = additional.get("thinking") or additional.get("reasoning_config")
    if config.family != "claude" or not isinstance(thinking, Mapping) or thinking.get("type") != "enabled":
        return
    budget = thinking.get("budget_tokens")
    problem = None
    if not isinstance(budget, int) or budget < _MIN_THINKING_TOKENS:
        problem = f"thinking.enabled.budget_tokens: Input should be greater than or equal to {_MIN_THINKING_TOKENS}"
    elif (_inference(body).get("maxTokens") or budget + 1) <= budget:
        problem = "`max_tokens` must be greater than `thinking.budget_tokens`."
    elif _inference(body).get("temperature") not in (None, 1):
        problem = "`temperature` may only be set to 1 when thinking is enabled."
    elif set((body.get("toolConfig") or {}).get("toolChoice") or ()) & {"any", "tool"}:
        problem = "Thinking may not be enabled when tool_choice forces tool use."
    if problem is not None:
        raise Invalid(_ERRORS + problem)


def _reasoning_history(body: Body, config: ModelConfig) -> None:
    kept = config.feature("reasoning_in_history")
    for where, kind, value, _ in blocks(body):
        if kind != "reasoningContent":
            continue
        if kept == "none":
            raise Invalid(f"This model doesn't support the reasoningContent block at {where}. Remove it and try again.")
        if kept == "signed" and not (value.get("redactedContent") or value["reasoningText"].get("signature")):
            raise Invalid(_ERRORS + f"{where}.thinking.signature: Field required")


_RULES: tuple[Callable[[Body, ModelConfig], None], ...] = (
    _first_turn,
    _prefill_space,
    _max_tokens,
    _sampling,
    _tool_choice,
    _beside_results,
    _result_media,
    _cache,
    _tier,
    _thinking,
    _reasoning_history,
)
