"""Recorded traffic through the public door: `python -m tests.replay <corpus folder>`, or `make replay`.

A server on a loopback socket gives each recorded answer as it was; `LLMClient` asks for it with the recorded request;
what comes out is compared with what the corpus expects. Each family of kinds (converse.py, chat.py ...) says how its
records are asked; everything else is the same for all. Where the corpus itself is wrong, exceptions.py says so by name.
"""
