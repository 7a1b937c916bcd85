"""Cache points."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.converse.cache import place_cache_points
from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import CachePoint, Document, Message, Text, Video
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request

POINT, HOUR, SHORT = CachePoint(), CachePoint("1h"), CachePoint("5m")
TOOL = ToolSpec("a")
EVERYWHERE = ModelConfig(features={"cache_points": ["tools", "system", "messages"]})
NOTHING_KNOWN = ModelConfig()
CSV = Document(b"x", media_type="text/csv")


def place(messages, config=EVERYWHERE, **parameters):
    """Tools, system, parts of each message, and the kinds of warnings."""
    made, warnings = place_cache_points(Request.of(messages, **parameters), config)
    assert made.get("cache") is None
    return (
        made.get("tools"),
        made.get("system"),
        [message.parts for message in made.messages],
        [w.kind for w in warnings],
    )


def test_a_request_without_points_stays_the_same_object():
    request = Request.of("hi", system="s", tools=[TOOL])
    assert place_cache_points(request, EVERYWHERE) == (request, ())
    assert place_cache_points(request, EVERYWHERE)[0] is request


def test_cache_puts_points_behind_tools_system_and_the_last_user_message():
    messages = [Message.user("a"), Message.assistant("b"), Message.user("c"), Message.assistant("prefill")]
    assert place(messages, cache=True, system="s", tools=[TOOL]) == (
        (TOOL, POINT),
        (Text("s"), POINT),
        [(Text("a"),), (Text("b"),), (Text("c"), POINT), (Text("prefill"),)],
        [],
    )
    assert place("hi", cache="1h") == (None, None, [(Text("hi"), HOUR)], [])


def test_system_messages_that_lead_are_part_of_the_system_text():
    found = place([Message.system("t"), Message.user("a")], cache=True, system="s")
    assert found == (None, (Text("s"), Text("t"), POINT), [(Text("a"), POINT)], [])


def test_false_adds_none():
    assert place("hi", cache=False, system="s") == (None, "s", [(Text("hi"),)], [])


def test_points_that_the_caller_placed_are_not_doubled():
    assert place([Message.user("a", POINT)], cache=True, system=[Text("s"), HOUR], tools=[TOOL, HOUR]) == (
        (TOOL, HOUR),
        (Text("s"), HOUR),
        [(Text("a"), POINT)],
        [],
    )


@pytest.mark.parametrize(
    ("parts", "placed"),
    [
        ((Text("a"), CSV), (Text("a"), POINT, CSV)),
        ((Text("a"), Video("s3://b/k")), (Text("a"), POINT, Video("s3://b/k"))),
        ((CSV,), (CSV,)),
        ((Document(b"x", media_type="application/pdf"),), (Document(b"x", media_type="application/pdf"), POINT)),
    ],
)
def test_a_point_of_ours_stands_before_attachments_that_claude_refuses_it_behind(parts, placed):
    assert place([Message.user(*parts)], cache=True)[2] == [placed]


@pytest.mark.parametrize(
    ("config", "tools", "system", "parts", "kinds"),
    [
        (ModelConfig(family="nova"), (TOOL,), (Text("s"), POINT), (Text("hi"), POINT), []),
        (ModelConfig(family="claude"), (TOOL, POINT), (Text("s"), POINT), (Text("hi"), POINT), []),
        (NOTHING_KNOWN, (TOOL,), "s", (Text("hi"),), ["unsupported"]),
        (ModelConfig(features={"cache_points": []}), (TOOL,), "s", (Text("hi"),), ["unsupported"]),
        (ModelConfig(features={"cache_points": ["system"]}), (TOOL,), (Text("s"), POINT), (Text("hi"),), []),
    ],
)
def test_cache_goes_where_the_model_is_known_to_take_it(config, tools, system, parts, kinds):
    assert place("hi", config, cache=True, system="s", tools=[TOOL]) == (tools, system, [parts], kinds)


def test_points_where_the_model_takes_none_are_left_out_and_told():
    config = ModelConfig(features={"cache_points": []})
    found = place([Message.user("a", POINT)], config, system=[Text("s"), POINT], tools=[TOOL, POINT])
    assert found == ((TOOL,), (Text("s"),), [(Text("a"),)], ["unsupported"] * 3)


def test_where_nothing_is_known_the_caller_s_points_stay():
    found = place([Message.user("a", SHORT)], NOTHING_KNOWN, system=[Text("s"), POINT])
    assert found == (None, (Text("s"), POINT), [(Text("a"), SHORT)], [])


def test_no_point_stands_first_and_no_two_stand_together():
    messages = [Message.user("a"), Message.assistant("b"), Message.user(POINT, "c", POINT, POINT)]
    found = place(messages, system=[POINT, Text("s"), POINT, SHORT], tools=[POINT, TOOL])
    assert found == (
        (TOOL,),
        (Text("s"), POINT),
        [(Text("a"), POINT), (Text("b"),), (Text("c"), POINT)],
        ["repaired"],
    )


def test_of_more_than_four_the_oldest_in_messages_go():
    messages = [Message.user("a", POINT, "b", POINT), Message.assistant("c", POINT), Message.user("d", POINT)]
    found = place(messages, system=[Text("s"), POINT], tools=[TOOL, POINT])
    assert found == (
        (TOOL, POINT),
        (Text("s"), POINT),
        [(Text("a"), Text("b")), (Text("c"), POINT), (Text("d"), POINT)],
        ["repaired"],
    )


def test_more_than_four_outside_messages_lose_their_oldest_too():
    system = [part for text in "abcd" for part in (Text(text), POINT)]
    tools, system, messages, told = place([Message.user("a", POINT)], system=system, tools=[TOOL, POINT])
    assert (tools, system, messages, told) == (
        (TOOL,),
        tuple(part for text in "abcd" for part in (Text(text), POINT)),
        [(Text("a"),)],
        ["repaired"],
    )


def test_nothing_short_stands_before_something_long():
    messages = [Message.user("a", POINT), Message.assistant("b"), Message.user("c", HOUR, "d", SHORT)]
    found = place(messages, system=[Text("s"), SHORT])
    assert found == (
        None,
        (Text("s"), HOUR),
        [(Text("a"), HOUR), (Text("b"),), (Text("c"), HOUR, Text("d"), SHORT)],
        ["repaired"],
    )


def test_an_hour_becomes_the_default_where_the_model_has_none():
    config = ModelConfig(features={"cache_points": ["messages"], "cache_ttl_1h": False})
    assert place("hi", config, cache="1h") == (None, None, [(Text("hi"), POINT)], ["unsupported"])


def test_placing_twice_changes_nothing_more():
    messages = [Message.user(POINT, "a", HOUR), Message.assistant("b"), Message.user("c")]
    made, _ = place_cache_points(Request.of(messages, cache=True, system="s", tools=[TOOL]), EVERYWHERE)
    assert place_cache_points(made, EVERYWHERE) == (made, ())
