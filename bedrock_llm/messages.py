"""What is said: `Message` and its parts.

Here: frozen values, checked when they are made. Not here: the dict shapes of other libraries (shapes/), reading and
sniffing of media (media/), repair of a whole history (history/). Called by: everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.redaction import shown
from bedrock_llm.values import SOURCE, Converter, Value, frozen, many, one, union

__all__ = [
    "PART", "PARTS", "PART_CLASSES", "Audio", "CachePoint", "Citation", "Document", "Image", "MediaSource", "Message",
    "Opaque", "Part", "Role", "Text", "Thinking", "ToolCall", "ToolResult", "Video",
]  # fmt: skip

Role = Literal["system", "user", "assistant"]
MediaSource: TypeAlias = "bytes | Path | str"

_ROLES = frozenset(get_args(Role))
_ROLE_WORDS = "'system', 'user' or 'assistant'"
_SOURCES = "bytes, a Path, a data URL, an s3:// or an https:// address"


def _check(kind: str, name: str, value: object, expected: type | tuple[type, ...], allowed: str) -> None:
    if not isinstance(value, expected):
        raise InvalidRequestError.of(f"{kind}.{name}", value, allowed)


def _check_strings(part: object, *names: str) -> None:
    """The named fields must be strings or None."""
    for name in names:
        value = getattr(part, name)
        if value is not None and not isinstance(value, str):
            raise InvalidRequestError.of(f"{type(part).__name__}.{name}", value, "a string or None")


@frozen
class Citation(Value):
    """Where a piece of an answer comes from.

    Attributes:
        cited_text: The words quoted from the source, or None.
        title: The source's title, or None.
        source: The source's name or address as the wire gives it, or None.
        raw: The citation as it came, with its location; sent back unchanged.
    """

    cited_text: str | None = None
    title: str | None = None
    source: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_strings(self, "cited_text", "title", "source")
        _check("Citation", "raw", self.raw, Mapping, "a mapping")


@frozen
class Text(Value):
    """Plain text, with the citations that an answer may carry."""

    tag: ClassVar[str] = "text"
    converters: ClassVar[Mapping[str, Converter]] = {"citations": many(one(lambda: Citation))}
    text: str
    citations: tuple[Citation, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InvalidRequestError.of("Text.text", self.text, "a string")
        if self.citations != ():
            object.__setattr__(self, "citations", _citations(self.citations))


def _citations(given: Any) -> tuple[Citation, ...]:
    made = tuple(given) if isinstance(given, Iterable) else (given,)
    for index, citation in enumerate(made):
        _check("Text", f"citations[{index}]", citation, Citation, "a Citation")
    return made


@frozen
class _Media(Value):
    """Bytes, a `Path`, a data URL, or an `s3://` / `https://` address, with its media type (sniffed when None)."""

    converters: ClassVar[Mapping[str, Converter]] = {"source": SOURCE}
    source: MediaSource
    media_type: str | None = field(default=None, kw_only=True)
    name: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if isinstance(self.source, (bytearray, memoryview)):
            object.__setattr__(self, "source", bytes(self.source))
        _check(kind, "source", self.source, (bytes, Path, str), _SOURCES)
        if not self.source:
            raise InvalidRequestError(f"{kind}.source is empty", parameter=f"{kind}.source", allowed=_SOURCES)
        if isinstance(self.source, str) and not self.source.startswith(("data:", "s3://", "https://")):
            allowed = "a data URL, an s3:// or an https:// address; for a file give a Path"
            raise InvalidRequestError.of(f"{kind}.source", self.source, allowed)
        _check_strings(self, "media_type", "name")
        if self.media_type is not None and "/" not in self.media_type:
            raise InvalidRequestError.of(f"{kind}.media_type", self.media_type, "a type such as image/png, or None")

    def __repr__(self) -> str:
        source = f"<{len(self.source)} bytes>" if isinstance(self.source, bytes) else shown(self.source)
        rest = ((item.name, getattr(self, item.name)) for item in fields(self) if item.name != "source")
        return f"{type(self).__name__}({source}" + "".join(f", {name}={value!r}" for name, value in rest if value) + ")"


@frozen
class Image(_Media):
    """A picture (PNG, JPEG, GIF or WebP for most models)."""

    tag: ClassVar[str] = "image"


@frozen
class Document(_Media):
    """A document (PDF, text, Markdown, HTML, CSV, Word, Excel).

    Attributes:
        context: What the document is about or how it is to be used, for models that read it; or None.
        citations: Whether the answer shall cite the document (Claude).
    """

    tag: ClassVar[str] = "document"
    context: str | None = field(default=None, kw_only=True)
    citations: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        _Media.__post_init__(self)
        _check_strings(self, "context")
        _check("Document", "citations", self.citations, bool, "True or False")


@frozen
class Audio(_Media):
    """A recording."""

    tag: ClassVar[str] = "audio"


@frozen
class Video(_Media):
    """A film."""

    tag: ClassVar[str] = "video"


@frozen
class ToolCall(Value):
    """A model's wish to have a tool called.

    Attributes:
        id: The provider's id; the result refers to it.
        name: The tool's name.
        arguments: The arguments read from JSON, or None where they could not be read. No arguments sent is `{}`.
        raw_arguments: The JSON text as it came, where the wire sends text; otherwise None.
        error: Why the arguments could not be read, or None.
    """

    tag: ClassVar[str] = "tool_call"
    id: str
    name: str
    arguments: dict[str, Any] | None = None
    raw_arguments: str | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        _check("ToolCall", "id", self.id, str, "a string")
        _check("ToolCall", "name", self.name, str, "a string")
        _check("ToolCall", "arguments", self.arguments, (dict, type(None)), "a dict or None")
        _check_strings(self, "raw_arguments", "error")
        if self.arguments is None and not self.raw_arguments and self.error is None:
            object.__setattr__(self, "arguments", {})

    @classmethod
    def parse(cls, id: str, name: str, text: str) -> ToolCall:  # noqa: A002  # the field's name
        """The call whose arguments came as JSON text; where they cannot be read, the text and the reason are kept.

        Args:
            id: The provider's id.
            name: The tool's name.
            text: A JSON object; blank means that no arguments were sent.
        """
        if not text or text.isspace():
            return cls(id, name, {})
        import jiter

        try:
            arguments = jiter.from_json(text.encode(), allow_inf_nan=False)
        except ValueError as error:
            return cls(id, name, None, text, f"the arguments are not valid JSON: {error}")
        if not isinstance(arguments, dict):
            return cls(id, name, None, text, f"the arguments are not a JSON object but {type(arguments).__name__}")
        return cls(id, name, arguments)

    @property
    def invalid(self) -> bool:
        """Whether the call must not be run: its arguments are unreadable or it was cut."""
        return self.arguments is None or self.error is not None


@frozen
class Thinking(Value):
    """A model's reasoning, as far as the provider shows it.

    Attributes:
        text: The reasoning in words; empty where it is hidden.
        signature: The provider's seal, sent back unchanged, or None.
        redacted: Reasoning in the provider's encrypted form, as it came (text), or None.
        family: The model family that made it and alone may read it again, e.g. `claude`; or None.
    """

    tag: ClassVar[str] = "thinking"
    text: str
    signature: str | None = None
    redacted: str | None = None
    family: str | None = None

    def __post_init__(self) -> None:
        _check("Thinking", "text", self.text, str, "a string")
        _check_strings(self, "signature", "redacted", "family")


@frozen
class CachePoint(Value):
    """A mark: what stands before it may be kept in the provider's prompt cache.

    Attributes:
        ttl: "5m", "1h", or None for the provider's default.
    """

    tag: ClassVar[str] = "cache_point"
    ttl: Literal["5m", "1h"] | None = None

    def __post_init__(self) -> None:
        _check_strings(self, "ttl")
        if self.ttl not in (None, "5m", "1h"):
            raise InvalidRequestError.of("CachePoint.ttl", self.ttl, "'5m', '1h' or None")


@frozen
class Opaque(Value):
    """A provider's own block, kept as it came and sent back only to that provider.

    Attributes:
        provider: The wire it belongs to, e.g. `converse`.
        kind: The block's own name there, e.g. `guardContent`.
        data: The block's value as it came.
    """

    tag: ClassVar[str] = "opaque"
    provider: str
    kind: str
    data: Any

    def __post_init__(self) -> None:
        _check("Opaque", "provider", self.provider, str, "a string")
        _check("Opaque", "kind", self.kind, str, "a string")


@frozen
class ToolResult(Value):
    """What a tool gave back; stands in a user message.

    Attributes:
        tool_call_id: The id of the call it answers.
        content: A string, or parts: text, media, or a provider's own blocks.
        is_error: Whether the tool failed.
    """

    tag: ClassVar[str] = "tool_result"
    converters: ClassVar[Mapping[str, Converter]] = {
        "content": Converter(
            lambda value: value if isinstance(value, str) else PARTS.encode(value),
            lambda data: data if isinstance(data, str) else PARTS.decode(data),
        )
    }
    tool_call_id: str
    content: str | tuple[Part, ...] = ""
    is_error: bool = False

    def __post_init__(self) -> None:
        _check("ToolResult", "tool_call_id", self.tool_call_id, str, "a string")
        if not isinstance(self.content, str):
            parts = _parts("ToolResult.content", self.content)
            _refuse_parts("ToolResult.content", "a tool result", parts, _NOT_IN_RESULT)
            object.__setattr__(self, "content", parts)
        _check("ToolResult", "is_error", self.is_error, bool, "True or False")

    @property
    def text(self) -> str:
        """The text of the content, media left out."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, Text))


Part: TypeAlias = "Text | Image | Document | Audio | Video | ToolCall | ToolResult | Thinking | CachePoint | Opaque"

PART_CLASSES = (Text, Image, Document, Audio, Video, ToolCall, ToolResult, Thinking, CachePoint, Opaque)
_PART_SET = frozenset(PART_CLASSES)
_PART_TYPES: Mapping[str, type[Value]] = {part.tag: part for part in PART_CLASSES}
PART: Converter = union(lambda: _PART_TYPES)
PARTS: Converter = many(PART)

_NOT_IN_RESULT = frozenset({ToolCall, ToolResult, Thinking, CachePoint})
_NOT_IN_ROLE: Mapping[str, frozenset[type]] = {
    "user": frozenset({ToolCall, Thinking}),
    "system": frozenset(PART_CLASSES) - {Text, CachePoint, Opaque},
    "assistant": frozenset(),
}


def _parts(name: str, parts: Any) -> tuple[Any, ...]:
    """`parts` as a tuple of parts: a string is a `Text`, a single part is itself."""
    if parts.__class__ is tuple and _PART_SET.issuperset([part.__class__ for part in parts]):
        return parts
    if isinstance(parts, str):
        return (Text(parts),)
    if isinstance(parts, PART_CLASSES):
        return (parts,)
    if not isinstance(parts, Iterable) or isinstance(parts, (bytes, Mapping)):
        raise InvalidRequestError.of(name, parts, "a string, a part, or a sequence of parts")
    made = []
    for index, part in enumerate(parts):
        if not isinstance(part, (str, *PART_CLASSES)):
            allowed = "a string or one of " + ", ".join(kind.__name__ for kind in PART_CLASSES)
            raise InvalidRequestError.of(f"{name}[{index}]", part, allowed)
        made.append(Text(part) if isinstance(part, str) else part)
    return tuple(made)


def _refuse_parts(name: str, place: str, parts: tuple[Any, ...], refused: frozenset[type]) -> None:
    for index, part in enumerate(parts):
        if part.__class__ in refused:
            allowed = ", ".join(kind.__name__ for kind in PART_CLASSES if kind not in refused)
            raise InvalidRequestError.of(f"{name}[{index}]", part, f"one of {allowed} in {place}")


@frozen(weakref_slot=True)
class Message(Value):
    """One turn of a conversation.

    Attributes:
        role: "system", "user" or "assistant". Tool results stand in a user message.
        parts: What is said, in order; a string given for it becomes one `Text`. Tool calls and thinking stand in an
            assistant's message; a system message holds text, cache points and a provider's own blocks.
    """

    converters: ClassVar[Mapping[str, Converter]] = {"parts": PARTS}
    role: Role
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        given = self.parts
        if given.__class__ is tuple and len(given) == 1 and given[0].__class__ is Text and self.role in _NOT_IN_ROLE:
            return  # what most messages are
        if self.role.__class__ is not str or self.role not in _ROLES:
            raise InvalidRequestError.of("Message.role", self.role, _ROLE_WORDS)
        parts = _parts("Message.parts", self.parts)
        refused = _NOT_IN_ROLE[self.role]
        if refused:
            _refuse_parts("Message.parts", f"a {self.role} message", parts, refused)
        object.__setattr__(self, "parts", parts)

    @classmethod
    def user(cls, *parts: str | Part) -> Message:
        """A user's turn; a string is a `Text`."""
        return cls("user", parts)  # type: ignore[arg-type]  # strings become Text

    @classmethod
    def assistant(cls, *parts: str | Part) -> Message:
        """The model's turn; a string is a `Text`."""
        return cls("assistant", parts)  # type: ignore[arg-type]  # strings become Text

    @classmethod
    def system(cls, *parts: str | Part) -> Message:
        """An instruction; a string is a `Text`."""
        return cls("system", parts)  # type: ignore[arg-type]  # strings become Text

    @property
    def text(self) -> str:
        """The `Text` parts, joined with nothing between."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The `ToolCall` parts."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))
