"""The APIs of other makers, as the emulator speaks them: one file each, put together in table.py."""

from bedrock_llm.testing.emulator.wires.base import Envelope, Wire
from bedrock_llm.testing.emulator.wires.table import WireCall, wire_call

__all__ = ["Envelope", "Wire", "WireCall", "wire_call"]
