"""Models and observers such as a user would write; nothing of ours inside them."""

from __future__ import annotations

import anyio

from bedrock_llm.events import Finished, TextDelta
from bedrock_llm.messages import Message
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.observers.base import ModelObserver
from bedrock_llm.response import Response, StopReason, Usage


class ThreeMethods(BaseModelImplementation):
    """The least a stranger can write: answers what it is told, or fails so."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def generate_text(self, messages, **parameters):
        self.asked.append((messages, parameters))
        answer = self.answers.pop(0) if self.answers else "hello"
        if isinstance(answer, BaseException):
            raise answer
        return (
            answer
            if isinstance(answer, Response)
            else Response(Message.assistant(answer), usage=Usage(3, output_tokens=2))
        )

    def count_tokens(self, text):
        return len(text.split())

    def validate_parameters(self, **parameters):
        pass


class Streams(ThreeMethods):
    """Streams the given events one by one; an exception among them is raised, an anyio.Event waited for."""

    def __init__(self, *steps):
        super().__init__()
        self.steps = list(steps)
        self.opened = 0
        self.closed = 0

    async def answer_stream(self, request):
        self.opened += 1
        steps = self.steps.pop(0) if self.steps and isinstance(self.steps[0], list) else self.steps
        try:
            for step in steps:
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, anyio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.closed += 1


class Seen(ModelObserver):
    """Writes down what it is told."""

    def __init__(self):
        self.calls = []

    def on_request_start(self, request):
        self.calls.append(("start", request))

    def on_request_complete(self, response):
        self.calls.append(("complete", response))

    def on_error(self, error):
        self.calls.append(("error", error))

    def on_retry(self, attempt):
        self.calls.append(("retry", attempt))

    @property
    def names(self):
        return [name for name, _ in self.calls]


TWO_WORDS = (TextDelta("one "), TextDelta("two"), Finished(StopReason.stop, "end_turn"))
