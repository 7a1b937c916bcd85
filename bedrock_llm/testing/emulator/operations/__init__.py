"""Bedrock's operations beside answers, as the emulator does them: one file each, put together in table.py."""

from bedrock_llm.testing.emulator.operations.table import Operations

__all__ = ["Operations"]
