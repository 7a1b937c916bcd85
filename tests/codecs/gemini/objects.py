"""Answers of our own making, for the tests beside this file."""

from __future__ import annotations

from bedrock_llm.codecs.gemini import GeminiBody
from bedrock_llm.config import ModelConfig
from bedrock_llm.events import empty_response, fold
from bedrock_llm.request import Request

BODY = GeminiBody()
GEMINI = ModelConfig(provider="google", model="gemini-next", family="gemini")
USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13}


def model(family="gemini", **features):
    return ModelConfig(provider="google", model="gemini-next", family=family, features=features)


def candidate(*parts, word=None, **members):
    made = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **members}
    return made if word is None else {**made, "finishReason": word}


def answered(*parts, word="STOP", usage=USAGE, **members):
    """A whole answer; members are the candidate's."""
    entry = candidate(*parts, word=word, **members)
    return {"candidates": [entry], "usageMetadata": usage, "modelVersion": "gemini-next", "responseId": "r1"}


def chunks(*groups, word="STOP", usage=USAGE, **members):
    """A stream with the parts of each group in a chunk; members stand in the last candidate."""
    made = [answered(*group, word=None) for group in groups[:-1]]
    return [*made, answered(*(groups[-1] if groups else ()), word=word, usage=usage, **members)]


def text(words, **more):
    return {"text": words, **more}


def thought(words, **more):
    return {"text": words, "thought": True, **more}


def call(name="weather", args=None, signature=None, **more):
    part = {"functionCall": {"name": name, **({} if args is None else {"args": args}), **more}}
    return part if signature is None else {**part, "thoughtSignature": signature}


def read(data, config=GEMINI):
    return BODY.read(data, config)


def events_of_stream(objects, config=GEMINI):
    """All events of a stream, and its reader."""
    reader, events = BODY.reader(config), []
    for entry in objects:
        reader.take(entry, events)
        reader.settle(events)
    reader.end(events)
    return events, reader


def folded(objects, config=GEMINI):
    """The answer that a stream makes, with the reader's warnings."""
    events, reader = events_of_stream(objects, config)
    return fold(empty_response(), events).with_(warnings=tuple(reader.warnings))


def written(messages, config=GEMINI, /, **parameters):
    """The body of a request that needs no preparing."""
    return BODY.write(Request.of(messages, **parameters), config, stream=False)


def prepared(messages, config=GEMINI, /, **parameters):
    """The body of a request as it is sent, and what was told of it."""
    request, warnings = BODY.prepare(Request.of(messages, **parameters), config)
    assert BODY.prepare(request, config)[0] == request
    return BODY.write(request, config, stream=False), warnings
