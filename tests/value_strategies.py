"""Random values for the property tests of messages, events and histories."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

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

# Lone surrogates, NUL and bidi marks included: what a user pastes must come back as it was.
texts = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    ["", " ", "\ud800", "a\0b", "\u202eabc\u202c"]
)
names = st.text("abcxyz_-", min_size=1, max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
json_objects = st.dictionaries(texts, json_values, max_size=3)
citations = st.builds(Citation, st.none() | texts, st.none() | texts, st.none() | texts, json_objects)
sources = (
    st.binary(min_size=1, max_size=8)
    | st.sampled_from(["data:image/png;base64,AAAA", "s3://bucket/key", "https://example.com/a.png"])
    | st.just(Path("folder/file.pdf"))
)
media_types = st.none() | st.sampled_from(["image/png", "application/pdf"])
media = st.one_of(
    *(st.builds(kind, sources, media_type=media_types, name=st.none() | names) for kind in (Image, Audio, Video)),
    st.builds(
        Document,
        sources,
        media_type=media_types,
        name=st.none() | names,
        context=st.none() | texts,
        citations=st.booleans(),
    ),
)
text_parts = st.builds(Text, texts, st.lists(citations, max_size=2).map(tuple))
opaques = st.builds(Opaque, names, names, json_values)
calls = st.builds(ToolCall, names, names, st.none() | json_objects, st.none() | texts, st.none() | texts)
results = st.builds(
    ToolResult, names, texts | st.lists(text_parts | media | opaques, max_size=3).map(tuple), st.booleans()
)
thinking = st.builds(Thinking, texts, st.none() | texts, st.none() | texts, st.none() | names)
cache_points = st.builds(CachePoint, st.sampled_from([None, "5m", "1h"]))
assistant_parts = st.one_of(text_parts, media, calls, thinking, cache_points, opaques)
user_parts = st.one_of(text_parts, media, results, cache_points, opaques)
system_parts = st.one_of(text_parts, cache_points, opaques)
parts = assistant_parts | user_parts
messages = st.one_of(
    st.builds(Message, st.just("assistant"), st.lists(assistant_parts, max_size=4).map(tuple)),
    st.builds(Message, st.just("user"), st.lists(user_parts, max_size=4).map(tuple)),
    st.builds(Message, st.just("system"), st.lists(system_parts, max_size=4).map(tuple)),
)
