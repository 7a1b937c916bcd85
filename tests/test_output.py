# ruff: noqa: E501  # tables of schemas, one to a line
from __future__ import annotations

import dataclasses
import functools
import sys
from datetime import date
from typing import Annotated, Any, Literal, NotRequired, Optional, Required, TypedDict

import pytest
from pydantic import BaseModel, Field

from bedrock_llm.errors import InvalidRequestError, OutputValidationError
from bedrock_llm.messages import CachePoint, Message, ToolCall
from bedrock_llm.output import function_schema, json_schema, name_of, parsed, strict_schema, validate, with_schemas
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import Response, StopReason, Usage


class City(BaseModel):
    """A place."""

    name: str
    people: int = Field(ge=0, description="Inhabitants")


class Inner(TypedDict):
    a: int


class Outer(TypedDict, total=False):
    """Two fields."""

    inner: Required[list[Inner]]
    maybe: Optional[Inner]  # noqa: UP045  # the old spelling is read too
    noted: Annotated[Inner, "note"]
    more: NotRequired[int]


@dataclasses.dataclass
class Point:
    x: int
    when: date = date(2026, 1, 1)


CITY_SCHEMA = {
    "description": "A place.",
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "people": {"type": "integer", "description": "Inhabitants (minimum: 0)"},
    },
    "required": ["name", "people"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("output_type", "schema"),
    [
        (City, CITY_SCHEMA),
        (
            Point,
            {
                "type": "object",
                "properties": {"x": {"type": "integer"}, "when": {"type": "string", "format": "date", "default": "2026-01-01"}},
                "required": ["x"],
                "additionalProperties": False,
            },
        ),
        (Inner, {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Annotated[int, {"not": "hashable"}], {"type": "integer"}),
    ],
)  # fmt: skip
def test_a_schema_is_made_of_a_type_as_strict_apis_take_it(output_type, schema):
    assert json_schema(output_type) == schema
    assert json_schema(output_type) == schema


def test_a_schema_that_is_given_is_handed_on_as_it_is():
    given = {"title": "T", "type": "object", "properties": {"a": {"minimum": 1}}}
    assert json_schema(given) == given


def test_typed_dicts_of_the_standard_library_are_read_at_any_depth():
    schema = json_schema(Outer)
    inner = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert (schema["required"], schema["description"], schema["$defs"]["Inner"]) == (["inner"], "Two fields.", inner)
    assert list(schema["properties"]) == ["inner", "maybe", "noted", "more"]
    assert validate(Outer, '{"inner": [{"a": 1}], "maybe": null}') == {"inner": [{"a": 1}], "maybe": None}
    assert validate(list[Inner], '[{"a": "1"}]') == [{"a": 1}]


class Unknown:
    pass


@pytest.mark.parametrize("output_type", [Unknown, list[Unknown], list["Nowhere"]])  # noqa: F821  # on purpose
def test_a_type_that_cannot_be_read_is_refused(output_type):
    with pytest.raises(InvalidRequestError, match="output_type must be a type") as caught:
        json_schema(output_type)
    assert caught.value.parameter == "output_type"


STRICT = [
    ({"title": "T", "$schema": "s", "type": "string"}, {"type": "string"}),
    ({"properties": {"title": {"title": "Title", "type": "string"}}}, {"properties": {"title": {"type": "string"}}, "additionalProperties": False}),
    ({"type": "object", "properties": {}, "additionalProperties": True}, {"type": "object", "properties": {}, "additionalProperties": False}),
    ({"type": "object", "additionalProperties": {"title": "T", "minimum": 1}}, {"type": "object", "additionalProperties": {"description": "(minimum: 1)"}}),
    ({"type": "object"}, {"type": "object"}),
    ({"description": "D", "minimum": 0, "exclusiveMaximum": 5, "multipleOf": 2}, {"description": "D (minimum: 0; exclusiveMaximum: 5; multipleOf: 2)"}),
    ({"minLength": 1, "maxLength": 5, "minItems": 1}, {"minLength": 1, "maxLength": 5, "minItems": 1}),
    ({"minItems": 2, "maxItems": 3, "contains": {"const": 1}}, {"description": "(minItems: 2; maxItems: 3; contains: {'const': 1})"}),
    ({"pattern": "^a+$"}, {"pattern": "^a+$"}),
    ({"pattern": "(?=a)b"}, {"description": "(pattern: (?=a)b)"}),
    ({"pattern": r"(a)\1"}, {"description": r"(pattern: (a)\1)"}),
    ({"anyOf": [{"title": "A", "type": "null"}, {"maximum": 1}]}, {"anyOf": [{"type": "null"}, {"description": "(maximum: 1)"}]}),
    ({"$defs": {"X": {"title": "X", "properties": {"y": {"$ref": "#/$defs/X"}}}}}, {"$defs": {"X": {"properties": {"y": {"$ref": "#/$defs/X"}}, "additionalProperties": False}}}),
    ({"items": {"title": "I"}, "prefixItems": [{"title": "P"}, True], "enum": [{"title": "kept"}]}, {"items": {}, "prefixItems": [{}, True], "enum": [{"title": "kept"}]}),
    ({"default": {"title": "kept"}, "const": {"title": "kept"}}, {"default": {"title": "kept"}, "const": {"title": "kept"}}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "wanted"), STRICT)
def test_a_schema_is_cleaned_for_strict_output_and_cleaning_again_changes_nothing(schema, wanted):
    before = repr(schema)
    assert strict_schema(schema) == wanted
    assert strict_schema(wanted) == wanted
    assert repr(schema) == before


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Rome", "people": 5}',
        ' \n{"name": "Rome", "people": 5}\n',
        '```json\n{"name": "Rome", "people": 5}\n```',
        '```\r\n{"name": "Rome", "people": 5}```',
        'Here it is:\n```JSON\n{"name": "Rome", "people": 5}\n```\nAnything else?',
    ],
)
def test_an_answer_is_read_with_or_without_a_fence(text):
    assert validate(City, text) == City(name="Rome", people=5)
    assert validate({"type": "object"}, text) == {"name": "Rome", "people": 5}


def test_values_are_read_as_json_says_them():
    assert validate(Point, '{"x": 1, "when": "2026-05-06"}') == Point(1, date(2026, 5, 6))
    assert validate(tuple[int, str], '[1, "a"]') == (1, "a")
    assert validate(str, '"has ``` in it"') == "has ``` in it"
    assert validate({"type": "string"}, '"\U0001f600"') == "\U0001f600"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the answer is not JSON, as City wants"),
        ("Sorry, no.", "it begins: 'Sorry, no.'"),
        ('{"name": "Rome", "peop', "is not JSON"),
        ("```json\n{oops}\n```", "is not JSON"),
        ('{"name": "Rome"}', "no valid City: people: Field required"),
        ("[]", "no valid City: it: Input should be an object"),
        ('{"name": 1, "people": -1}', "name: Input should be a valid string; people: Input should be greater"),
        ("\ud800", "is not JSON"),
    ],
)
def test_an_answer_that_does_not_fit_says_where(text, said):
    with pytest.raises(OutputValidationError) as caught:
        validate(City, text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


def test_many_problems_are_counted():
    with pytest.raises(OutputValidationError, match=r"; and 7 more$"):
        validate(list[int], '["a", "a", "a", "a", "a", "a", "a", "a", "a", "a"]')


def answer(text, reason=StopReason.stop):
    return Response(Message.assistant(text), reason, usage=Usage(1))


def test_an_answer_brings_its_value():
    assert parsed(City, answer('{"name": "Rome", "people": 5}')) == City(name="Rome", people=5)


@pytest.mark.parametrize("reason", [StopReason.content_filter, StopReason.tool_use, StopReason.pause])
def test_a_refusal_or_a_call_is_no_invalid_output(reason):
    assert parsed(City, answer("no", reason)) is None


def test_invalid_output_rides_on_the_error_with_its_usage():
    response = answer('{"name": "Ro', StopReason.length)
    with pytest.raises(OutputValidationError, match="it was cut at max_tokens") as caught:
        parsed(City, response)
    assert (caught.value.partial, caught.value.usage) == (response, Usage(1))


@pytest.mark.parametrize(
    ("output_type", "name"),
    [
        (City, "City"),
        (int, "int"),
        (list[City], "list_tests_test_output_City"),
        (Annotated[int, 1], "Annotated_int_1"),
        ({"title": "My schema!"}, "My_schema"),
        ({"type": "object"}, None),
        ({"title": 5}, None),
        (type("X" * 100, (), {}), "X" * 64),
    ],
)
def test_a_type_has_a_name_that_wires_take(output_type, name):
    assert name_of(output_type) == name


# Tools


async def weather(city: str, days: int = 3, *, units: Annotated[str, Field(description="C or F")] = "C") -> str:
    """Say how the weather will be.

    Looks at the sky.

    Args:
        city (str): Where,
            and in which country: both.
        days: How many.
        units: not used, as the annotation says it

    Returns:
        Words.
    """
    return f"{city} {days} {units}"


WEATHER = (
    "Say how the weather will be.\n\nLooks at the sky.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where, and in which country: both."},
            "days": {"type": "integer", "default": 3, "description": "How many."},
            "units": {"type": "string", "default": "C", "description": "C or F"},
        },
        "required": ["city"],
        "additionalProperties": False,
    },
)


class Station:
    def read(self, title: str):
        """Read it."""

    def __call__(self, which: int):
        """Call it."""


def untold(anything, model: City = None, opaque=Unknown, _hidden: int = 1, **rest: Any):
    pass


def test_a_functions_signature_and_docstring_tell_the_model_what_it_does():
    assert function_schema(weather) == WEATHER
    assert function_schema(weather)[1] is function_schema(weather)[1]


def test_methods_objects_and_partials_are_functions_too():
    assert function_schema(Station().read) == (
        "Read it.",
        {
            "type": "object",
            "properties": {"title": {"type": "string"}},
            "required": ["title"],
            "additionalProperties": False,
        },
    )
    assert function_schema(Station())[0] == "Call it."
    assert list(function_schema(Station())[1]["properties"]) == ["which"]
    described, schema = function_schema(functools.partial(weather, "Rome", units="F"))
    assert (described, list(schema["properties"]), schema["required"]) == (WEATHER[0], ["days"], [])
    assert list(function_schema(weather)[1]["properties"]) == ["city", "days", "units"]


def test_arguments_that_say_nothing_are_taken_as_anything():
    described, schema = function_schema(untold)
    assert described is None
    assert schema["properties"]["anything"] == {}
    assert schema["required"] == ["anything"]
    assert schema["properties"]["_hidden"] == {"type": "integer", "default": 1}


def test_a_function_without_arguments_has_an_empty_object():
    assert function_schema(lambda: None) == (None, {"type": "object", "properties": {}, "additionalProperties": False})


def by_place(x, /):
    pass


def by_number(*numbers: int):
    pass


def by_magic(x: Unknown):
    pass


def by_hearsay(x: Nowhere):  # noqa: F821  # on purpose
    pass


@pytest.mark.parametrize("function", [by_place, by_number, by_magic, by_hearsay])
def test_a_function_that_a_model_cannot_call_is_refused_by_name(function):
    with pytest.raises(InvalidRequestError, match=function.__name__) as caught:
        function_schema(function)
    assert caught.value.parameter == "tools"


def test_a_request_gets_the_schemas_of_its_functions_and_keeps_the_rest():
    schema = {"type": "object", "properties": {"x": {"type": "string"}}}
    given = [
        weather,
        CachePoint(),
        ToolSpec("named", "told", None, True, weather),
        ToolSpec("half", None, schema, None, weather),
        ToolSpec("mute", None, schema, None, untold),
        ToolSpec("plain"),
    ]
    request = Request.of("a", tools=given, max_tokens=5)
    made = with_schemas(request)
    assert made.get("tools") == (
        ToolSpec("weather", *WEATHER),
        CachePoint(),
        ToolSpec("named", "told", WEATHER[1], True),
        ToolSpec("half", WEATHER[0], schema),
        ToolSpec("mute", None, schema),
        ToolSpec("plain"),
    )
    assert made.get("tools")[0].function is weather
    assert (made.call_id, made.get("max_tokens")) == (request.call_id, 5)
    assert with_schemas(made) == made


def test_a_request_whose_tools_are_complete_is_the_same_object():
    for request in (
        Request.of("a"),
        Request.of("a", tools=[ToolSpec("f", "d", {})]),
        Request.of("a", tools=[ToolSpec("f")]),
    ):
        assert with_schemas(request) is request


def test_the_module_is_cheap_to_import():
    import subprocess

    code = "import sys, bedrock_llm.output, bedrock_llm.media, bedrock_llm.history; print('pydantic' in sys.modules, 'anyio' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert ran.stdout == "False False\n"


def test_a_tool_call_in_the_answer_leaves_the_value_open():
    response = Response(Message.assistant(ToolCall("1", "f")), StopReason.tool_use)
    assert parsed(City, response) is None
