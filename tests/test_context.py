"""Fitting: what stays, what goes, and what is said about it."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.config import ModelConfig
from bedrock_llm.context import POLICIES, REMOVED, Choice, Fitted, NeedSummary, fit, input_window, policy_of, shrink
from bedrock_llm.errors import ConfigurationError, ContextTooLongError
from bedrock_llm.messages import Message, Text, ToolCall, ToolResult
from bedrock_llm.request import Request
from bedrock_llm.tokens.counter import TokenCounter

CUTTING = [name for name in POLICIES if name != "raise"]


def model(window: int | None) -> ModelConfig:
    return ModelConfig("bedrock", "a.model", context_window=window)


def request(messages, **parameters) -> Request:
    return Request(tuple(messages), MappingProxyType(parameters))


def turns(count: int, words: int = 20) -> list[Message]:
    made = []
    for number in range(count):
        made.append(Message.user(f"question {number} " + "word " * words))
        made.append(Message.assistant(f"answer {number} " + "word " * words))
    return made


def tool_turn(number: int, size: int = 400) -> list[Message]:
    return [
        Message.user(f"look up {number}"),
        Message.assistant("I look.", ToolCall(f"c{number}", "look_up", {"key": number})),
        Message.user(ToolResult(f"c{number}", "x " * size)),
        Message.assistant(f"found {number}"),
    ]


def fit_to(messages, tokens: int, policy="drop_oldest", **parameters):
    made = request(messages, max_tokens=1, **parameters)
    return fit(made, model(None), policy, TokenCounter(), max_input_tokens=tokens)


@st.composite
def conversations(draw):
    """Exchanges with tools, system messages anywhere, sometimes a greeting first, sometimes a late tool result."""
    messages: list[Message] = []
    if draw(st.booleans()):
        messages.append(Message.assistant("Hello, how can I help?"))
    waiting: list[str] = []
    for number in range(draw(st.integers(1, 12))):
        if draw(st.integers(0, 4)) == 0:
            messages.append(Message.system(f"rule {number}"))
        messages.append(Message.user(f"u{number} " + "word " * draw(st.integers(0, 60))))
        for step in range(draw(st.integers(0, 3))):
            call = f"c{number}.{step}" if draw(st.booleans()) else "call_0"
            messages.append(Message.assistant(ToolCall(call, "tool", {"n": step})))
            if draw(st.integers(0, 5)):
                messages.append(Message.user(ToolResult(call, "r " * draw(st.integers(0, 80)))))
            else:
                waiting.append(call)
        if waiting and draw(st.booleans()):
            messages.append(Message.user(ToolResult(waiting.pop(), "late")))
        if draw(st.booleans()):
            messages.append(Message.assistant("a " * draw(st.integers(1, 60))))
    return messages


def _fit_or_error(asked, config, policy, counter, limit):
    try:
        return fit(asked, config, policy, counter, max_input_tokens=limit)
    except ContextTooLongError as error:
        return error


def orphans(messages) -> list[str]:
    called: set[str] = set()
    found = []
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                called.add(part.id)
            elif isinstance(part, ToolResult) and part.tool_call_id not in called:
                found.append(part.tool_call_id)
    return found


def calls_without_result(messages) -> list[ToolCall]:
    """A result answers the latest call of its id, as ids may come again in a later turn."""
    waiting: dict[str, list[ToolCall]] = {}
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                waiting.setdefault(part.id, []).append(part)
            elif isinstance(part, ToolResult) and waiting.get(part.tool_call_id):
                waiting[part.tool_call_id].pop()
    return [call for calls in waiting.values() for call in calls]


@settings(max_examples=300, deadline=None)
@given(conversations(), st.integers(20, 1500), st.sampled_from(CUTTING), st.booleans())
def test_what_is_left_is_within_the_window_and_a_conversation_the_provider_takes(messages, window, policy, in_window):
    counter = TokenCounter()
    asked = request(messages, max_tokens=10, system="Be brief.")
    config = model(window + 10) if in_window else model(None)
    limit = None if in_window else window
    fitted = _fit_or_error(asked, config, policy, counter, limit)
    if isinstance(fitted, ContextTooLongError):
        assert (fitted.window, fitted.source) == (window, "estimate")
        return
    left = fitted.request.messages
    assert fitted.count.tokens + fitted.count.error_bound <= window
    assert fitted.count == TokenCounter().count_request(fitted.request, config)
    assert not orphans(left)
    before = calls_without_result(messages)
    assert all(any(call is one for one in before) for call in calls_without_result(left))
    assert [m for m in left if m.role == "system"] == [m for m in messages if m.role == "system"]
    assert fitted.request.parameters == asked.parameters
    last_user = max(i for i, m in enumerate(messages) if m.role == "user" and isinstance(m.parts[0], Text))
    assert messages[last_user] in left
    assert left[-1] is messages[-1]
    if fitted.dropped:
        assert next(m for m in left if m.role != "system").role == "user"
        assert fitted.warnings[0].details["messages"] == len(fitted.dropped)
        assert sum(m.role != "system" for m in messages) == len(fitted.dropped) + sum(m.role != "system" for m in left)
    again = fit(fitted.request, config, policy, counter, max_input_tokens=limit)
    assert again == Fitted(fitted.request, (), fitted.count)
    assert again.request is fitted.request


def test_a_request_that_fits_is_returned_as_it_is():
    asked = request(turns(3), max_tokens=1)
    fitted = fit(asked, model(100_000), "drop_oldest", TokenCounter())
    assert fitted.request is asked
    assert (fitted.dropped, fitted.warnings) == ((), ())
    assert fitted.count == TokenCounter().count_request(asked, model(None))


def test_nothing_is_cut_where_the_window_is_unknown():
    asked = request(turns(500))
    assert fit(asked, model(None), "drop_oldest", TokenCounter()).request is asked


def test_whole_exchanges_go_oldest_first_with_one_warning():
    messages = turns(10)
    fitted = fit_to(messages, 300)
    left = fitted.request.messages
    assert left == tuple(messages[-len(left) :])
    assert fitted.dropped == tuple(messages[: -len(left)])
    assert len(left) % 2 == 0
    (warning,) = fitted.warnings
    counter = TokenCounter()
    lost = counter.count_request(request(messages, max_tokens=1)).tokens - fitted.count.tokens
    assert (warning.kind, warning.details) == ("dropped", {"messages": len(fitted.dropped), "tokens": lost})


def test_as_many_exchanges_stay_as_fit():
    messages = turns(10)
    fitted = fit_to(messages, 300)
    more = request(messages[-len(fitted.request.messages) - 2 :], max_tokens=1)
    count = TokenCounter().count_request(more)
    assert count.tokens + count.error_bound > 300


def test_the_first_and_the_last_exchange_can_be_kept():
    messages = turns(10)
    left = fit_to(messages, 300, "keep_first_and_last").request.messages
    assert left[:2] == tuple(messages[:2])
    assert left[2:] == tuple(messages[-len(left) + 2 :])


def test_a_tool_call_goes_with_its_result():
    messages = [*tool_turn(1), *tool_turn(2), Message.user("and now?")]
    fitted = fit_to(messages, 500)
    assert fitted.dropped == tuple(messages[:4])


def test_exchanges_that_share_a_call_and_its_result_go_together():
    late = [
        Message.user("start it"),
        Message.assistant(ToolCall("slow", "job", {})),
        Message.user("meanwhile?"),
        Message.assistant("yes"),
        Message.user(ToolResult("slow", "done " * 300)),
        Message.assistant("it is done"),
    ]
    messages = [*late, *turns(1)]
    assert fit_to(messages, 200).dropped == tuple(late)


def test_tool_results_can_be_emptied_before_anything_goes():
    messages = [*tool_turn(1), *tool_turn(2), Message.user("and now?")]
    fitted = fit_to(messages, 600, "drop_tool_results")
    left = fitted.request.messages
    assert len(left) == len(messages)
    assert left[2] == Message.user(ToolResult("c1", REMOVED))
    assert left[6] is messages[6]
    assert fitted.warnings[0].details == {
        "messages": 0,
        "tokens": fitted.warnings[0].details["tokens"],
        "tool_results": 1,
    }


def test_the_results_that_the_model_waits_for_are_never_emptied():
    messages = tool_turn(1)[:3]
    with pytest.raises(ContextTooLongError):
        fit_to(messages, 100, "drop_tool_results")


def test_system_text_and_system_messages_stay():
    messages = [Message.system("always"), *turns(4), Message.system("from now on"), *turns(4)]
    fitted = fit_to(messages, 250, system="text")
    assert [m.text for m in fitted.request.messages if m.role == "system"] == ["always", "from now on"]
    assert fitted.request.get("system") == "text"
    assert all(m.role != "system" for m in fitted.dropped)


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_what_cannot_fit_raises_and_says_how_much_room_there_is(policy):
    messages = [*turns(2), Message.user("word " * 2000)]
    with pytest.raises(ContextTooLongError, match="room for 300") as caught:
        fit_to(messages, 300, policy)
    assert caught.value.window == 300
    assert caught.value.source == "estimate"
    assert caught.value.tokens > 300
    assert caught.value.parameter == "messages"


def test_the_policy_raise_cuts_nothing():
    with pytest.raises(ContextTooLongError):
        fit_to(turns(10), 300, "raise")


def test_the_room_for_the_answer_is_max_tokens_or_the_models_largest_up_to_a_quarter():
    config = ModelConfig(context_window=1000, max_output_tokens=100)
    assert input_window(request([], max_tokens=300), config) == 700
    assert input_window(request([]), config) == 900
    assert input_window(request([]), ModelConfig(context_window=1000, max_output_tokens=1000)) == 750
    assert input_window(request([]), ModelConfig(context_window=1000)) == 750
    assert input_window(request([], max_tokens=5000), config) == 0
    assert input_window(request([]), config, 50) == 50
    assert input_window(request([]), ModelConfig(features={"max_input_tokens": 10}), 50) == 10
    assert input_window(request([]), ModelConfig()) is None


def test_an_unknown_policy_is_refused_with_the_names():
    with pytest.raises(ConfigurationError, match="'drop_oldest', 'keep_first_and_last', 'drop_tool_results', 'raise'"):
        policy_of("newest")
    with pytest.raises(ConfigurationError):
        policy_of(3)


class KeepQuestions:
    """A policy of one's own: the longest exchange goes first."""

    def choose(self, exchanges):
        return Choice(sorted(range(len(exchanges) - 1), key=lambda index: -exchanges[index].tokens))


def test_a_policy_of_ones_own_chooses_the_order():
    messages = [*turns(2, 5), *turns(1, 200), *turns(2, 5)]
    fitted = fit_to(messages, 200, KeepQuestions())
    assert fitted.dropped == tuple(messages[4:6])
    assert [exchange.messages for exchange in _seen(messages)][2] == tuple(messages[4:6])


def _seen(messages):
    class Look:
        def choose(self, exchanges):
            self.seen = list(exchanges)

    look = Look()
    with pytest.raises(ContextTooLongError):
        fit_to(messages, 10, look)
    return look.seen


@pytest.mark.parametrize("order", [[7], [-1]])
def test_a_policy_that_chooses_what_there_is_not_is_refused(order):
    class Wrong:
        def choose(self, exchanges):
            return Choice(order)

    with pytest.raises(ConfigurationError, match="chose exchange"):
        fit_to(turns(3), 60, Wrong())


def test_the_last_exchange_stays_whatever_a_policy_chooses():
    class All:
        def choose(self, exchanges):
            return Choice([1, 1, 2, 0])

    messages = turns(3)
    assert fit_to(messages, 130, All()).request.messages == tuple(messages[-2:])


def test_a_policy_can_ask_for_a_summary_of_what_goes():
    class Summarise:
        def choose(self, exchanges):
            return Choice(range(len(exchanges) - 1), summarise=True)

    messages = turns(10)
    need = fit_to(messages, 400, Summarise())
    assert isinstance(need, NeedSummary)
    assert need.messages == need.fitted.dropped == tuple(messages[: len(need.messages)])
    count = need.fitted.count
    assert 0 <= need.room_tokens <= 400 - count.tokens - count.error_bound + 2


def test_after_a_refusal_a_quarter_goes():
    asked = request(turns(10))
    counter = TokenCounter()
    shrunk = shrink(asked, model(None), "drop_oldest", counter)
    before, after = counter.count_request(asked), shrunk.count
    assert after.tokens + after.error_bound <= 0.75 * (before.tokens + before.error_bound) + 2
    assert shrunk.dropped
    assert shrunk.warnings[0].kind == "dropped"


def test_there_is_nothing_to_shrink_in_a_single_exchange_or_against_the_policy():
    assert shrink(request(turns(1)), model(None), "drop_oldest", TokenCounter()) is None
    assert shrink(request(turns(9)), model(None), "raise", TokenCounter()) is None


def test_a_greeting_before_the_first_user_turn_goes_first():
    messages = [Message.assistant("Hello! " * 20), *turns(2)]
    assert fit_to(messages, 230).dropped == (messages[0],)


def test_an_unfinished_conversation_without_a_user_turn_is_not_cut():
    with pytest.raises(ContextTooLongError):
        fit_to([Message.assistant("word " * 500)], 100)


def test_a_growing_conversation_fits_at_every_turn():
    counter = TokenCounter()
    history: list[Message] = []
    for number in range(60):
        history += tool_turn(number, 20)[:-1]
        fitted = fit(request(history, max_tokens=1), model(None), "drop_oldest", counter, max_input_tokens=400)
        fresh = fit(request(history, max_tokens=1), model(None), "drop_oldest", TokenCounter(), max_input_tokens=400)
        assert fitted == fresh
        assert not orphans(fitted.request.messages)
        history.append(Message.assistant(f"found {number}"))
