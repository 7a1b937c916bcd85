"""`bedrock-llm models --account` as a user runs it."""

from __future__ import annotations

import json

from tests.cli.conftest import run


def test_models_and_profiles_are_listed_with_how_they_are_asked(emulator, environment):
    arn = emulator.operations.account.add_profile("my own", "anthropic.claude-sonnet-4-6")
    emulator.operations.account.legacy.add("amazon.nova-lite-v1:0")
    done = run("models", "--account", "--endpoint-url", emulator.url, env=environment)

    assert done.returncode == 0, done.stderr
    heading, *rows = done.stdout.splitlines()
    cells = {row.split()[0]: row.split() for row in rows}
    assert heading.split() == ["NAME", "KIND", "STATUS", "IN", "OUT", "ASKED", "BY"]
    assert cells["bedrock/anthropic.claude-sonnet-4-6"][1:5] == ["model", "ACTIVE", "text,image", "text"]
    assert cells["bedrock/amazon.nova-lite-v1:0"][2] == "LEGACY"
    assert cells["bedrock/us.anthropic.claude-sonnet-4-6"][1:] == ["profile", "ACTIVE", "-", "-", "its", "id"]
    assert cells[f"bedrock/{arn}"][-2:] == ["its", "ARN"]
    assert "models and" in done.stderr


def test_words_choose_and_json_is_one_object(emulator, environment):
    done = run("models", "SONNET-4-6", "us.", "--account", "--json", "--endpoint-url", emulator.url, env=environment)

    data = json.loads(done.stdout)
    assert data["models"] == []
    names = [profile["name"] for profile in data["profiles"]]
    assert "bedrock/us.anthropic.claude-sonnet-4-6" in names
    assert all("sonnet-4-6" in name for name in names)
    (profile,) = [entry for entry in data["profiles"] if entry["name"] == "bedrock/us.anthropic.claude-sonnet-4-6"]
    assert profile["type"] == "SYSTEM_DEFINED"
    assert profile["models"] == ["anthropic.claude-sonnet-4-6"]


def test_nothing_of_that_name_is_said_on_stderr(emulator, environment):
    done = run("models", "nothing-like-it", "--account", "--endpoint-url", emulator.url, env=environment)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "the account has no such model or profile in this region\n"


def test_without_credentials_it_says_what_to_set(bare):
    done = run("models", "--account", "--region", "us-east-1", env=bare)
    assert (done.returncode, done.stdout) == (2, "")
    assert "AWS_ACCESS_KEY_ID" in done.stderr


def test_a_refusal_is_an_error_of_the_provider(emulator, environment):
    wrong = environment | {"AWS_SECRET_ACCESS_KEY": "not-the-secret"}
    done = run("models", "--account", "--endpoint-url", emulator.url, env=wrong)
    assert done.returncode == 1
    assert "not-the-secret" not in done.stderr
    assert "error: " in done.stderr


def test_places_without_an_account_are_refused(bare):
    done = run("models", "--region", "us-east-1", env=bare)
    assert done.returncode == 2
    assert "--account" in done.stderr
