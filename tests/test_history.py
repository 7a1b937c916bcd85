from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm import history
from bedrock_llm.config import ModelConfig
from bedrock_llm.history import HistoryRules, mending, repair, rules_for, uses_tools
from bedrock_llm.history.attached import DOCUMENT_TEXT
from bedrock_llm.history.pairs import NOT_RECORDED
from bedrock_llm.history.turns import NO_OUTPUT
from bedrock_llm.messages import (
    Audio,
    CachePoint,
    Citation,
    Document,
    Image,
    Message,
    Opaque,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)

RULES = HistoryRules()
DOT = Text(".")
PDF = Document(b"%PDF-1")
PNG = Image(b"\x89PNG\r\n\x1a\n")
user, assistant, system = Message.user, Message.assistant, Message.system


def call(name):
    return ToolCall(name, "f", {})


def result(name, content="ok", **more):
    return ToolResult(name, content, **more)


def lost(name):
    return ToolResult(name, NOT_RECORDED, is_error=True)


def mended(*messages, rules=RULES):
    """The repaired messages and the parameters of the warnings; a second repair must find nothing to do."""
    made, warnings = repair(messages, rules)
    assert repair(made, rules) == (made, ())
    assert repair(made, rules)[0] is made
    assert {warning.kind for warning in warnings} <= {"repaired"}
    return made, [warning.parameter for warning in warnings]


GOOD = [
    (user("a"),),
    (user("a", PNG), assistant("b"), user("c")),
    (system("s"), system("t", CachePoint()), user("a")),
    (user("a"), assistant("b")),
    (user("a"), assistant("b", call("1"), call("2")), user(result("1"), result("2"), "and"), assistant("c")),
    (user("a"), assistant(call("1")), user(result("1"), CachePoint())),
    (user("a"), assistant(call("1"), call("2")), user(result("1"), CachePoint(), result("2"), CachePoint())),
    (user("a"), assistant(Thinking("", "seal"), call("1")), user(result("1", (Text("x"), PNG)))),
    (user("look", PDF), assistant(Opaque("converse", "guardContent", {"a": 1})), user(Opaque("p", "image", {}))),
    (user("a"), assistant(Text("", (Citation("q"),))), user("b")),
    (user("a"), assistant(ToolCall("1", "f", None, "{")), user(result("1"))),
    (),
]


@pytest.mark.parametrize("messages", GOOD)
def test_a_good_history_is_left_alone_and_is_the_very_same(messages):
    made, warnings = repair(messages, RULES)
    assert made is messages
    assert warnings == ()


@pytest.mark.parametrize(
    ("given", "wanted", "where"),
    [
        # Turns
        ((user("a"), user("b")), (user("a", "b"),), [1]),
        ((user("a"), assistant("b"), assistant("c"), assistant("d")), (user("a"), assistant("b", "c", "d")), [2, 3]),
        ((assistant("a"), user("b")), (user("."), assistant("a"), user("b")), [0]),
        ((system("s"), assistant("a"), user("b")), (system("s"), user("."), assistant("a"), user("b")), [1]),
        ((system("s"),), (system("s"), user(".")), [0]),
        # Blanks
        ((user("a", " ", "\n", "b"),), (user("a", "b"),), [0]),
        ((user(""),), (user("."),), [0, 0]),
        ((user(),), (user("."),), [0]),
        ((user("a"), assistant("  "), user("b")), (user("a"), assistant("."), user("b")), [1, 1]),
        ((user(CachePoint()),), (user(".", CachePoint()),), [0]),
        ((user("a"), assistant(Thinking(""), "b"), user("c")), (user("a"), assistant("b"), user("c")), [1]),
        ((system(" "), user("a")), (user("a"),), [0, 0]),
        ((system("a", ""), user("a")), (system("a"), user("a")), [0]),
        # The end
        ((user("a"), assistant("b \n")), (user("a"), assistant("b")), [1]),
        ((user("a"), assistant("b ", CachePoint())), (user("a"), assistant("b", CachePoint())), [1]),
        ((user("a"), assistant("b "), user("c")), (user("a"), assistant("b "), user("c")), []),
        # System messages in between
        ((user("a"), system("s"), assistant("b")), (system("s"), user("a"), assistant("b")), [1]),
        (
            (system("r"), user("a"), system("s"), user("b"), system("t")),
            (system("r"), system("s"), system("t"), user("a", "b")),
            [2, 4, 3],
        ),
        # Calls and results
        ((user("a"), assistant(call("1"))), (user("a"), assistant(call("1")), user(lost("1"))), [1]),
        (
            (user("a"), assistant(call("1"), call("2")), user(result("2"), "b")),
            (user("a"), assistant(call("1"), call("2")), user(lost("1"), result("2"), "b")),
            [1],
        ),
        (
            (user("a"), assistant(call("1"), call("2")), user(result("2")), user(result("1"))),
            (user("a"), assistant(call("1"), call("2")), user(result("1"), result("2"))),
            [3, 2, 2],
        ),
        (
            (user("a"), assistant(call("1")), user("b", result("1"))),
            (user("a"), assistant(call("1")), user(result("1"), "b")),
            [2],
        ),
        (
            (user("a"), assistant(call("1")), user("wait"), assistant("ok"), user(result("1"), "there")),
            (user("a"), assistant(call("1")), user(result("1"), "wait"), assistant("ok"), user("there")),
            [4],
        ),
        (
            (user("a"), assistant(call("1")), user("wait"), assistant("ok"), user(result("1")), assistant("so")),
            (user("a"), assistant(call("1")), user(result("1"), "wait"), assistant("ok", "so")),
            [4, 5],
        ),
        (
            (user("a"), assistant(call("1")), user("wait"), assistant("ok"), user(result("1"))),
            (user("a"), assistant(call("1")), user(result("1"), "wait"), assistant("ok"), user(".")),
            [4, 4],
        ),
        (
            (user("a"), assistant("b", call("1")), assistant("c"), user(result("1"))),
            (user("a"), assistant("b", call("1"), "c"), user(result("1"))),
            [2],
        ),
        (
            (user("a"), assistant(call("1"), result("1"), "c")),
            (user("a"), assistant(call("1"), "c"), user(result("1"))),
            [1],
        ),
        (
            (user("a"), assistant(call("1")), user(result("1", "x"), result("1", (PNG,), is_error=True))),
            (user("a"), assistant(call("1")), user(result("1", (Text("x"), PNG), is_error=True))),
            [2],
        ),
        # Ids
        (
            (user("a"), assistant(call("1")), user(result("1", "x")), assistant(call("1")), user(result("1", "y"))),
            (user("a"), assistant(call("1")), user(result("1", "x")), assistant(call("1_1")), user(result("1_1", "y"))),
            [3],
        ),
        (
            (user("a"), assistant(call(""), call("")), user(result("", "x"), result("", "y"))),
            (user("a"), assistant(call("call_1"), call("call_2")), user(result("call_1", "x"), result("call_2", "y"))),
            [1, 1],
        ),
        (
            (user("a"), assistant(call("1"), call("1"), call("1_1")), user(result("1_1"))),
            (
                user("a"),
                assistant(call("1"), call("1_1"), call("1_1_1")),
                user(lost("1"), lost("1_1"), result("1_1_1")),
            ),
            [1, 1, 1, 1],
        ),
        # What results hold
        (
            (user("a"), assistant(call("1")), user(result("1", " "))),
            (user("a"), assistant(call("1")), user(result("1", NO_OUTPUT))),
            [2],
        ),
        (
            (user("a"), assistant(call("1"), call("2")), user(result("1", ()), result("2", ("", PNG)))),
            (user("a"), assistant(call("1"), call("2")), user(result("1", NO_OUTPUT), result("2", (PNG,)))),
            [2, 2],
        ),
        (
            (user("a"), assistant(call("1")), user(result("1", ("x", Audio(b"fLaC"))), "so?")),
            (
                user("a"),
                assistant(call("1")),
                user(
                    result("1", ("x", "[audio 1: see below]")),
                    "[audio 1, from the result of tool call 1:]",
                    Audio(b"fLaC"),
                    "so?",
                ),
            ),
            [2],
        ),
        # Media
        ((user(PDF),), (user(PDF, DOCUMENT_TEXT),), [0]),
        ((user(PDF, " "),), (user(PDF, DOCUMENT_TEXT),), [0, 0]),
        (
            (user("a"), assistant("b", PNG), user("c")),
            (user("a"), assistant("b"), user("[From the assistant's turn before:]", PNG, "c")),
            [1],
        ),
        (
            (user("a"), assistant(PNG)),
            (user("a"), assistant("."), user("[From the assistant's turn before:]", PNG)),
            [1, 1],
        ),
    ],
)
def test_a_history_is_mended_and_every_change_is_told(given, wanted, where):
    made, parameters = mended(*given)
    assert made == wanted
    assert parameters == [f"messages[{index}]" for index in where]


BESIDE = (user("a"), assistant(call("1")), user(result("1"), CachePoint(), "b", PNG, "see", PDF))


@pytest.mark.parametrize(
    ("beside", "wanted"),
    [
        ("any", BESIDE),
        (
            "text_image",
            (*BESIDE[:2], user(result("1"), CachePoint(), "b", PNG), assistant("."), user("see", PDF)),
        ),
        (
            "nothing",
            (*BESIDE[:2], user(result("1"), CachePoint()), assistant("."), user("b", PNG, "see", PDF)),
        ),
    ],
)
def test_what_may_not_stand_beside_results_gets_a_turn_of_its_own(beside, wanted):
    made, parameters = mended(*BESIDE, rules=HistoryRules(tool_result_beside=beside))
    assert made == wanted
    assert parameters == ([] if beside == "any" else ["messages[2]"])


def test_media_that_a_result_cannot_hold_are_moved_with_a_word_and_parted_where_they_must_be():
    rules = HistoryRules(tool_result_media=frozenset({"image"}), tool_result_beside="text_image")
    given = (
        user("a"),
        assistant(call("1"), call("2")),
        user(result("1", (PNG, PDF)), result("2", (PDF, Video(b"FLV\x01")))),
    )
    assert mended(*given, rules=rules)[0] == (
        *given[:2],
        user(
            result("1", (PNG, Text("[document 1: see below]"))),
            result("2", ("[document 2: see below]", "[video 1: see below]")),
        ),
        assistant("."),
        user(
            "[document 1, from the result of tool call 1:]",
            PDF,
            "[document 2, from the result of tool call 2:]",
            PDF,
            "[video 1, from the result of tool call 2:]",
            Video(b"FLV\x01"),
        ),
    )


def test_models_may_take_more_than_the_strictest():
    rules = HistoryRules(
        alternate=False, user_first=False, system_messages=True, assistant_media=True, document_text=False
    )
    given = (assistant("a", PNG), system("s"), assistant("b"), user(PDF), user("c"))
    assert mended(*given, rules=rules) == (given, [])


def test_roles_alternate_across_system_messages_that_stay():
    rules = HistoryRules(system_messages=True)
    given = (user("a"), system("s"), user("b"), assistant("c"))
    assert mended(*given, rules=rules) == ((user("a", "b"), system("s"), assistant("c")), ["messages[2]"])


def test_a_system_message_does_not_stand_between_calls_and_results():
    rules = HistoryRules(system_messages=True)
    given = (user("a"), assistant(call("1")), system("s"), user(result("1")), assistant("b"))
    wanted = (user("a"), assistant(call("1")), user(result("1")), system("s"), assistant("b"))
    assert mended(*given, rules=rules) == (wanted, ["messages[2]"])
    assert mended(*given[:3], rules=rules)[0] == (user("a"), assistant(call("1")), user(lost("1")), system("s"))


def test_a_model_that_cannot_go_on_with_its_own_turn_gets_one_of_the_users():
    rules = HistoryRules(assistant_last=False)
    assert mended(user("a"), assistant("b "), rules=rules) == ((user("a"), assistant("b "), user(".")), ["messages[1]"])


def test_blocks_of_another_provider_are_left_out_and_that_is_told():
    rules = HistoryRules(wire="converse")
    theirs, ours = Opaque("gemini", "x", {}), Opaque("converse", "guardContent", {})
    given = (user("a", theirs, ours), assistant(theirs), user("b", theirs))
    made, parameters = mended(*given, rules=rules)
    assert made == (user("a", ours), assistant("."), user("b"))
    assert parameters == ["messages[0]", "messages[1]", "messages[2]", "messages[1]"]
    assert "another provider" in repair(given, rules)[1][0].message
    results = (user("a"), assistant(call("1")), user(result("1", (theirs,))))
    assert mended(*results, rules=rules)[0][2] == user(result("1", NO_OUTPUT))


def test_messages_that_need_no_repair_stay_the_same_objects():
    first, second = user("a"), assistant("b")
    made, _ = repair((first, second, user("c"), user("d")), RULES)
    assert made[0] is first
    assert made[1] is second


def test_warnings_say_what_was_done_and_where():
    (warning,) = repair((user("a"), user("b")), RULES)[1]
    assert warning.message == "messages[1]: merged into the user's turn before it: roles must alternate"
    assert str(warning) == warning.message


def test_rules_follow_what_is_known_of_a_model():
    assert rules_for(ModelConfig()) == HistoryRules()
    features = {
        "leading_assistant": True,
        "system_messages": True,
        "prefill": False,
        "tool_result_media": ["document"],
        "tool_result_beside": "nothing",
    }
    assert rules_for(ModelConfig(features=features), "converse") == HistoryRules(
        user_first=False,
        system_messages=True,
        assistant_last=False,
        tool_result_media=frozenset({"document"}),
        tool_result_beside="nothing",
        wire="converse",
    )
    assert rules_for(ModelConfig(features={"tool_result_media": []})).tool_result_media == frozenset()


def test_a_history_with_calls_or_results_uses_tools():
    assert uses_tools((user("a"), assistant(call("1"))))
    assert uses_tools((user(result("1")),))
    assert not uses_tools((user("a"), assistant("b")))


# Random histories


names = st.sampled_from(["", "1", "2", "3"])
marks = st.text("abc \n", max_size=3)
media = st.sampled_from([PNG, PDF, Audio(b"fLaC"), Video(b"FLV\x01")])
opaque = st.sampled_from([Opaque("converse", "x", {}), Opaque("other", "x", {})])
contents = marks | st.lists(marks.map(Text) | media | opaque, max_size=3).map(tuple)
user_parts = marks.map(Text) | media | opaque | st.just(CachePoint()) | st.builds(ToolResult, names, contents)
said = marks.map(Text) | opaque | st.just(CachePoint()) | st.builds(Thinking, marks) | media
assistant_parts = said | st.builds(ToolCall, names, st.just("f"))
histories = st.lists(
    st.one_of(
        st.lists(user_parts, max_size=4).map(lambda parts: user(*parts)),
        st.lists(assistant_parts, max_size=4).map(lambda parts: assistant(*parts)),
        marks.map(system),
    ),
    min_size=1,
    max_size=8,
)
rules = st.builds(
    HistoryRules,
    user_first=st.booleans(),
    system_messages=st.booleans(),
    assistant_last=st.booleans(),
    assistant_media=st.booleans(),
    tool_result_media=st.sampled_from([frozenset(), frozenset({"image"}), frozenset({"image", "document"})]),
    tool_result_beside=st.sampled_from(["nothing", "text_image", "any"]),
    wire=st.sampled_from([None, "converse"]),
)


def _without_orphans(messages):
    """The messages without results that no call before them asked for: a request with such is never made."""
    called: set[str] = set()
    made = []
    for message in messages:
        kept = tuple(part for part in message.parts if not isinstance(part, ToolResult) or part.tool_call_id in called)
        called |= {call.id for call in message.tool_calls}
        made.append(Message(message.role, kept))
    return tuple(made)


def _problem(messages, rules):
    """The first rule that the messages break, checked in plain words; None where they keep them all."""
    turns = [message for message in messages if message.role != "system"]
    owed: list[str] = []
    seen: set[str] = set()
    for number, turn in enumerate(turns):
        results = [part for part in turn.parts if isinstance(part, ToolResult)]
        if [part.tool_call_id for part in results] != owed:
            return f"turn {number} must answer {owed}"
        leading = [part for part in turn.parts if not isinstance(part, CachePoint)][: len(results)]
        if leading != results:
            return "results come first"
        owed = [part.id for part in turn.tool_calls]
        if "" in owed or seen & set(owed) or len(set(owed)) < len(owed):
            return "ids are unique"
        seen |= set(owed)
        problem = _problem_of_turn(turn, results, rules)
        if problem:
            return problem
    if owed:
        return "calls at the end"
    return _problem_of_order(messages, turns, rules)


def _problem_of_order(messages, turns, rules):
    roles = [turn.role for turn in turns]
    if any(first == second for first, second in itertools.pairwise(roles)):
        return "roles alternate"
    if not roles or (rules.user_first and roles[0] != "user"):
        return "the user is first"
    if roles[-1] == "assistant" and not rules.assistant_last:
        return "the user is last"
    every = [message.role for message in messages]
    first = next(place for place, role in enumerate(every) if role != "system")
    if not rules.system_messages and "system" in every[first:]:
        return "system first"
    return None


def _problem_of_turn(turn, results, rules):
    kinds = {type(part) for part in turn.parts} - {CachePoint}
    if not kinds:
        return "no turn is empty"
    if any(isinstance(part, Text) and not part.text.strip() for part in turn.parts):
        return "no text is blank"
    if any(isinstance(part, Opaque) and rules.wire not in (None, part.provider) for part in turn.parts):
        return "no foreign blocks"
    if turn.role == "assistant" and kinds & {Image, Document, Audio, Video} and not rules.assistant_media:
        return "no media from the assistant"
    if turn.role == "user" and Document in kinds and Text not in kinds:
        return "a document has a text"
    if results and rules.tool_result_beside == "nothing" and kinds != {ToolResult}:
        return "nothing beside results"
    if results and rules.tool_result_beside == "text_image" and kinds & {Document, Audio, Video}:
        return "only text and images beside results"
    return next(filter(None, (_problem_of_result(part, rules) for part in results)), None)


def _problem_of_result(part, rules):
    parts = (Text(part.content),) if isinstance(part.content, str) else part.content
    if not parts or any(isinstance(entry, Text) and not entry.text.strip() for entry in parts):
        return "no result is blank"
    kinds = {Image: "image", Document: "document", Audio: "audio", Video: "video"}
    if any(type(entry) in kinds and kinds[type(entry)] not in rules.tool_result_media for entry in parts):
        return "results hold what they may"
    return None


def _words(messages):
    """Every word said, by whom it was said or in a result, each as often as it stands there."""
    words = []
    for message in messages:
        for part in message.parts:
            if isinstance(part, Text):
                words += [(message.role, word) for word in part.text.split()]
            elif isinstance(part, ToolResult):
                texts = (
                    [part.content]
                    if isinstance(part.content, str)
                    else [p.text for p in part.content if isinstance(p, Text)]
                )
                words += [("result", word) for text in texts for word in text.split()]
    return words


def _media(messages):
    parts = [part for message in messages for part in message.parts]
    parts += [
        entry
        for part in parts
        if isinstance(part, ToolResult) and not isinstance(part.content, str)
        for entry in part.content
    ]
    return [part for part in parts if isinstance(part, (Image, Document, Audio, Video))]


@settings(max_examples=600)
@given(histories.map(_without_orphans), rules)
def test_any_history_is_mended_so_that_it_keeps_the_rules_and_loses_nothing(messages, rules):
    made, warnings = repair(messages, rules)
    assert _problem(made, rules) is None
    assert (made == messages) == (warnings == ())
    assert repair(made, rules) == (made, ())
    before, after = _words(messages), _words(made)
    assert all(after.count(word) >= before.count(word) for word in before)
    assert sorted(map(repr, _media(made))) == sorted(map(repr, _media(messages)))


@given(histories.map(_without_orphans), rules)
def test_the_fast_check_is_never_more_lenient_than_the_steps(messages, rules):
    """Rule of check.py: what it passes, the steps would not have changed."""
    if not history.well_formed(messages, rules):
        return
    notes = mending.Notes()
    turns = [mending.Turn.of(message, index) for index, message in enumerate(messages)]
    for step in mending.STEPS:
        turns = step(turns, rules, notes)
    assert notes.warnings == []
    assert tuple(turn.message() for turn in turns) == messages


def test_what_was_mended_passes_the_fast_check():
    """Else every turn of a chat would pay for the steps again."""
    for messages in GOOD:
        assert history.well_formed(messages, RULES) or isinstance(messages[-1].parts[-1], Opaque)


def test_a_very_long_history_is_mended_in_linear_time():
    turns = []
    for number in range(4_000):
        turns += [user(f"q{number}"), user(""), assistant(call("same")), user(result("same")), assistant("done")]
    made, warnings = repair(tuple(turns), RULES)
    assert len(made) == 16_000
    assert len(warnings) > 8_000
