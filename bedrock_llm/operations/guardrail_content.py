"""What a guardrail is asked to look at, as ApplyGuardrail takes it.

Here: `GuardrailText`, and the body and path of the request. Not here: what comes back (guardrails.py). Called by: door.
Follows: the service model `bedrock-runtime/2023-09-30`, ApplyGuardrailRequest.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias
from urllib.parse import quote

from bedrock_llm.codecs.shared.reading import Json
from bedrock_llm.codecs.shared.writing import to_bytes
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.media import content as content_of
from bedrock_llm.media.files import load
from bedrock_llm.messages import Image, Message, Text
from bedrock_llm.request import Request
from bedrock_llm.values import TUPLE, Converter, Value, frozen

__all__ = ["GuardrailContent", "GuardrailText", "guardrail_body", "guardrail_path"]

_QUALIFIERS = ("grounding_source", "query", "guard_content")
_FORMATS = {"image/png": "png", "image/jpeg": "jpeg"}
_VERSION = re.compile(r"DRAFT|[1-9][0-9]{0,7}")
_IDENTIFIER = re.compile(r"[a-z0-9]+|arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+")
_SOURCES = ("input", "output")
_SCOPES = ("interventions", "full")


@frozen
class GuardrailText(Value):
    """A text, and what part it plays.

    Attributes:
        text: The words.
        qualifiers: "grounding_source" (what an answer must rest on), "query" (what was asked), "guard_content" (what
            is to be judged); none judges it as plain content.
    """

    converters: ClassVar[Mapping[str, Converter]] = {"qualifiers": TUPLE}
    text: str
    qualifiers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InvalidRequestError.of("GuardrailText.text", self.text, "a string")
        given: Any = self.qualifiers
        made = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (given,)
        for qualifier in made:
            if qualifier not in _QUALIFIERS:
                raise InvalidRequestError.of("GuardrailText.qualifiers", qualifier, "of " + ", ".join(_QUALIFIERS))
        object.__setattr__(self, "qualifiers", made)


GuardrailContent: TypeAlias = "str | Text | GuardrailText | Image | Iterable[str | Text | GuardrailText | Image]"


def guardrail_path(identifier: str, version: str | int) -> str:
    """The path of ApplyGuardrail.

    Raises:
        InvalidRequestError: It names no guardrail, or no version of one.
    """
    if not isinstance(identifier, str) or not _IDENTIFIER.fullmatch(identifier):  # type: ignore[redundant-expr]  # untyped callers
        raise InvalidRequestError.of("identifier", identifier, "a guardrail's id (a-z, 0-9) or ARN")
    text = str(version) if version.__class__ is int else version
    if not isinstance(text, str) or not _VERSION.fullmatch(text):
        raise InvalidRequestError.of("version", version, "'DRAFT' or a number of up to 8 digits")
    return f"/guardrail/{quote(identifier, safe='-._~')}/version/{text}/apply"


async def guardrail_body(content: GuardrailContent, source: str, scope: str | None) -> bytes:
    """The body of ApplyGuardrail; images named by `Path` are read.

    Raises:
        InvalidRequestError: Names what is wrong, and what is allowed.
    """
    body: dict[str, Json] = {
        "source": _upper("source", source, _SOURCES),
        "content": await _blocks(_listed(content)),
    }
    if scope is not None:
        body["outputScope"] = _upper("scope", scope, _SCOPES)
    return to_bytes(body)


def _upper(name: str, value: object, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value.lower() not in allowed:
        raise InvalidRequestError.of(name, value, " or ".join(map(repr, allowed)))
    return value.upper()


def _listed(content: Any) -> list[Any]:
    single = isinstance(content, (str, Text, GuardrailText, Image)) or not isinstance(content, Iterable)
    given = [content] if single else list(content)
    if not given:
        raise InvalidRequestError("content is empty: give a text or an image", parameter="content")
    return given


async def _blocks(given: list[Any]) -> list[Json]:
    blocks = []
    for index, piece in enumerate(given):
        where = f"content[{index}]"
        if isinstance(piece, Image):
            blocks.append({"image": await _image(piece, where)})
        elif isinstance(piece, GuardrailText):
            qualifiers = {"qualifiers": list(piece.qualifiers)} if piece.qualifiers else {}
            blocks.append({"text": {"text": piece.text, **qualifiers}})
        elif isinstance(piece, (str, Text)):
            blocks.append({"text": {"text": piece if isinstance(piece, str) else piece.text}})
        else:
            raise InvalidRequestError.of(where, piece, "a string, a Text, a GuardrailText or an Image")
    return blocks


async def _image(image: Image, where: str) -> Json:
    loaded = (await load(Request((Message("user", (image,)),), MappingProxyType({})))).messages[0].parts[0]
    assert isinstance(loaded, Image)  # what went in
    data, uri, media_type = content_of(loaded)
    if data is None:
        raise InvalidRequestError.of(where, uri, "an image's bytes: a guardrail fetches no address")
    if media_type not in _FORMATS:
        raise InvalidRequestError.of(where, media_type, "a PNG or JPEG image")
    return {"format": _FORMATS[media_type], "source": {"bytes": base64.b64encode(data).decode("ascii")}}
