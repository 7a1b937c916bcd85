"""Text bodies seen from the service's side: what is checked, read and written alike.

Here: members and their ranges, a prompt as a `Request`, labelled conversations, stop words. Not here: any template (the
files beside this one). Called by: the bodies whose conversation is one text.

Rule: a prompt that does not follow its template is one user's message, and stands in `extra_body` as it came, so that
encoding the request gives the same body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.messages import Message, Part, Text
from bedrock_llm.parameters import check_parameters
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason
from bedrock_llm.testing.emulator.native import Object
from bedrock_llm.testing.emulator.schema import malformed
from bedrock_llm.testing.emulator.validate import Invalid

__all__ = [
    "Member",
    "ReadPrompt",
    "check_members",
    "check_streams",
    "labelled_messages",
    "plain_text",
    "request_of",
    "stop_word",
]

ReadPrompt: TypeAlias = "tuple[tuple[Message, ...], dict[str, Any]]"

_OF_THE_SERVICE = "amazon-bedrock-"

_TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Number": (int, float),
    "Integer": (int,),
    "Boolean": (bool,),
    "JSONArray": (list,),
    "JSONObject": (dict,),
}


class Member(NamedTuple):
    """A member of a body.

    Attributes:
        kind: Its type, in the service's word.
        required: Whether it must be there.
        minimum: The least value; of a string or list the least length.
        maximum: The greatest value.
    """

    kind: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None


def check_members(body: Any, members: Mapping[str, Member], where: tuple[str, ...] = ()) -> None:
    """Refuse an object that is not as the model's schema has it; what the service reads itself is not its business.

    Raises:
        Refusal: Names the member.
    """
    if not isinstance(body, Mapping):
        raise malformed(where, f"expected type: JSONObject, found: {_found(body)}")
    for name, member in members.items():
        if member.required and name not in body:
            raise malformed(where, f"required key [{name}] not found")
    for name, value in body.items():
        known = members.get(name)
        if known is not None:
            _check_value((*where, name), value, known)
        elif not name.startswith(_OF_THE_SERVICE):
            raise malformed(where, f"extraneous key [{name}] is not permitted")


def _check_value(where: tuple[str, ...], value: Any, member: Member) -> None:
    if not isinstance(value, _TYPES[member.kind]) or (isinstance(value, bool) and member.kind != "Boolean"):
        raise malformed(where, f"expected type: {member.kind}, found: {_found(value)}")
    if isinstance(value, (str, list)):
        if member.minimum is not None and len(value) < member.minimum:
            raise malformed(where, f"expected minimum length: {member.minimum:g}, actual: {len(value)}")
    elif isinstance(value, (int, float)):
        if member.minimum is not None and value < member.minimum:
            raise malformed(where, f"{value} is not greater or equal to {member.minimum:g}")
        if member.maximum is not None and value > member.maximum:
            raise malformed(where, f"{value} is not less or equal to {member.maximum:g}")


def _found(value: Any) -> str:
    if isinstance(value, bool):
        return "Boolean"
    return next((word for word, types in _TYPES.items() if isinstance(value, types)), "Null")


def check_streams(config: ModelConfig, *, stream: bool) -> None:
    """Refuse to stream where the model does not.

    Raises:
        Invalid: It does not.
    """
    if stream and config.feature("streaming") is False:
        raise Invalid("The model is unsupported for streaming.")


def request_of(
    body: Object, prompt: str, names: Mapping[str, str], read: Callable[[str], ReadPrompt | None], *, inside: str = ""
) -> Request:
    """A text body as a request.

    Args:
        body: It has the service's shape.
        prompt: The member that holds the conversation.
        names: Our parameters to the body's members. Members that hold nothing say nothing.
        read: Messages and parameters of a prompt, or None where it does not follow the template.
        inside: The member that holds those of `names`; "" for the body itself.

    Raises:
        InvalidRequestError: A parameter has a value that no request can have.
    """
    found = read(body[prompt])
    extra: dict[str, Any] = {} if found is not None else {prompt: body[prompt]}
    messages, parameters = found or ((Message.user(body[prompt]),), {})
    knobs = body.get(inside, {}) if inside else body
    parameters |= {ours: knobs[theirs] for ours, theirs in names.items() if knobs.get(theirs) not in (None, [])}
    taken = {*names.values(), prompt, inside}
    rest = {name: value for name, value in knobs.items() if name not in taken and value is not None}
    if inside and rest:
        extra[inside] = rest
    elif rest:
        extra |= rest
    if inside:
        extra |= {name: value for name, value in body.items() if name not in (prompt, inside)}
    if extra:
        parameters["extra_body"] = extra
    return Request(messages, MappingProxyType(check_parameters(parameters)))


def labelled_messages(prompt: str, user: str, assistant: str) -> ReadPrompt:
    """The turns of a conversation whose lines begin with labels; any other text is one user's message."""
    pieces = re.split(rf"^({re.escape(user)}|{re.escape(assistant)})", prompt, flags=re.MULTILINE)
    whole: ReadPrompt = ((Message.user(prompt),), {})
    if pieces[0] or len(pieces) < 7:  # fewer than three turns, the open one included: as it was sent
        return whole
    turns = list(zip(pieces[1::2], pieces[2::2], strict=True))
    texts = [text.removesuffix("\n") if number < len(turns) - 1 else text for number, (_, text) in enumerate(turns)]
    if texts[-1] == "" and turns[-1][0] == assistant:  # the label alone, at the end
        turns, texts = turns[:-1], texts[:-1]
    roles = ["assistant" if label == assistant else "user" for label, _ in turns]
    if roles[0] != "user" or any(one == other for one, other in pairwise(roles)) or not all(map(_spaced, texts)):
        return whole
    made = [Message(role, (Text(text[1:]),)) for role, text in zip(roles, texts, strict=True)]  # type: ignore[arg-type]
    if any(message.role == "assistant" and message.text != message.text.lstrip() for message in made):
        return whole
    return tuple(made), {}


def _spaced(text: str) -> bool:
    return text.startswith(" ")


def plain_text(parts: Iterable[Part]) -> str:
    """The text of an answer that is nothing else.

    Raises:
        InvalidRequestError: A part is something else.
    """
    parts = tuple(parts)
    for part in parts:
        if not isinstance(part, Text):
            raise InvalidRequestError.of("reply", part, "made of Text: this model's body has nothing else")
    return "".join(part.text for part in parts if isinstance(part, Text))


def stop_word(response: Response[Any], words: Mapping[StopReason, str], known: Iterable[str]) -> str:
    """The wire's word for why the answer ended: the script's own, or the one for its stop reason."""
    raw = response.raw_stop_reason
    if raw is not None and (raw in known or response.stop_reason not in words):
        return raw
    return words.get(response.stop_reason, response.stop_reason.value)
