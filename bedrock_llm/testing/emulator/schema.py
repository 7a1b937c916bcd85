"""The shape of a Converse request: which members there are, their types and their own limits.

Here: small checks put together into one table, `CONVERSE` (with `CONVERSE_STREAM` for the one member more). Not here:
rules between members (validate.py) and of single models (facts.py). Called by: validate.
Follows: the service model `bedrock-runtime/2023-09-30`; the wording is the service's.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from bedrock_llm.testing.emulator.wire import Refusal

__all__ = ["CONVERSE", "CONVERSE_STREAM", "Check", "Path", "malformed"]

Path: TypeAlias = "tuple[str | int, ...]"
Check: TypeAlias = Callable[[Any, Path], None]


def malformed(path: Path, problem: str) -> Refusal:
    """The refusal of a body that has the wrong shape at `path`."""
    pointer = "/".join(("#", *map(str, path))) if path else "#"
    message = f"Malformed input request: {pointer}: {problem}, please reformat your input and try again."
    return Refusal("ValidationException", message)


def _constraint(path: Path, value: Any, constraint: str) -> Refusal:
    """The refusal of a value outside its limits; list members are counted from 1 here, as the service does."""
    steps = [f"{step + 1}.member" if isinstance(step, int) else step for step in path]
    where, shown = ".".join(steps), str(value)[:100]
    failed = f"Value '{shown}' at '{where}' failed to satisfy constraint: Member must {constraint}"
    return Refusal("ValidationException", f"1 validation error detected: {failed}")


def _found(value: Any) -> str:
    names = {bool: "Boolean", int: "Integer", float: "Double", str: "String", list: "JSONArray", dict: "JSONObject"}
    return "Null" if value is None else names.get(type(value), type(value).__name__)


def _typed(value: Any, kind: type | tuple[type, ...], name: str, path: Path) -> None:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise malformed(path, f"expected type: {name}, found: {_found(value)}")


def _length(value: Any, minimum: int, maximum: int | None, path: Path) -> None:
    if len(value) < minimum:
        raise _constraint(path, value, f"have length greater than or equal to {minimum}")
    if maximum is not None and len(value) > maximum:
        raise _constraint(path, value, f"have length less than or equal to {maximum}")


def _string(minimum: int = 0, maximum: int | None = None, pattern: str | None = None, one_of: str = "") -> Check:
    compiled = re.compile(pattern) if pattern else None
    choices = one_of.split()

    def check(value: Any, path: Path) -> None:
        _typed(value, str, "String", path)
        if choices and value not in choices:
            raise _constraint(path, value, f"satisfy enum value set: [{', '.join(choices)}]")
        _length(value, minimum, maximum, path)
        if compiled is not None and not compiled.fullmatch(value):
            raise _constraint(path, value, f"satisfy regular expression pattern: {pattern}")

    return check


def _number(minimum: float, maximum: float | None = None, *, whole: bool = False) -> Check:
    def check(value: Any, path: Path) -> None:
        _typed(value, int if whole else (int, float), "Integer" if whole else "Number", path)
        if value < minimum:
            raise _constraint(path, value, f"have value greater than or equal to {minimum:g}")
        if maximum is not None and value > maximum:
            raise _constraint(path, value, f"have value less than or equal to {maximum:g}")

    return check


def _boolean(value: Any, path: Path) -> None:
    _typed(value, bool, "Boolean", path)


def _anything(value: Any, path: Path) -> None:
    del value, path


def _object(value: Any, path: Path) -> None:
    _typed(value, dict, "JSONObject", path)


def _blob(value: Any, path: Path) -> None:
    _typed(value, str, "String", path)
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise malformed(path, "the value is not base64") from None
    _length(data, 1, None, path)


def _list(item: Check, minimum: int = 0, maximum: int | None = None) -> Check:
    def check(value: Any, path: Path) -> None:
        _typed(value, list, "JSONArray", path)
        _length(value, minimum, maximum, path)
        for index, entry in enumerate(value):
            item(entry, (*path, index))

    return check


def _map(key: Check, item: Check, minimum: int = 0, maximum: int | None = None) -> Check:
    def check(value: Any, path: Path) -> None:
        _typed(value, dict, "JSONObject", path)
        _length(value, minimum, maximum, path)
        for name, entry in value.items():
            key(name, (*path, name))
            item(entry, (*path, name))

    return check


def _struct(required: str = "", /, **members: Check) -> Check:
    """An object of these members; null means absent, as everywhere on this wire."""
    needed = required.split()

    def check(value: Any, path: Path) -> None:
        _typed(value, dict, "JSONObject", path)
        for name in value:
            if name not in members:
                raise malformed(path, f"extraneous key [{name}] is not permitted")
        for name in needed:
            if value.get(name) is None:
                raise malformed(path, f"required key [{name}] not found")
        for name, entry in value.items():
            if entry is not None:
                members[name](entry, (*path, name))

    return check


def _union(**members: Check) -> Check:
    """An object of exactly one of these members; null counts as one where anything may stand."""
    whole = _struct(**members)

    def check(value: Any, path: Path) -> None:
        whole(value, path)
        given = [name for name, entry in value.items() if entry is not None or members[name] is _anything]
        if len(given) != 1:
            bound = "maximum" if given else "minimum"
            raise malformed(path, f"{bound} size: [1], found: [{len(given)}]")

    return check


_TOOL_NAME = _string(1, 64, "[a-zA-Z0-9_-]+")
_TOOL_ID = _string(1, 64, "[a-zA-Z0-9_.:-]+")
_TEXT = _struct("text", text=_string())
_S3 = _struct(
    "uri", uri=_string(1, 1024, "s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?"), bucketOwner=_string(pattern="[0-9]{12}")
)
_MEDIA = _union(bytes=_blob, s3Location=_S3)
_ENABLED = _struct("enabled", enabled=_boolean)
_CACHE_POINT = _struct("type", type=_string(one_of="default"), ttl=_string(one_of="5m 1h"))
_ERROR = _struct(message=_string())

_IMAGE = _struct("format source", format=_string(one_of="png jpeg gif webp"), source=_MEDIA, error=_ERROR)
_DOCUMENT = _struct(
    "name source",
    name=_string(1, 200),
    source=_union(bytes=_blob, s3Location=_S3, text=_string(1), content=_list(_union(text=_string()), 1)),
    format=_string(one_of="pdf csv doc docx xls xlsx html txt md"),
    context=_string(),
    citations=_ENABLED,
)
_VIDEO = _struct("format source", format=_string(one_of="mkv mov mp4 webm flv mpeg mpg wmv three_gp"), source=_MEDIA)
_AUDIO_FORMATS = "mp3 opus wav aac flac mp4 ogg mkv mka x-aac m4a mpeg mpga pcm webm"
_AUDIO = _struct("format source", format=_string(one_of=_AUDIO_FORMATS), source=_MEDIA, error=_ERROR)
_SEARCH_RESULT = _struct(
    "source title content", source=_string(), title=_string(), content=_list(_TEXT, 1), citations=_ENABLED
)
_TOOL_USE = _struct(
    "toolUseId name input",
    toolUseId=_TOOL_ID,
    name=_TOOL_NAME,
    input=_anything,
    type=_string(one_of="tool_use server_tool_use"),
)
_TOOL_RESULT = _struct(
    "toolUseId content",
    toolUseId=_TOOL_ID,
    content=_list(
        _union(
            json=_anything, text=_string(), image=_IMAGE, document=_DOCUMENT, video=_VIDEO, searchResult=_SEARCH_RESULT
        )
    ),
    status=_string(one_of="success error"),
    type=_string(),
)
_REASONING = _union(
    reasoningText=_struct("text", text=_string(), signature=_string()),
    redactedContent=_blob,
)
_GUARD = _union(
    text=_struct("text", text=_string(), qualifiers=_list(_string(one_of="grounding_source query guard_content"))),
    image=_struct("format source", format=_string(one_of="png jpeg"), source=_union(bytes=_blob)),
)
_POSITION = _number(0, whole=True)
_CITATION = _struct(
    title=_string(),
    source=_string(),
    sourceContent=_list(_union(text=_string())),
    location=_union(
        web=_struct(url=_string(), domain=_string()),
        documentChar=_struct(documentIndex=_POSITION, start=_POSITION, end=_POSITION),
        documentPage=_struct(documentIndex=_POSITION, start=_POSITION, end=_POSITION),
        documentChunk=_struct(documentIndex=_POSITION, start=_POSITION, end=_POSITION),
        searchResultLocation=_struct(searchResultIndex=_POSITION, start=_POSITION, end=_POSITION),
    ),
)
_TOOL_CHANGE = _struct("tool", tool=_struct(type=_string(), name=_string(), serverName=_string()))
_CONTENT_BLOCK = _union(
    text=_string(),
    image=_IMAGE,
    document=_DOCUMENT,
    video=_VIDEO,
    audio=_AUDIO,
    toolUse=_TOOL_USE,
    toolResult=_TOOL_RESULT,
    guardContent=_GUARD,
    cachePoint=_CACHE_POINT,
    reasoningContent=_REASONING,
    citationsContent=_struct(content=_list(_union(text=_string())), citations=_list(_CITATION)),
    searchResult=_SEARCH_RESULT,
    toolAddition=_TOOL_CHANGE,
    toolRemoval=_TOOL_CHANGE,
)
_TOOL = _union(
    toolSpec=_struct(
        "name inputSchema",
        name=_TOOL_NAME,
        description=_string(1),
        inputSchema=_union(json=_object),
        strict=_boolean,
    ),
    systemTool=_struct("name", name=_TOOL_NAME),
    cachePoint=_CACHE_POINT,
)
_EMPTY = _struct()
_TOOL_CONFIG = _struct(
    "tools", tools=_list(_TOOL, 1), toolChoice=_union(auto=_EMPTY, any=_EMPTY, tool=_struct("name", name=_TOOL_NAME))
)
_GUARDRAIL: Mapping[str, Check] = {
    "guardrailIdentifier": _string(1, 2048, "[a-z0-9]+|arn:aws[a-z-]*:bedrock:.+:guardrail/[a-z0-9]+"),
    "guardrailVersion": _string(pattern="[1-9][0-9]{0,7}|DRAFT"),
    "trace": _string(one_of="enabled disabled enabled_full"),
}
_OUTPUT_CONFIG = _struct(
    textFormat=_struct(
        "type structure",
        type=_string(one_of="json_schema"),
        structure=_union(jsonSchema=_struct("schema", schema=_string(1), name=_string(1), description=_string(1))),
    ),
    effort=_string(1, 16),
)
_WORDS = r"[a-zA-Z0-9\s:_@$#=/+,\-.]*"
_MEMBERS: Mapping[str, Check] = {
    "messages": _list(
        _struct("role content", role=_string(one_of="user assistant system"), content=_list(_CONTENT_BLOCK))
    ),
    "system": _list(_union(text=_string(1), guardContent=_GUARD, cachePoint=_CACHE_POINT)),
    "inferenceConfig": _struct(
        maxTokens=_number(1, whole=True),
        temperature=_number(0, 1),
        topP=_number(0, 1),
        stopSequences=_list(_string(1), 0, 2500),
    ),
    "toolConfig": _TOOL_CONFIG,
    "additionalModelRequestFields": _object,
    "promptVariables": _map(_string(1), _union(text=_string())),
    "additionalModelResponseFieldPaths": _list(_string(1, 256, "(/[^/]*)+"), 0, 10),
    "requestMetadata": _map(_string(1, 256, _WORDS), _string(0, 256, _WORDS), 1, 16),
    "performanceConfig": _struct(latency=_string(one_of="standard optimized")),
    "serviceTier": _struct("type", type=_string(one_of="priority default flex reserved")),
    "outputConfig": _OUTPUT_CONFIG,
}
CONVERSE: Check = _struct(**_MEMBERS, guardrailConfig=_struct("guardrailIdentifier guardrailVersion", **_GUARDRAIL))
CONVERSE_STREAM: Check = _struct(
    **_MEMBERS,
    guardrailConfig=_struct(
        "guardrailIdentifier guardrailVersion", **_GUARDRAIL, streamProcessingMode=_string(one_of="sync async")
    ),
)
