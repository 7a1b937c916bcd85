"""Cohere's API around its body, as the tests use it: bytes to events, cut anywhere."""

from __future__ import annotations

import json
import random
from itertools import pairwise

from bedrock_llm.codecs.cohere_v2 import CohereV2Body
from bedrock_llm.codecs.cohere_v2.errors import error_of
from bedrock_llm.codecs.direct import Api, DirectCodec
from bedrock_llm.config import ModelConfig

BODY = CohereV2Body()
COHERE = ModelConfig(provider="cohere", model="command-r", family="cohere")
CODEC = DirectCodec(BODY, Api("cohere", "/v2/chat", "/v2/chat", error_of, lambda request, config, stream: {}))
TYPES = {"sse": {"content-type": "text/event-stream"}, "ndjson": {"content-type": "application/x-ndjson"}}


def lines(objects):
    """The events of a stream as bytes, with the sentinel behind them."""
    texts = [json.dumps(payload, ensure_ascii=False) for payload in objects]
    return "".join(f"data: {text}\n\n" for text in [*texts, "[DONE]"]).encode()


def events_of_stream(data, cuts=(), codec=CODEC):
    """The events of a body cut at these places."""
    decoder, events = codec.decoder(TYPES[codec.api.framing], COHERE), []
    for begin_at, end_at in pairwise([0, *cuts, len(data)]):
        events += decoder.feed(data[begin_at:end_at])
    return events + decoder.close()


def cut_anyhow(data, *, tries=3, codec=CODEC):
    """Whether the events are the same whole, byte by byte, and cut at random."""
    chance, whole = random.Random(20261120), events_of_stream(data, codec=codec)
    ways = [range(1, len(data))]
    ways += [sorted(chance.sample(range(1, len(data)), min(9, len(data) - 1))) for _ in range(tries)]
    return all(events_of_stream(data, cuts, codec) == whole for cuts in ways)
