"""Each sync door is its async twin: the same names, parameters, order, defaults and types."""

from __future__ import annotations

import inspect
import re
from typing import get_overloads

import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.conversation import Conversation
from bedrock_llm.operations.door import BedrockOperations
from bedrock_llm.stream import ResponseStream
from bedrock_llm.sync import SyncConversation, SyncLLMClient, SyncResponseStream
from bedrock_llm.sync_operations import SyncBedrockOperations

PAIRS = [
    (LLMClient, SyncLLMClient),
    (ResponseStream, SyncResponseStream),
    (Conversation, SyncConversation),
    (BedrockOperations, SyncBedrockOperations),
]

# What is named otherwise without a loop.
RENAMED = {
    "aclose": "close",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}
# What a client makes for its own, each door in its own way.
MADE_INSIDE = {(ResponseStream, "__init__"), (BedrockOperations, "__init__"), (BedrockOperations, "of")}


def _names(kind):
    """The public names that a class itself defines, and what `with`, `for` and calling it use."""
    wanted = {"__init__", "__repr__", "__reduce__", *RENAMED, *RENAMED.values()}
    names = {name for name in vars(kind) if not name.startswith("_") or name in wanted}
    return {name for name in names if (kind, name) not in MADE_INSIDE}


def _common(annotation):
    """An annotation as both doors have it."""
    return re.sub(r"\b(?:Async|Sync)(?=[A-Z])", "", str(annotation))


def _shape(function):
    signature = inspect.signature(function)
    parameters = [
        (each.name, each.kind, each.default, _common(each.annotation)) for each in signature.parameters.values()
    ]
    return parameters, _common(signature.return_annotation)


def _methods():
    for kind, twin in PAIRS:
        for name in sorted(_names(kind)):
            if name not in RENAMED.values():
                yield kind, twin, name


def _plain(member):
    return member.fget if isinstance(member, property) else getattr(member, "__func__", member)


@pytest.mark.parametrize(("kind", "twin"), PAIRS)
def test_both_doors_have_the_same_names(kind, twin):
    here = {RENAMED.get(name, name) for name in _names(kind)}
    assert here == {RENAMED.get(name, name) for name in _names(twin) if (kind, name) not in MADE_INSIDE}


@pytest.mark.parametrize(
    ("kind", "twin", "name"), list(_methods()), ids=lambda value: getattr(value, "__name__", value)
)
def test_a_method_has_the_signature_of_its_twin(kind, twin, name):
    here, there = vars(kind)[name], vars(twin)[RENAMED.get(name, name)]
    assert type(here) is type(there)
    if name == "__aiter__":
        return  # an iterator of the same events, of the other kind
    assert _shape(_plain(here)) == _shape(_plain(there))


@pytest.mark.parametrize(
    ("kind", "twin", "name"), list(_methods()), ids=lambda value: getattr(value, "__name__", value)
)
def test_a_method_has_the_overloads_of_its_twin(kind, twin, name):
    here = [_shape(each) for each in get_overloads(_plain(vars(kind)[name]))]
    there = [_shape(each) for each in get_overloads(_plain(vars(twin)[RENAMED.get(name, name)]))]
    assert here == there


@pytest.mark.parametrize(("kind", "twin"), PAIRS)
def test_no_method_of_a_sync_door_is_awaited(kind, twin):
    guards = {"__aenter__", "__aexit__"}  # they raise, and show the line to write
    assert [name for name, member in vars(twin).items() if inspect.iscoroutinefunction(member)] in ([], sorted(guards))


@pytest.mark.parametrize(
    ("kind", "twin", "name"), list(_methods()), ids=lambda value: getattr(value, "__name__", value)
)
def test_every_method_says_what_it_does_on_both_doors(kind, twin, name):
    if not name.startswith("_"):
        assert inspect.getdoc(vars(kind)[name])
        assert inspect.getdoc(vars(twin)[RENAMED.get(name, name)])
