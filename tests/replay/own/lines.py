"""Lines of the small corpus: what is asked in all of it, what an answer is expected to be, and how bodies are written.

Called by: write.py, others.py, openai.py.
"""

from __future__ import annotations

import base64
import json
from typing import Any

Json = Any
QUESTION = "What is it like in Tromsø?"
COUNTS = {"input": 12, "output": 7, "total": 19}
JSON = {"content-type": "application/json", "x-request-id": "0000-made-up"}
SSE = {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"}
LINES = {"content-type": "application/x-ndjson", "transfer-encoding": "chunked"}
USER = [{"role": "user", "content": QUESTION}]
SCHEMA: Json = {"type": "object", "properties": {"city": {"type": "string"}}}


def interaction(
    name: str, kind: tuple[str, str, bool], path: str, asked: Json, answer: tuple[int, dict[str, str], bytes]
) -> Json:
    """A line of interactions.jsonl.

    Args:
        name: Its id.
        kind: Provider, API, and whether the answer is a stream.
        path: Of the request.
        asked: The request's body.
        answer: Its status, headers and body.
    """
    (provider, api, streaming), (status, headers, body) = kind, answer
    model = asked.get("model") if isinstance(asked, dict) else None
    return {
        "id": name,
        "provider": provider,
        "api": api,
        "streaming": streaming,
        **({"model": model} if model else {}),
        "request": {"method": "POST", "path": path, "body": asked, "fidelity": "made up"},
        "response": {
            "status": status,
            "headers": headers,
            "body_b64": base64.b64encode(body).decode(),
            "fidelity": "made up",
        },
    }


def expected(name: str, **fields: Json) -> Json:
    """A line of expected.jsonl: an answer of nothing, but for the fields given."""
    nothing: Json = {"text": "", "thinking": "", "tool_calls": [], "server_tools": [], "stop": None}
    return {"id": name, **nothing, "usage": {}, "error": None, "complete": True, **fields}


def call(identity: str | None, city: str) -> Json:
    """An expected call of the tool `weather`."""
    return {"id": identity, "name": "weather", "args": {"city": city}}


def as_json(data: Json) -> bytes:
    """JSON as services write it."""
    return json.dumps(data, ensure_ascii=False).encode()


def sse(*payloads: Json, end: str = "\n\n", named: bool = False) -> bytes:
    """Server-sent events, each with its type before it where the wire names them."""
    lines = []
    for payload in payloads:
        said = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
        lines.append((f"event: {payload['type']}\n" if named else "") + f"data: {said}{end}")
    return "".join(lines).encode()


def ndjson(*payloads: Json) -> bytes:
    """Lines of JSON."""
    return b"".join(as_json(payload) + b"\n" for payload in payloads)
