"""The rules of Messages between places, and what single models refuse.

Here: one function a rule, in one table; they run after the shape was checked. Not here: the shape (shape.py), what the
carrier adds (bedrock.py). Called by: bedrock.py.
Follows: https://docs.claude.com/en/docs/build-with-claude; the service's own wording where it is recorded.

Rule 1: the first problem is the answer.
Rule 2: a fact that is not known forbids nothing. The one exception is the first turn, which has to be the user's unless
        the model is known to take another.
Rule 3: where recorded traffic shows that the service takes what its documentation forbids, the recording wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.bodies.anthropic_messages.shape import blocks
from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = ["check_rules"]

_MAX_CACHE_POINTS = 4
_MIN_BUDGET = 1024
_MIN_TOP_P_THINKING = 0.95
_THOUGHTS = ("thinking", "redacted_thinking")


def check_rules(body: Object, config: ModelConfig) -> None:
    """Refuse what breaks a rule, or what the model is known not to take.

    Raises:
        Invalid: Names the place.
    """
    for rule in _RULES:
        rule(body, config)


def _turns(body: Object) -> list[tuple[int, str, list[dict[str, Any]]]]:
    """The turns less the system's, with the place of each; those of one role in a row are one, as it is there."""
    made: list[tuple[int, str, list[dict[str, Any]]]] = []
    for index, message in enumerate(body["messages"]):
        content = message["content"]
        found = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if message["role"] == "system":
            continue
        if made and made[-1][1] == message["role"]:
            made[-1][2].extend(found)
        else:
            made.append((index, message["role"], list(found)))
    return made


def _ends(body: Object, config: ModelConfig) -> None:
    turns = _turns(body)
    if not turns or (turns[0][1] != "user" and config.feature("leading_assistant") is not True):
        raise Invalid('messages: first message must use the "user" role')
    _, role, content = turns[-1]
    if role != "assistant":
        return
    if config.feature("prefill") is False:
        raise Invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    if content and content[-1]["type"] == "text" and content[-1]["text"] != content[-1]["text"].rstrip():
        raise Invalid("messages: final assistant content cannot end with trailing whitespace")


def _texts(body: Object, config: ModelConfig) -> None:
    """Empty messages and texts are refused; blank text is taken beside other content (recorded)."""
    last = len(body["messages"]) - 1
    for index, message in enumerate(body["messages"]):
        content = message["content"]
        if message["role"] == "system" and config.feature("system_messages") is False:
            raise Invalid(f"messages.{index}.role: Input should be 'user' or 'assistant'")
        if not content and not (index == last and message["role"] == "assistant"):
            raise Invalid(
                f"messages.{index}: all messages must have non-empty content except for the optional final assistant "
                "message"
            )
        texts = [content] if isinstance(content, str) else [entry["text"] for entry in content if "text" in entry]
        if isinstance(content, list) and "" in texts:
            raise Invalid("messages: text content blocks must be non-empty")
        if texts and len(texts) == (1 if isinstance(content, str) else len(content)) and not "".join(texts).strip():
            raise Invalid("messages: text content blocks must contain non-whitespace text")


def _pairs(body: Object, config: ModelConfig) -> None:
    """Every call is answered in the very next turn, and every result answers a call of the turn before."""
    del config
    open_ids: list[str] = []
    before = 0
    seen: set[str] = set()
    for index, _, content in [*_turns(body), (-1, "", [])]:
        answered = [block["tool_use_id"] for block in content if block["type"] == "tool_result"]
        missing = [call_id for call_id in open_ids if call_id not in answered]
        if missing:
            raise Invalid(
                f"messages.{before}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
                "next message."
            )
        for place, block in enumerate(content):
            if block["type"] == "tool_result" and block["tool_use_id"] not in open_ids:
                raise Invalid(
                    f"messages.{index}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{block['tool_use_id']}. Each `tool_result` block must have a corresponding `tool_use` block in "
                    "the previous message."
                )
        if len(set(answered)) < len(answered):
            raise Invalid("messages: each tool_use must have a single result. Found multiple `tool_result` blocks")
        open_ids, before = [block["id"] for block in content if block["type"] == "tool_use"], index
        if len({*seen, *open_ids}) < len(seen) + len(open_ids):
            raise Invalid("messages: `tool_use` ids must be unique")
        seen.update(open_ids)


def _tools(body: Object, config: ModelConfig) -> None:
    tools, choice = body.get("tools") or [], body.get("tool_choice")
    names = [tool["name"] for tool in tools if "name" in tool]
    if len(set(names)) < len(names):
        raise Invalid("tools: Tool names must be unique.")
    if config.feature("tools") is False and tools:
        raise Invalid("This model does not support tool use.")
    for index, tool in enumerate(tools):
        if tool.get("strict") and config.feature("strict_tools") is False:
            raise Invalid(f"tools.{index}.custom.strict: Extra inputs are not permitted")
    if choice is None:
        return
    kind = choice.get("type")
    if kind not in ("auto", "any", "tool", "none"):
        raise Invalid(
            f"tool_choice: Input tag '{kind}' found using 'type' does not match any of the expected tags: 'auto', "
            "'any', 'tool', 'none'"
        )
    if not tools:
        raise Invalid("`tool_choice` may only be specified while providing `tools`.")
    if kind == "tool" and choice.get("name") not in names:
        raise Invalid(f"Tool '{choice.get('name')}' not found in provided tools")
    taken = config.feature("tool_choice")
    if taken is not None and kind in _FORCED and _FORCED[kind] not in taken:
        raise Invalid(f"This model does not support `tool_choice` of type `{kind}`.")


_FORCED = {"any": "required", "tool": "tool"}


def _controls(body: Object) -> Iterator[Mapping[str, Any]]:
    """Every `cache_control`, in the order in which the service reads them."""
    system = body.get("system")
    holders = chain(body.get("tools") or (), system if isinstance(system, list) else ())
    for holder in chain(holders, (block for _, block, _ in blocks(body))):
        if holder.get("cache_control") is not None:
            yield holder["cache_control"]
    if body.get("cache_control") is not None:
        yield body["cache_control"]


def _cache(body: Object, config: ModelConfig) -> None:
    controls = list(_controls(body))
    if len(controls) > _MAX_CACHE_POINTS:
        raise Invalid(
            f"A maximum of {_MAX_CACHE_POINTS} blocks with cache_control may be provided. Found {len(controls)}."
        )
    short = False
    for control in controls:
        if control.get("ttl") == "1h" and config.feature("cache_ttl_1h") is False:
            raise Invalid("This model does not support `cache_control` with a ttl of 1h.")
        if control.get("ttl") == "1h" and short:
            raise Invalid(
                "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks "
                "are processed in the following order: `tools`, `system`, `messages`."
            )
        short = short or control.get("ttl") != "1h"


def _sampling(body: Object, config: ModelConfig) -> None:
    taken = config.feature("sampling")
    for name in ("temperature", "top_p"):
        if taken is not None and name not in taken and body.get(name) is not None:
            raise Invalid(f"`{name}` is deprecated for this model.")
    if config.feature("top_k") is False and body.get("top_k") is not None:
        raise Invalid("`top_k` is deprecated for this model.")
    both = body.get("temperature") is not None and body.get("top_p") is not None
    if both and config.feature("temperature_with_top_p") is False:
        raise Invalid("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    limit = config.max_output_tokens
    if limit is not None and body["max_tokens"] > limit:
        raise Invalid(
            f"max_tokens: {body['max_tokens']} > {limit}, which is the maximum allowed number of output tokens for "
            f"{config.model}"
        )


def _thinking(body: Object, config: ModelConfig) -> None:
    thinking, style = body.get("thinking") or {}, config.feature("reasoning")
    kind = thinking.get("type")
    if thinking and kind not in ("enabled", "adaptive", "disabled", "between_tools"):
        raise Invalid(
            f"thinking: Input tag '{kind}' found using 'type' does not match any of the expected tags: 'enabled', "
            "'adaptive', 'disabled', 'between_tools'"
        )
    if kind in ("enabled", "adaptive") and style is False:
        raise Invalid("thinking: Extra inputs are not permitted")
    known = style if isinstance(style, Mapping) else {}
    if kind == "adaptive" and known.get("style") == "budget":
        raise Invalid("adaptive thinking is not supported on this model")
    effort = (body.get("output_config") or {}).get("effort")
    efforts = known.get("efforts")
    if effort is not None and efforts and effort not in efforts:
        raise Invalid(
            f"This model does not support effort level '{effort}'. Supported levels: {', '.join(sorted(efforts))}."
        )
    if kind == "enabled":
        _budget(body, thinking.get("budget_tokens"))


def _budget(body: Object, budget: Any) -> None:
    if budget is None:
        raise Invalid("thinking.enabled.budget_tokens: Field required")
    if not isinstance(budget, int) or budget < _MIN_BUDGET:
        raise Invalid(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {_MIN_BUDGET}")
    if body["max_tokens"] <= budget:
        raise Invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if body.get("temperature") not in (None, 1):
        raise Invalid("`temperature` may only be set to 1 when thinking is enabled.")
    if body.get("top_k") is not None:
        raise Invalid("`top_k` must be unset when thinking is enabled.")
    if (body.get("top_p") or 1) < _MIN_TOP_P_THINKING:
        raise Invalid("`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.")
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise Invalid("Thinking may not be enabled when tool_choice forces tool use.")
    _begins_with_thought(_turns(body))


def _begins_with_thought(turns: list[tuple[int, str, list[dict[str, Any]]]]) -> None:
    """The turn that the answer goes on with."""
    last = turns[-1]
    open_tools = any(block["type"] == "tool_result" for block in last[2])
    turn = last if last[1] == "assistant" else turns[-2] if open_tools else None
    if turn is not None and turn[2] and turn[2][0]["type"] not in _THOUGHTS:
        raise Invalid(
            f"messages.{turn[0]}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
            f"`{turn[2][0]['type']}`. When `thinking` is enabled, a final `assistant` message must start with a "
            "thinking block."
        )


def _media(body: Object, config: ModelConfig) -> None:
    for where, block, _ in blocks(body):
        if block["type"] == "image" and config.feature("images") is False:
            raise Invalid(f"{where}: This model does not support image input.")
        if block["type"] == "document" and config.feature("documents") is False:
            raise Invalid(f"{where}: This model does not support document input.")


def _citations(body: Object, config: ModelConfig) -> None:
    asked = [
        bool((block.get("citations") or {}).get("enabled"))
        for _, block, _ in blocks(body)
        if block["type"] == "document"
    ]
    if not any(asked):
        return
    if config.feature("citations") is False:
        raise Invalid("This model does not support citations.")
    if not all(asked):
        raise Invalid("citations must be enabled on all or none of the documents in a request")
    if (body.get("output_config") or {}).get("format"):
        raise Invalid("citations are not compatible with output_config.format")


def _output(body: Object, config: ModelConfig) -> None:
    wanted = (body.get("output_config") or {}).get("format")
    if wanted is None:
        return
    if config.feature("structured_output") is False:
        raise Invalid("output_config.format: Extra inputs are not permitted")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        raise Invalid("output_config.format.type: Input should be 'json_schema'")
    if not isinstance(wanted.get("schema"), dict):
        raise Invalid("output_config.format.schema: Input should be a valid dictionary")


_RULES: tuple[Callable[[Object, ModelConfig], None], ...] = (
    _texts,
    _ends,
    _pairs,
    _tools,
    _cache,
    _sampling,
    _thinking,
    _media,
    _citations,
    _output,
)
