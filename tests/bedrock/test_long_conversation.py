"""Two hundred turns with tools, cut to a small window on every turn: the service accepts each request."""

from __future__ import annotations

import pytest

from bedrock_llm.context import POLICIES, input_window
from bedrock_llm.messages import Message, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from tests.bedrock.conftest import CLAUDE

TOOLS = [ToolSpec("lookup", "Looks a word up.", {"type": "object", "properties": {"word": {"type": "string"}}})]
SMALL = {CLAUDE: {"context_window": 4000, "max_output_tokens": 500}}
TURNS = 200


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "raise"])
async def test_every_request_of_a_long_conversation_is_accepted(emulator, client_of, policy):
    emulator.reply(_answer)
    history, dropped, warned = [], 0, 0
    async with client_of(catalog=SMALL, context=policy) as client:
        model = client._flow.strategy.models[0]
        for turn in range(TURNS):
            history.append(Message.user(f"Question {turn}: " + "what about this word? " * (turn % 7)))
            while True:
                response = await client.generate(history, system="Be brief.", tools=TOOLS, max_tokens=400)
                history.append(response.message)
                cuts = [warning for warning in response.warnings if warning.kind == "dropped"]
                warned += len(cuts)
                dropped += sum(warning.details["messages"] for warning in cuts)
                if not response.tool_calls:
                    break
                results = [
                    ToolResult(call.id, f"{call.arguments['word']}: " + "meaning " * 30) for call in response.tool_calls
                ]
                history.append(Message.user(*results))
        window = input_window(emulator.requests[-1], model.config)
        for request in emulator.requests:
            count = model.counter.count_request(request, model.config)
            assert count.tokens <= window
            assert request.messages[0].role == "user"
            assert request.get("system") is not None
    assert len(emulator.requests) == len(emulator.received) > TURNS
    assert warned > TURNS / 2
    assert dropped > 0


def _answer(request):
    """A tool call or two on every third question, then words."""
    last = request.messages[-1]
    number = sum(message.role == "user" for message in request.messages)
    asks_again = any(isinstance(part, ToolResult) for part in last.parts)
    if asks_again or len(last.text) % 3:
        return "An answer of a few words. " * 5
    return Message.assistant(
        *(ToolCall(f"call_{number}_{len(last.text)}_{i}", "lookup", {"word": f"w{i}"}) for i in range(1 + number % 2))
    )
