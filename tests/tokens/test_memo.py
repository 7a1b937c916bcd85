"""What is remembered about messages, and that it dies with them."""

from __future__ import annotations

import gc
import weakref

from bedrock_llm.messages import Message
from bedrock_llm.tokens.memo import ConversationMemo, MessageMemo


class Seen:
    def __init__(self):
        self.length = 0
        self.texts = []

    def add(self, message):
        self.length += 1
        self.texts.append(message.text)


def test_the_function_is_asked_once_per_message():
    asked = []
    memo = MessageMemo(lambda message: asked.append(message) or len(asked))
    first, second = Message.user("a"), Message.user("a")
    assert [memo.of(message) for message in (first, second, first)] == [1, 2, 1]


def test_a_message_is_not_kept_alive_and_its_entry_goes_with_it():
    memo = MessageMemo(lambda message: message.text)
    message = Message.user("a")
    memo.of(message)
    gone = weakref.ref(message)
    del message
    gc.collect()
    assert (gone(), len(memo)) == (None, 0)


def test_a_full_memo_forgets_and_goes_on():
    memo = MessageMemo(lambda message: message.text, capacity=2)
    messages = [Message.user(text) for text in "abc"]
    assert [memo.of(message) for message in messages] == ["a", "b", "c"]
    assert len(memo) == 1
    assert [memo.of(message) for message in messages] == ["a", "b", "c"]


def test_a_grown_conversation_is_followed_from_where_it_had_come_to():
    memo = ConversationMemo()
    messages = [Message.user(text) for text in "abcd"]
    state = memo.of(messages[:2]).state(Seen, messages[:2])
    assert memo.of(messages).state(Seen, messages) is state
    assert state.texts == ["a", "b", "c", "d"]


def test_another_or_a_shorter_conversation_is_followed_from_the_start():
    memo = ConversationMemo()
    messages = [Message.user(text) for text in "abcd"]
    memo.of(messages).state(Seen, messages)
    for other in ([messages[0], messages[1], messages[3]], messages[:3], messages[1:], [messages[0]]):
        assert memo.of(other).state(Seen, other).texts == [message.text for message in other]


def test_a_trace_goes_with_the_first_message_that_dies():
    memo = ConversationMemo()
    messages = [Message.user(text) for text in "abc"]
    memo.of(messages)
    assert len(memo) == 1
    del messages[1]
    gc.collect()
    assert len(memo) == 0


def test_conversations_are_bounded():
    memo = ConversationMemo(capacity=3)
    kept = [[Message.user("a"), Message.user("b")] for _ in range(10)]
    for messages in kept:
        memo.of(messages)
    assert len(memo) <= 3


def test_no_messages_are_a_conversation_too():
    memo = ConversationMemo()
    assert memo.of(()).state(Seen, ()).texts == []
    assert len(memo) == 0
