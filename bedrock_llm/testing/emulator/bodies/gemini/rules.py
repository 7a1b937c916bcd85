"""The rules of a generateContent body between places, and what single models refuse.

Here: one function a rule, in one table; they run after the shape was checked. Not here: the shape (shape.py). Called
by: the package.
Follows: https://ai.google.dev/gemini-api/docs/function-calling, /thinking, /thought-signatures, /structured-output.

Rule 1: the first problem is the answer.
Rule 2: a fact that is not known forbids nothing.
Rule 3: where recorded traffic shows that the service takes what its documentation forbids, the recording wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from bedrock_llm.codecs.gemini.schema import FUNCTION_NAME, MAX_STOPS, SIGNATURE, options_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.bodies.gemini.shape import refused
from bedrock_llm.testing.emulator.native import Object

__all__ = ["check_rules"]

_MODES = frozenset({"AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED"})
_WITH_NAMES = frozenset({"ANY", "VALIDATED"})
_JSON = "application/json"
_MEDIA: Mapping[str, str] = {"image": "images", "audio": "audio", "video": "video"}


def check_rules(body: Object, config: ModelConfig, *, stream: bool) -> None:
    """Refuse what the service would.

    Raises:
        Refusal: Says what is wrong.
    """
    if stream and config.feature("streaming") is False:
        raise refused("This model does not support streamGenerateContent.")
    for rule in _RULES:
        rule(body, config)


def _parts(content: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [part for part in content["parts"] if name in part]


def _turns(body: Object) -> list[dict[str, Any]]:
    """The contents, those of one role in a row as one."""
    made: list[dict[str, Any]] = []
    for content in body["contents"]:
        role = "model" if content.get("role") == "model" else "user"
        if made and made[-1]["role"] == role:
            made[-1]["parts"] += content["parts"]
        else:
            made.append({"role": role, "parts": [*content["parts"]]})
    return made


def _declarations(body: Object) -> Iterator[Mapping[str, Any]]:
    for tool in body.get("tools") or ():
        yield from tool.get("functionDeclarations") or ()


def _settings(body: Object) -> Mapping[str, Any]:
    settings: Mapping[str, Any] = body.get("generationConfig") or {}
    return settings


def _calls_are_answered(body: Object, config: ModelConfig) -> None:
    """Calls follow the user, and all of them are answered in the next turn."""
    del config
    contents = _turns(body)
    if _parts(contents[0], "functionCall") or _parts(contents[0], "functionResponse"):
        raise refused(
            "Please ensure that function call turn comes immediately after a user turn or after a function response "
            "turn."
        )
    for before, after in pairwise(contents):
        calls, results = _parts(before, "functionCall"), _parts(after, "functionResponse")
        if results and not calls:
            raise refused("Please ensure that function response turn comes immediately after a function call turn.")
        if calls and len(calls) != len(results):
            raise refused(
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        _same_names(calls, results)


def _same_names(calls: Iterable[Mapping[str, Any]], results: Iterable[Mapping[str, Any]]) -> None:
    called = sorted(part["functionCall"]["name"] for part in calls)
    answered = sorted(part["functionResponse"]["name"] for part in results)
    if called != answered:
        raise refused(f"The names of the function responses ({answered}) are not those of the calls ({called}).")


def _calls_are_signed(body: Object, config: ModelConfig) -> None:
    """Some models want the signature of the first call of each step since the user spoke."""
    if options_of(config).foreign_seal is None:
        return
    contents = _turns(body)
    asked = [place for place, turn in enumerate(contents) if turn["role"] == "user" and not _answers(turn)]
    for content in contents[asked[-1] if asked else 0 :]:
        calls = _parts(content, "functionCall")
        if calls and SIGNATURE not in calls[0]:
            name = calls[0]["functionCall"]["name"]
            raise refused(f"Function call is missing a thought_signature in functionCall parts: `{name}`.")


def _answers(content: Mapping[str, Any]) -> bool:
    return bool(_parts(content, "functionResponse"))


def _tools(body: Object, config: ModelConfig) -> None:
    names = [entry["name"] for entry in _declarations(body)]
    if names and config.feature("tools") is False:
        raise refused("Function calling is not enabled for this model")
    for name in names:
        if not FUNCTION_NAME.fullmatch(name):
            raise refused(f"Invalid function name: {name!r}. Must start with a letter or an underscore.")
        if names.count(name) > 1:
            raise refused(f"Duplicate function declaration found: {name}")
    calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    mode, allowed = str(calling.get("mode", "AUTO")).upper(), calling.get("allowedFunctionNames") or []
    if mode not in _MODES:
        raise refused(f"Invalid value at 'tool_config.function_calling_config.mode' (TYPE_ENUM), {mode!r}")
    if mode in _WITH_NAMES and not names:
        raise refused("Function calling config is set without function_declarations.")
    if allowed and mode not in _WITH_NAMES:
        raise refused("Allowed function names should only be set when function calling mode is ANY.")
    if not set(allowed) <= set(names):
        raise refused("Allowed function names must be among the function declarations.")


def _answer_format(body: Object, config: ModelConfig) -> None:
    settings = _settings(body)
    schemas = [name for name in ("responseSchema", "responseJsonSchema") if settings.get(name) is not None]
    if len(schemas) > 1:
        raise refused("Only one of response_schema and response_json_schema can be set.")
    wanted = settings.get("responseMimeType") == _JSON
    if schemas and settings.get("responseMimeType") in (None, "text/plain"):
        raise refused("response_schema is set, but response_mime_type is not application/json.")
    if wanted and config.feature("structured_output") is False:
        raise refused("JSON mode is not enabled for this model")
    if wanted and any(_declarations(body)) and not options_of(config).schema_beside_tools:
        raise refused(f"Function calling with a response mime type: '{_JSON}' is unsupported")


def _limits(body: Object, config: ModelConfig) -> None:
    settings = _settings(body)
    stops = settings.get("stopSequences") or ()
    if len(stops) > MAX_STOPS:
        raise refused(f"The number of stop sequences must be at most {MAX_STOPS}.")
    largest, asked = config.max_output_tokens, settings.get("maxOutputTokens")
    if largest is not None and asked is not None and asked > largest:
        raise refused(f"Unable to submit request because maxOutputTokens must be from 1 to {largest}, not {asked}.")
    if settings.get("logprobs") is not None and not settings.get("responseLogprobs"):
        raise refused("logprobs is set, but response_logprobs is not.")


def _thinking(body: Object, config: ModelConfig) -> None:
    thinking, style = _settings(body).get("thinkingConfig") or {}, config.feature("reasoning")
    budget = thinking.get("thinkingBudget")
    if style is False and thinking and budget != 0:
        raise refused("Thinking is not enabled for this model")
    if not isinstance(style, Mapping):
        return
    if style.get("style") == "gemini_budget" and "thinkingLevel" in thinking:
        raise refused("Thinking level is not supported for this model.")
    low, high = style.get("min_budget"), style.get("max_budget")
    if budget == 0 and low and style.get("off") is None:
        raise refused("Budget 0 is invalid. This model only works in thinking mode.")
    outside = budget not in (None, 0, -1) and ((low and budget < low) or (high and budget > high))
    if outside:
        raise refused(f"The thinking budget {budget} is invalid. Please choose a value between {low} and {high}.")


def _taken(body: Object, config: ModelConfig) -> None:
    """What the model is known not to take."""
    if body.get("systemInstruction") and config.feature("system") is False:
        raise refused("Developer instruction is not enabled for this model")
    for content in body["contents"]:
        for part in content["parts"]:
            data = part.get("inlineData") or part.get("fileData") or {}
            kind = _MEDIA.get(str(data.get("mimeType")).partition("/")[0], "documents")
            if data and config.feature(kind) is False:
                raise refused(f"{kind.capitalize()} input is not enabled for this model")


_RULES: tuple[Callable[[Object, ModelConfig], None], ...] = (
    _calls_are_answered,
    _calls_are_signed,
    _tools,
    _answer_format,
    _limits,
    _thinking,
    _taken,
)
