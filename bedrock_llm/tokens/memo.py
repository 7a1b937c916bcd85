"""What was found out about messages, remembered as long as they live.

Here: `MessageMemo` for one message, `ConversationMemo` for what adds up along a conversation. Not here: what is found
out. Called by: counter, context.

Rule 1: by identity, not by value: messages hold dicts and cannot be hashed, and comparing costs more than counting.
Rule 2: they keep no message alive; what is remembered under an id goes, by a weak reference's callback, before the id
can be used again. Rule 3: they are bounded; full, they forget everything, which costs finding it out anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar
from weakref import ref

from bedrock_llm.messages import Message

__all__ = ["CAPACITY", "ConversationMemo", "Growing", "MessageMemo", "S", "Trace"]

T = TypeVar("T")

CAPACITY = 20_000  # messages; some 5 MB
CONVERSATIONS = 256


class MessageMemo(Generic[T]):
    """`function` of a message, asked once per message, however often its value is wanted."""

    __slots__ = ("_capacity", "_entries", "_function")

    def __init__(self, function: Callable[[Message], T], capacity: int = CAPACITY) -> None:
        self._function = function
        self._capacity = capacity
        self._entries: dict[int, tuple[T, ref[Message]]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def of(self, message: Message) -> T:
        """The value of a message."""
        entry = self._entries.get(id(message))
        return self._make(message) if entry is None else entry[0]

    def _make(self, message: Message) -> T:
        value = self._function(message)
        entries, key = self._entries, id(message)
        if len(entries) >= self._capacity:
            entries.clear()
        entries[key] = (value, ref(message, lambda _: entries.pop(key, None)))  # forgotten, it is never called
        return value


class Growing(Protocol):
    """A state that grows with a conversation.

    Attributes:
        length: Messages taken in so far.
    """

    length: int

    def add(self, message: Message, /) -> None:
        """Take in the next message. What was said of those before must stay readable."""


S = TypeVar("S", bound=Growing)


class Trace:
    """A conversation that was followed, and the states that grew with it."""

    __slots__ = ("_states", "ids", "references")

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.references: list[ref[Message]] = []  # held: a weak reference that is gone calls nobody back
        self._states: dict[type[Any], Any] = {}

    def state(self, kind: type[S], messages: Sequence[Message], *arguments: Any) -> S:
        """The state of a kind after these messages, the ones that the trace was asked for; do not change it.

        Args:
            kind: Its class; `kind(*arguments)` is the state of no messages.
            messages: Only those that the state has not yet seen are added.
            arguments: The same each time.
        """
        state: S | None = self._states.get(kind)
        if state is None:
            state = self._states[kind] = kind(*arguments)
        if state.length < len(messages):
            for message in messages[state.length :]:
                state.add(message)
        return state


class ConversationMemo:
    """The traces of the latest conversations: with one message more, only that message is followed.

    Args:
        capacity: Conversations remembered at most; two are told apart by their first two messages.
    """

    __slots__ = ("_capacity", "_traces")

    def __init__(self, capacity: int = CONVERSATIONS) -> None:
        self._capacity = capacity
        self._traces: dict[tuple[int, ...], Trace] = {}

    def __len__(self) -> int:
        return len(self._traces)

    def of(self, messages: Sequence[Message]) -> Trace:
        """The trace of these messages; it goes on to grow with them."""
        ids = list(map(id, messages))
        key = tuple(ids[:2])
        trace = self._traces.get(key)
        if trace is not None and trace.ids == ids:
            return trace
        if trace is None or ids[: len(trace.ids)] != trace.ids:
            trace = Trace()
        known = len(trace.ids)
        if known < len(ids):
            self._follow(trace, key, messages[known:])
            trace.ids = ids
        return trace

    def _follow(self, trace: Trace, key: tuple[int, ...], messages: Sequence[Message]) -> None:
        traces = self._traces

        def forget(_: ref[Message]) -> None:
            if traces.get(key) is trace:
                del traces[key]

        trace.references += [ref(message, forget) for message in messages]
        if len(traces) >= self._capacity:
            traces.clear()
        traces[key] = trace
