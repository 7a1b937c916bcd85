"""Answers of models that write one text: read whole and as they come.

Here: `TextReader`, and the plain shape of a text. Not here: what one object of an answer says (each body), shapes that
one family has (its own folder), requests (prompts.py). Called by: the codecs of text bodies.

Rule: a whole answer is read as a stream of one object, so that both ways give the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.shared.reading import STOP_MISSING, Json, list_of, object_of, stop_reason_of
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event, OpaqueEvent, PartFinished, TextDelta, UsageReported, empty_response, fold
from bedrock_llm.messages import Text
from bedrock_llm.response import Response, ResponseWarning, StopReason, Usage

__all__ = ["PlainText", "Said", "TextReader", "first_of", "only_known", "text_in"]


class Said(NamedTuple):
    """What one object of an answer says.

    Attributes:
        text: More of the answer.
        word: Why it ended, in the wire's word; None where it says nothing of it.
        ended: Whether it ended although no word says why.
        input_tokens: What the object counts of the input, or None.
        output_tokens: What it counts of the whole output so far, or None.
        rest: Members that only `Response.raw` has a place for.
        aside: Whether the object is about something beside the answer; then all such objects are kept, in order.
        warning: What the object gives cause to warn of, or None.
    """

    text: str = ""
    word: Json = None
    ended: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    rest: Mapping[str, Json] = {}  # never changed
    aside: bool = False
    warning: ResponseWarning | None = None


class PlainText:
    """A text that becomes one part.

    Attributes:
        calls: How many tool calls the answer holds.
    """

    def __init__(self) -> None:
        self.calls = 0
        self._pieces: list[str] = []

    def take(self, text: str, events: list[Event]) -> None:
        """More of it."""
        self._pieces.append(text)
        events.append(TextDelta(text))

    def end(self, word: Json, events: list[Event]) -> ResponseWarning | None:
        """All of it has come; `word` says why it ended. Returns what is to be warned of."""
        del word
        if self._pieces:
            events.append(PartFinished(Text("".join(self._pieces))))
        return None


class TextReader(EventReader):
    """Reads an answer that is one text.

    Args:
        wire: Of the body; stands on events that hold what has no name.
        said: Reads one object.
        words: The wire's words for why an answer ended.
        member: The member that holds such a word, for errors.
        shape: What the text becomes; None for one `Text`.
        reports: Whether each object that counts is told of at once, not only the last: then an answer that breaks off
            has its usage too.
    """

    def __init__(
        self,
        wire: str,
        said: Callable[[Json], Said],
        words: Mapping[str, StopReason],
        member: str,
        shape: PlainText | None = None,
        *,
        reports: bool = False,
    ) -> None:
        super().__init__()
        self._wire = wire
        self._said = said
        self._words = words
        self._member = member
        self._shape = shape or PlainText()
        self._reports = reports

    def take(self, payload: Json, events: list[Event]) -> None:
        """Read one object.

        Raises:
            ProtocolError: It is not what the body's format allows, or holds text behind the end of the answer.
        """
        said = self._said(payload)
        if said.rest:
            events.append(OpaqueEvent(self._wire, "chunk" if said.aside else "response", dict(said.rest)))
        if said.warning is not None and said.warning not in self.warnings:
            self.warnings.append(said.warning)
        if said.text:
            if self.answered:
                raise ProtocolError("more text came after the answer had said why it ended", excerpt=said.text)
            self._shape.take(said.text, events)
        self._count(said, events)
        if said.word is not None or said.ended:
            self._end(said.word, events)

    def whole(self, data: Json) -> Response[Any]:
        """A whole answer, read as a stream of one object; a missing stop reason is warned of.

        Raises:
            ProtocolError: It is none.
        """
        events: list[Event] = []
        self.take(data, events)
        if self._stopped is None:
            self._end(None, events)
            self.warnings.append(STOP_MISSING)
        assert self._stopped is not None  # just seen to
        reason, word = self._stopped
        return Response(
            message=fold(empty_response(), events).message,
            stop_reason=reason,
            raw_stop_reason=word,
            usage=self.usage or Usage(),
            warnings=tuple(self.warnings),
        )

    def _count(self, said: Said, events: list[Event]) -> None:
        if said.input_tokens is None and said.output_tokens is None:
            return
        before = self.usage or Usage()
        self.usage = Usage(
            input_tokens=before.input_tokens if said.input_tokens is None else said.input_tokens,
            output_tokens=before.output_tokens if said.output_tokens is None else said.output_tokens,
        )
        if self._reports:
            events.append(UsageReported(self.usage))

    def _end(self, word: Json, events: list[Event]) -> None:
        if not self.answered:
            warning = self._shape.end(word, events)
            if warning is not None:
                self.warnings.append(warning)
        if word is None:
            reason = StopReason.tool_use if self._shape.calls else StopReason.other
            self.stop(reason, None)
        else:
            reason, warning = stop_reason_of(word, self._words, self._member, has_calls=self._shape.calls > 0)
            self.stop(reason, word, warning)


def text_in(data: Mapping[str, Json], name: str) -> str:
    """The text of a member; none is "".

    Raises:
        ProtocolError: It is something else.
    """
    value = data.get(name)
    if value is None:
        return ""
    if value.__class__ is not str:
        raise ProtocolError(f"{name} must be a string", excerpt=repr(value))
    return str(value)


def first_of(data: Mapping[str, Json], name: str) -> tuple[dict[str, Json], ResponseWarning | None]:
    """The first of several answers, and a warning where there are more; those stay in `raw`.

    Raises:
        ProtocolError: There is none.
    """
    entries = list_of(data.get(name), name)
    if not entries:
        raise ProtocolError(f"the answer's {name} hold nothing", excerpt=repr(data))
    if len(entries) == 1:
        return object_of(entries[0], f"{name}[0]"), None
    text = f"the answer has {len(entries)} {name}: the first one was taken, raw has all"
    return object_of(entries[0], f"{name}[0]"), ResponseWarning("other", text, name)


def only_known(data: Mapping[str, Json], *names: str) -> dict[str, Json]:
    """The members of `data` that are none of these."""
    return {name: value for name, value in data.items() if name not in names}
