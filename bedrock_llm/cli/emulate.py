"""`bedrock-llm emulate`: the built-in Bedrock on a loopback socket, for any program to talk to.

Here: the options, and the environment that leads there. Not here: the emulator (testing/). Called by: application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bedrock_llm.cli.terminal import AnswerOutput

if TYPE_CHECKING:
    from bedrock_llm.testing import Emulator

__all__ = ["emulate"]


def emulate(
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    model_delay_ms: Annotated[int, typer.Option(min=0, help="Between two pieces of an answer.")] = 20,
) -> int:
    """Serve an emulated Bedrock until Ctrl-C.

    It speaks Converse, InvokeModel, their streams and what stands beside them. The answers are made up, no model is
    asked. Prints its address and keys as NAME=value lines, for the environment of programs that shall talk to it.
    """
    from bedrock_llm.testing import serve

    ready = AnswerOutput()
    serve(port, host, on_ready=lambda emulator: ready.write(_environment(emulator)), delay_s=model_delay_ms / 1000)
    return 0


_OTHERS = (
    ("ANTHROPIC_BASE_URL", "", "ANTHROPIC_API_KEY"),
    ("OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
    ("GOOGLE_GEMINI_BASE_URL", "/v1beta", "GOOGLE_API_KEY"),
    ("CO_API_URL", "", "COHERE_API_KEY"),
    ("OLLAMA_BASE_URL", "", "OLLAMA_API_KEY"),
)


def _environment(emulator: Emulator) -> str:
    return (
        "# Where a program shall talk to this emulator: set -a, paste these lines, set +a. Ctrl-C ends it.\n"
        f"AWS_ENDPOINT_URL_BEDROCK_RUNTIME={emulator.url}\n"
        f"AWS_ENDPOINT_URL_BEDROCK={emulator.url}\n"
        f"AWS_REGION={emulator.region}\n"
        f"AWS_ACCESS_KEY_ID={emulator.access_key_id}\n"
        f"AWS_SECRET_ACCESS_KEY={emulator.secret_access_key}\n"
        "# A bearer token beats the two keys. In place of them, or where one is set already:\n"
        f"# AWS_BEARER_TOKEN_BEDROCK={emulator.api_key}\n"
        "# It speaks other providers' APIs too:\n"
        + "".join(f"# {address}={emulator.url}{path}\n# {key}={emulator.api_key}\n" for address, path, key in _OTHERS)
    )
