"""Bedrock's own rules for a Converse request, worded as the service words them.

Here: rules that hold for every model, each a small function in one table; they run after the shape was checked. Not
here: the shape (schema.py), what single models refuse (facts.py). Called by: service.

Rule 1: the first problem is the answer; a body that passes is returned with its empty members as they are.
Rule 2: where recorded traffic shows that the service takes what its documentation forbids, the recording wins.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

from bedrock_llm.testing.emulator.schema import CONVERSE, CONVERSE_STREAM
from bedrock_llm.testing.emulator.wire import Refusal

__all__ = ["Body", "Invalid", "blocks", "check_model", "validate"]

Body: TypeAlias = "Mapping[str, Any]"
Block: TypeAlias = "tuple[str, str, Any, dict[str, Any]]"

_MAX_IMAGES_PER_MESSAGE = 20
_MAX_IMAGE_BYTES = 3_932_160  # 3.75 MB
_MAX_DOCUMENTS = 5
_MAX_DOCUMENT_BYTES = 4_718_592  # 4.5 MB
_MAX_VIDEO_CHARACTERS = 25_000_000  # as base64
_MAX_CACHE_POINTS = 4
_MERGES_TURNS = ("amazon.titan-text",)  # recorded: two user turns in a row are taken
_PROMPT_OWNS = ("system", "toolConfig", "inferenceConfig", "additionalModelRequestFields")

_GEO = r"(?:us|eu|apac|global|us-gov|jp|au|ca|in|sa|amer)\."
_BASE_MODEL = re.compile(rf"(?:{_GEO})?(?!{_GEO})[a-z0-9-]+\.[a-zA-Z0-9._-]+(?::[0-9]+(?::[0-9a-z]+)?)?")
_ARN = re.compile(r"arn:aws[a-z-]*:(?:bedrock|sagemaker):[a-z0-9-]{1,20}:(?:[0-9]{12})?:[a-z-]+/[a-zA-Z0-9.:_/-]+")
_PROMPT_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:prompt/[0-9a-zA-Z]{10}(?::[0-9]{1,5})?")
# The documentation leaves out the underscore; recorded requests with one were answered.
_DOCUMENT_NAME = re.compile(r"[a-zA-Z0-9_\-()\[\]]+(?:\s[a-zA-Z0-9_\-()\[\]]+)*\s?")


class Invalid(Refusal):
    """The request breaks a rule: `ValidationException`, status 400."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def check_model(model: str) -> None:
    """Refuse what cannot be a model's id.

    Raises:
        Invalid: It is neither `[geo.]vendor.name` nor an ARN.
    """
    if len(model) > 2048 or not (_BASE_MODEL.fullmatch(model) or _ARN.fullmatch(model)):
        raise Invalid("The provided model identifier is invalid.")


def validate(body: Any, model: str, *, stream: bool) -> Body:
    """The body, if the service would take it.

    Raises:
        Refusal: It would not; the message names the place.
    """
    check_model(model)
    (CONVERSE_STREAM if stream else CONVERSE)(body, ())
    for rule in _RULES:
        rule(body, model)
    checked: Body = body
    return checked


def blocks(body: Body) -> Iterator[Block]:
    """Every content block: where it stands, the role, the kind and the whole message."""
    for index, message in enumerate(body.get("messages") or ()):
        for position, block in enumerate(message["content"]):
            kind = next(name for name, value in block.items() if value is not None)
            yield f"messages.{index}.content.{position}", kind, block[kind], message


def _prompt(body: Body, model: str) -> None:
    if _PROMPT_ARN.fullmatch(model):
        given = [name for name in _PROMPT_OWNS if body.get(name)]
        if given:
            raise Invalid(
                f"The {given[0]} field can't be set when the modelId is a prompt resource. Remove it and try again."
            )
    elif body.get("promptVariables"):
        raise Invalid("The promptVariables field can only be set when the modelId is a prompt resource.")


def _has_messages(body: Body, model: str) -> None:
    if not body.get("messages") and not _PROMPT_ARN.fullmatch(model):
        raise Invalid(
            "The messages field is empty. A conversation must have at least one message, add one and try again."
        )


def _filled(body: Body, _model: str) -> None:
    for index, message in enumerate(body.get("messages") or ()):
        if not message["content"]:
            where = f"messages.{index}"
            raise Invalid(
                f"The content field in the Message object at {where} is empty. Add a ContentBlock object to the "
                "content field and try again."
            )


def _alternating(body: Body, model: str) -> None:
    spoken = [message["role"] for message in body.get("messages") or () if message["role"] != "system"]
    if not spoken or any(name in model for name in _MERGES_TURNS):
        return
    for first, second in pairwise(spoken):
        if first == second:
            raise Invalid(
                "A conversation must alternate between user and assistant roles. Make sure the conversation "
                "alternates between user and assistant roles and try again."
            )


def _texts(body: Body, _model: str) -> None:
    """Empty text is refused; blank text only where its message has no other (recorded requests show it beside some)."""
    spoken = {id(message) for _, kind, value, message in blocks(body) if kind == "text" and value.strip()}
    for where, kind, value, message in blocks(body):
        if kind == "text" and (not value or (not value.strip() and id(message) not in spoken)):
            raise Invalid(
                f"The text field in the ContentBlock object at {where} is blank. Add text to the text field, and try "
                "again."
            )
    for index, block in enumerate(body.get("system") or ()):
        if block.get("text") is not None and not block["text"].strip():
            raise Invalid(
                f"The text field in the SystemContentBlock object at system.{index} is blank. "
                "Add text to the text field, and try again."
            )


def _system_turns(body: Body, _model: str) -> None:
    for where, kind, _, message in blocks(body):
        if kind in ("toolAddition", "toolRemoval") and message["role"] != "system":
            raise Invalid(f"The {kind} block at {where} can only be included in a message with the role system.")


def _roles(body: Body, _model: str) -> None:
    for where, kind, _, message in blocks(body):
        owner = _ROLE_OF.get(kind)
        if owner is not None and message["role"] != owner:
            raise Invalid(
                f"The {kind} block at {where} can't be included in a message with the role {message['role']}. "
                f"Use the role {owner} and try again."
            )


def _tool_config(body: Body, _model: str) -> None:
    if body.get("toolConfig") is None and any(kind in ("toolUse", "toolResult") for _, kind, _, _ in blocks(body)):
        raise Invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")


def _tool_pairs(body: Body, _model: str) -> None:
    """Every call is answered in the very next turn, and every result answers a call of the turn before."""
    open_ids: list[str] = []
    turns = [message for message in body.get("messages") or () if message["role"] != "system"]
    for index, message in enumerate(turns):
        results = [block["toolResult"]["toolUseId"] for block in message["content"] if block.get("toolResult")]
        missing = [identity for identity in open_ids if identity not in results]
        if missing:
            ids = ", ".join(missing)
            raise Invalid(f"Expected toolResult blocks at messages.{index}.content for the following Ids: {ids}")
        if len(results) > len(open_ids):
            raise Invalid(
                f"The number of toolResult blocks at messages.{index}.content exceeds the number of toolUse blocks of "
                "previous turn."
            )
        calls = [block["toolUse"] for block in message["content"] if block.get("toolUse")]
        open_ids = [call["toolUseId"] for call in calls if call.get("type") != "server_tool_use"]
        if len(set(open_ids)) != len(open_ids):
            raise Invalid(
                f"The toolUse blocks at messages.{index}.content contain duplicate Ids: {', '.join(open_ids)}"
            )
    if open_ids:
        raise Invalid(
            f"Expected toolResult blocks at messages.{len(turns)}.content for the following Ids: {', '.join(open_ids)}"
        )


def _tool_values(body: Body, _model: str) -> None:
    for where, kind, value, _ in blocks(body):
        if kind == "toolUse" and not isinstance(value["input"], dict):
            raise Invalid(_no_object(f"{where}.toolUse.input"))
        if kind == "toolResult":
            _tool_result(f"{where}.toolResult", value["content"])


def _tool_result(where: str, content: list[dict[str, Any]]) -> None:
    if not content:
        raise Invalid(
            f"The content field in the ToolResultBlock object at {where} is empty. Add a ToolResultContentBlock object "
            "to the content field and try again."
        )
    for position, entry in enumerate(content):
        if "json" in entry and not isinstance(entry["json"], (dict, type(None))):
            raise Invalid(_no_object(f"{where}.content.{position}.json"))
        if entry.get("text") is not None and not entry["text"].strip():
            raise Invalid(
                f"The text field in the ToolResultContentBlock object at {where}.content.{position} is blank. "
                "Add text to the text field, and try again."
            )


def _no_object(where: str) -> str:
    return f"The format of the value at {where} is invalid. Provide a json object for the field and try again."


def _tools(body: Body, _model: str) -> None:
    config = body.get("toolConfig") or {}
    names: list[str] = []
    for index, tool in enumerate(config.get("tools") or ()):
        spec = tool.get("toolSpec") or tool.get("systemTool")
        if spec is None:
            continue
        if spec["name"] in names:
            raise Invalid(
                f"The toolConfig.tools field contains the duplicate tool name {spec['name']}. Rename the tool and try "
                "again."
            )
        names.append(spec["name"])
        if tool.get("toolSpec") and spec["inputSchema"]["json"].get("type") != "object":
            where = f"toolConfig.tools.{index}.toolSpec.inputSchema.json.type"
            raise Invalid(f"The value at {where} must be one of the following: object.")
    if config.get("tools") and not names:
        raise Invalid("The toolConfig.tools field must contain at least one toolSpec or systemTool.")
    forced = ((config.get("toolChoice") or {}).get("tool") or {}).get("name")
    if forced is not None and forced not in names:
        raise Invalid(
            f"The tool {forced} at toolConfig.toolChoice.tool.name is not among the tools at toolConfig.tools."
        )


def _media(body: Body, _model: str) -> Iterator[tuple[str, str, Any]]:
    """Every image, document and video, those inside tool results included."""
    for where, kind, value, _ in blocks(body):
        if kind in ("image", "document", "video"):
            yield where, kind, value
        for position, entry in enumerate(value["content"] if kind == "toolResult" else ()):
            for inner in ("image", "document", "video"):
                if entry.get(inner) is not None:
                    yield f"{where}.toolResult.content.{position}", inner, entry[inner]


def _document_names(body: Body, model: str) -> None:
    names: set[str] = set()
    for _, kind, value in _media(body, model):
        if kind != "document":
            continue
        if not _DOCUMENT_NAME.fullmatch(value["name"]):
            raise Invalid(
                "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, "
                "parentheses, and square brackets. The name can't contain more than one consecutive whitespace "
                "character."
            )
        if value["name"] in names:
            raise Invalid(
                "Messages can't contain duplicate document names. Rename the document and retry your request."
            )
        names.add(value["name"])


def _document_text(body: Body, _model: str) -> None:
    for index, message in enumerate(body.get("messages") or ()):
        kinds = {kind for block in message["content"] for kind in block}
        if "document" in kinds and "text" not in kinds:
            raise Invalid(
                "A text block is required when a document block is included. Add a text block at "
                f"messages.{index}.content and try again."
            )


def _counts(body: Body, model: str) -> None:
    for index, message in enumerate(body.get("messages") or ()):
        if sum("image" in block for block in message["content"]) > _MAX_IMAGES_PER_MESSAGE:
            raise Invalid(
                f"You can't include more than {_MAX_IMAGES_PER_MESSAGE} images in the message at messages.{index}."
            )
    if sum(kind == "document" for _, kind, _ in _media(body, model)) > _MAX_DOCUMENTS:
        raise Invalid(f"You can't include more than {_MAX_DOCUMENTS} documents in a request.")


def _sizes(body: Body, model: str) -> None:
    for where, kind, value in _media(body, model):
        data = value["source"].get("bytes")
        if data is None:
            continue
        if kind == "video" and len(data) > _MAX_VIDEO_CHARACTERS:
            raise Invalid(
                f"The video at {where} is too large: at most 25 MB can be sent as bytes. Use s3Location instead."
            )
        limit = {"image": _MAX_IMAGE_BYTES, "document": _MAX_DOCUMENT_BYTES}.get(kind)
        if limit is not None and len(data) * 3 // 4 > limit and len(base64.b64decode(data)) > limit:
            raise Invalid(f"The {kind} at {where} exceeds the maximum size of {limit / 1_048_576:g} MB.")


def _cache_points(body: Body, _model: str) -> None:
    lists = [body.get("system") or (), (body.get("toolConfig") or {}).get("tools") or ()]
    lists += [message["content"] for message in body.get("messages") or ()]
    count = 0
    for entries in lists:
        marks = [bool(entry.get("cachePoint")) for entry in entries]
        count += sum(marks)
        if (marks and marks[0]) or any(a and b for a, b in pairwise(marks)):
            raise Invalid(
                "A cachePoint block must follow a block that can be cached: it can't be the first block or follow "
                "another cachePoint."
            )
    if count > _MAX_CACHE_POINTS:
        raise Invalid(f"A maximum of {_MAX_CACHE_POINTS} cachePoint blocks can be provided. Found {count}.")


def _output(body: Body, _model: str) -> None:
    text_format = (body.get("outputConfig") or {}).get("textFormat")
    if text_format is None:
        return
    structure = text_format["structure"]["jsonSchema"]["schema"]
    try:
        read = json.loads(structure)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise Invalid("The schema at outputConfig.textFormat.structure.jsonSchema.schema is not a valid JSON schema.")


_ROLE_OF: Mapping[str, str] = {
    "image": "user",
    "document": "user",
    "video": "user",
    "audio": "user",
    "toolResult": "user",
    "searchResult": "user",
    "toolUse": "assistant",
    "reasoningContent": "assistant",
}
_RULES: tuple[Callable[[Body, str], None], ...] = (
    _prompt,
    _has_messages,
    _filled,
    _alternating,
    _texts,
    _system_turns,
    _roles,
    _tool_config,
    _tool_pairs,
    _tool_values,
    _tools,
    _document_names,
    _document_text,
    _counts,
    _sizes,
    _cache_points,
    _output,
)
