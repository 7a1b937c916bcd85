"""Hygiene of every text file: encoding, line ends, and nothing that looks like a secret."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.sources import shown, texts

SECRETS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    r"|\bAIza[A-Za-z0-9_-]{35}\b"
    r"|-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----"
)
MADE_UP = re.compile(r"EXAMPLE|example|FAKE|fake|TEST|test|0{6}|1234|ABCDEF|abcdef")  # documented or plainly invented


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def test_texts_are_utf_8_with_unix_line_ends_and_end_in_a_newline():
    wrong = []
    for path in texts():
        text = _read(path)
        if text.startswith("\ufeff") or "\r\n" in text or (text and not text.endswith("\n")):
            wrong.append(shown(path))
    assert wrong == []


def test_no_line_ends_in_blanks():
    wrong = [
        f"{shown(path)}:{number}"
        for path in texts()
        for number, line in enumerate(_read(path).split("\n"), 1)
        if line != line.rstrip(" \t")
    ]
    assert wrong == []


def test_only_makefiles_hold_tabs():
    assert [
        shown(path) for path in texts() if path.name != "Makefile" and path.suffix != ".json" and "\t" in _read(path)
    ] == []


def test_nothing_looks_like_a_secret():
    found = [
        f"{shown(path)}: {match[:12]}..."
        for path in texts()
        for match in SECRETS.findall(_read(path))
        if not MADE_UP.search(match)
    ]
    assert found == []


def test_no_text_names_a_place_on_one_machine():
    places = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/\w+")
    assert [f"{shown(path)}: {match}" for path in texts() for match in places.findall(_read(path))] == []
