"""A streamed Responses answer: one event at a time.

Here: which item an event is about, the order of items, what ends the answer, what breaks it. Not here: the items
themselves (assembly.py), the bytes that carry the events. Called by: body.py.
Follows: OpenAI's ResponseStreamEvent.

Rule 1: an item is added, grows and is done. A piece for an item that was not added is refused, never put into the
        wrong one.
Rule 2: items are given out in the order in which they were added; what a later one says while an earlier one grows
        waits.
Rule 3: the answer is complete with `response.completed` or `response.incomplete`, which hold all of it: the counts and
        `raw` are taken from there, and whatever was not streamed.
Rule 4: what `response.created` says waits for the first item, so that an error that comes before any content still
        finds an answer of which nothing was given out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from bedrock_llm.codecs.body import EventReader
from bedrock_llm.codecs.openai_responses.assembly import CallItem, Item, MessageItem, begin
from bedrock_llm.codecs.openai_responses.decode import ended, failed
from bedrock_llm.codecs.openai_responses.errors import error_of
from bedrock_llm.codecs.openai_responses.items import Between
from bedrock_llm.codecs.openai_responses.schema import NAME
from bedrock_llm.codecs.openai_responses.usage import read_usage
from bedrock_llm.codecs.shared.reading import Json, list_of, object_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError
from bedrock_llm.events import Event, OpaqueEvent, PartFinished

__all__ = ["ResponsesReader"]

DONE = "[DONE]"
_TEXT = "response.output_text.delta"
# Kinds that grow an item that was added.
_PIECES = frozenset(
    {
        _TEXT,
        "response.output_text.annotation.added",
        "response.refusal.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.function_call_arguments.delta",
        "response.custom_tool_call_input.delta",
        "response.content_part.added",
        "response.content_part.done",
    }
)
# Kinds that say what the item's own last event says too, and those that say nothing.
_REPEATED = frozenset(
    {
        "response.output_text.done",
        "response.refusal.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_text.done",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.done",
        "keepalive",
        "ping",
    }
)


class ResponsesReader(EventReader):
    """Reads the events of one answer.

    Args:
        config: Of the model asked.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self._family = config.family
        self._between = Between()
        self._growing: dict[Json, Item] = {}
        self._waiting: deque[Item] = (
            deque()
        )  # in the order in which they were added; the first is given out as it grows
        self._added = 0
        self._calls = 0
        self._held: list[Event] = []
        self._begun = False

    def take(self, payload: Json, events: list[Event]) -> None:
        """Read one event. The first lines are the path of every text delta of an answer.

        Raises:
            ProtocolError: It is not what the format allows here.
            ProviderError: It is an error, or the answer failed.
        """
        kind = payload.get("type") if payload.__class__ is dict else None
        if kind == _TEXT and payload.get("output_index").__class__ is int:
            item = self._growing.get(payload["output_index"])
            if item.__class__ is MessageItem and item is self._waiting[0] and not self._held:
                item.say(payload, events)
                return
        before = len(events)
        self._read(kind if kind.__class__ is str else None, payload, events)
        if self._held and len(events) > before:
            events[before:before] = self._held
            self._held = []

    def _read(self, kind: str | None, payload: Json, events: list[Event]) -> None:
        step = _STEPS.get(kind or "")
        if step is not None:
            step(self, payload, events)
        elif kind is not None and kind in _PIECES:
            item = self._item(payload)
            item.take(kind, payload, self._place(item, events))
        elif payload.__class__ is not dict:
            if payload != DONE:
                raise ProtocolError("an event of the answer is no JSON object", excerpt=repr(payload))
        elif kind is None and payload.get("error"):
            raise error_of(payload)
        elif kind not in _REPEATED:
            events.append(OpaqueEvent(NAME, str(kind), payload))

    def _item(self, payload: Mapping[str, Json]) -> Item:
        """The item that an event is about."""
        item = self._growing.get(_key(payload, payload.get("item_id")))
        if item is None:
            raise ProtocolError("an event came for an item that was not added", excerpt=repr(payload))
        return item

    def _place(self, item: Item, events: list[Event]) -> list[Event]:
        """Where events of an item go: out, if it is its turn."""
        return events if self._waiting[0] is item else item.held

    def _on_created(self, payload: Json, events: list[Event]) -> None:
        del events
        answer = payload.get("response")
        if not self._begun and answer.__class__ is dict:
            self._begun = True
            self._held.append(OpaqueEvent(NAME, "response", answer))

    def _on_added(self, payload: Json, events: list[Event]) -> None:
        item = object_of(payload.get("item"), f"{payload['type']}.item")
        key = _key(payload, item.get("id"))
        if key in self._growing:
            raise ProtocolError("an item of the answer was added twice", excerpt=repr(payload))
        made = begin(item, self._family, self._calls, self._between)
        self._growing[key] = made
        self._added += 1
        self._calls += made.__class__ is CallItem
        self._waiting.append(made)
        if self._waiting[0] is made:
            self._begin(made, events)

    def _on_done(self, payload: Json, events: list[Event]) -> None:
        item = object_of(payload.get("item"), "response.output_item.done.item")
        key = _key(payload, item.get("id"))
        if key not in self._growing:
            self._on_added(payload, events)
        self._complete(key, item, events)

    def _complete(self, key: Json, whole: Json, events: list[Event]) -> None:
        """An item is complete: with all of it, or as far as it was streamed."""
        item = self._growing.pop(key)
        place = self._place(item, events)
        if whole.__class__ is dict and whole.get("type") == item.kind:
            item.finish(whole, place)
        else:
            item.cut(place)
        item.complete = True
        while self._waiting and self._waiting[0].complete:
            given = self._waiting.popleft()
            self._between.after(given.kind, given.parts)
            if self._waiting:
                self._begin(self._waiting[0], events)

    def _begin(self, item: Item, events: list[Event]) -> None:
        """It is this item's turn."""
        events += map(PartFinished, self._between.before(item.kind))
        events += item.held
        item.held = []

    def _on_end(self, payload: Json, events: list[Event]) -> None:
        answer = object_of(payload.get("response"), f"{payload['type']}.response")
        if failed(answer):
            raise error_of(payload)
        output = list_of(answer.get("output"), "response.output")
        if not self._added:
            for place, item in enumerate(output):
                self._on_done({"type": payload["type"], "output_index": place, "item": item}, events)
        for key in list(self._growing):
            self._complete(key, _at(output, key), events)
        self._held = []  # the whole answer says it, too
        events.append(OpaqueEvent(NAME, "response", answer))
        self.usage = read_usage(answer.get("usage"))
        reason, word, warning = ended(answer, self._between, payload["type"].rpartition(".")[2])
        self.stop(reason, word, warning)

    def _on_error(self, payload: Json, events: list[Event]) -> None:
        del events
        raise error_of(payload)


def _key(payload: Mapping[str, Json], identity: Json) -> Json:
    """What tells the items of an answer apart: their place, or else their id, which some servers change on the way."""
    index = payload.get("output_index")
    if index.__class__ is int:
        return index
    if identity.__class__ is str:
        return identity
    raise ProtocolError("an event of the answer does not say which item it is about", excerpt=repr(payload))


def _at(output: list[Json], key: Json) -> Json:
    """The item of the whole answer that stands at this place, or has this id."""
    if key.__class__ is int:
        return output[key] if 0 <= key < len(output) else None
    return next((item for item in output if item.__class__ is dict and item.get("id") == key), None)


_STEPS: Mapping[str, Callable[[ResponsesReader, Json, list[Event]], None]] = {
    "response.created": ResponsesReader._on_created,  # noqa: SLF001  # the class's own table
    "response.queued": ResponsesReader._on_created,  # noqa: SLF001
    "response.in_progress": ResponsesReader._on_created,  # noqa: SLF001
    "response.output_item.added": ResponsesReader._on_added,  # noqa: SLF001
    "response.output_item.done": ResponsesReader._on_done,  # noqa: SLF001
    "response.completed": ResponsesReader._on_end,  # noqa: SLF001
    "response.incomplete": ResponsesReader._on_end,  # noqa: SLF001
    "response.failed": ResponsesReader._on_error,  # noqa: SLF001
    "response.cancelled": ResponsesReader._on_end,  # noqa: SLF001
    "error": ResponsesReader._on_error,  # noqa: SLF001
}
