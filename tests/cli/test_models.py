from __future__ import annotations

import json
from decimal import Decimal

from bedrock_llm.catalog.lookup import find, known_models
from tests.cli.conftest import run


def test_the_table_names_every_known_model_with_window_and_price(bare):
    done = run("models", env=bare)

    heading, *rows = done.stdout.splitlines()
    assert done.returncode == 0
    assert heading.split("  ")[0] == "MODEL"
    assert [row.split()[0] for row in rows] == [f"bedrock/{name}" for name in known_models()]
    assert {len(row) for row in rows} == {len(heading)}
    assert done.stderr.startswith("prices and windows as of 20")


def test_words_choose(bare):
    done = run("models", "CLAUDE", "us.anthropic.claude-sonnet-4-6", env=bare)

    facts = find("us.anthropic.claude-sonnet-4-6")
    (row,) = done.stdout.splitlines()[1:]
    assert row.split() == [
        "bedrock/us.anthropic.claude-sonnet-4-6",
        f"{facts.context_window:,}",
        f"{facts.max_output_tokens:,}",
        f"{facts.prices['input']:f}",
        f"{facts.prices['output']:f}",
    ]


def test_json_is_one_array_with_every_price_and_its_source(bare):
    done = run("models", "us.anthropic.claude-sonnet-4-6", "--json", env=bare)

    facts = find("us.anthropic.claude-sonnet-4-6")
    (row,) = json.loads(done.stdout)
    assert {bucket: Decimal(price) for bucket, price in row.pop("usd_per_million_tokens").items()} == facts.prices
    assert row == {
        "name": "bedrock/us.anthropic.claude-sonnet-4-6",
        "family": "claude",
        "context_window": facts.context_window,
        "max_output_tokens": facts.max_output_tokens,
        "source": facts.source,
        "as_of": facts.as_of,
    }


def test_no_such_model_is_said_on_stderr(bare):
    done = run("models", "nothing-like-it", env=bare)
    as_json = run("models", "nothing-like-it", "--json", env=bare)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no known model has such a name\n")
    assert (as_json.returncode, as_json.stdout, as_json.stderr) == (0, "[]\n", "")


def test_the_models_of_another_provider_are_listed_when_it_is_named(bare):
    done = run("models", "--provider", "anthropic", "sonnet-4-6", env=bare)

    (row,) = done.stdout.splitlines()[1:]
    assert row.split()[0] == "anthropic/claude-sonnet-4-6"
    assert done.returncode == 0


def test_a_provider_of_whose_models_nothing_is_known_is_refused_with_those_there_are(bare):
    done = run("models", "--provider", "acme", env=bare)
    asked = run("models", "--provider", "openai", "--account", env=bare)

    assert (done.returncode, done.stdout) == (2, "")
    assert "acme" in done.stderr
    assert "openai" in done.stderr
    assert asked.returncode == 2
