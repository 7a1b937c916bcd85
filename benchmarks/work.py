"""The work that every client does: the same question, and the same answers.

Here: the request, the answers, the conversation that is fitted. Not here: who asks (peers.py, floor.py), who answers
(fake_server.py).
"""

from __future__ import annotations

__all__ = [
    "ACCESS_KEY_ID", "ANSWER", "MAX_TOKENS", "MODEL", "PROMPT", "REGION", "SECRET_ACCESS_KEY", "SYSTEM", "TEMPERATURE",
    "conversation", "converse_body", "deltas",
]  # fmt: skip

ACCESS_KEY_ID = "AKIDEXAMPLE"
SECRET_ACCESS_KEY = "a-made-up-key-for-an-example"
REGION = "us-east-1"
MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0"  # with a colon, as most ids: it has to be encoded, and signed so
SYSTEM = "You explain things to people who begin to program. Be brief, and use plain words."
PROMPT = (
    "What does a garbage collector do, when does it run, and why does a program with a memory leak still grow although "
    "it has one? Answer in three sentences and close with an example from daily life."
)
MAX_TOKENS = 256
TEMPERATURE = 0.5

_TEXT = "A heap of old things is swept when no one holds on to them any more, and what is left moves closer together. "
_PIECES = [f"{word} " for word in _TEXT.split()]


def deltas(number: int) -> list[str]:
    """The pieces of a streamed answer."""
    return [_PIECES[index % len(_PIECES)] for index in range(number)]


ANSWER = "".join(deltas(100))


def converse_body() -> dict[str, object]:
    """The body of the request, as Converse wants it."""
    return {
        "messages": [{"role": "user", "content": [{"text": PROMPT}]}],
        "system": [{"text": SYSTEM}],
        "inferenceConfig": {"maxTokens": MAX_TOKENS, "temperature": TEMPERATURE},
    }


def conversation(turns: int) -> list[tuple[str, str]]:
    """Roles and texts: questions of about 200 and answers of about 600 letters, no two alike."""
    sentences = [
        "The second door on the left leads into a room where {} clocks are kept, and none of them agrees.",
        "In chapter {} of the manual one reads that the valve must be closed before the pump is started.",
        "We counted {} boats on Tuesday; by the evening, all but three had left for the islands again.",
        "If you multiply that by {}, you get a figure that nobody in the office was willing to believe.",
        "Her answer to question {} was short: it depends on who asks, and on what they had for breakfast.",
    ]
    made = []
    for turn in range(turns):
        asked = turn % 2 == 0
        lines = (sentences[(turn + line) % 5].format(turn * 7 + line) for line in range(2 if asked else 6))
        made.append(("user" if asked else "assistant", " ".join(lines)))
    return made
