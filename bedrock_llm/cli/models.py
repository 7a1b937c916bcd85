"""`bedrock-llm models`: what is known of each model.

Here: the options, the table and its JSON. Not here: the facts (catalog/), what the account can reach (account.py).
Called by: application.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bedrock_llm.cli.report import json_line
from bedrock_llm.cli.terminal import AnswerOutput, note
from bedrock_llm.errors import UsageError

if TYPE_CHECKING:
    from bedrock_llm.config import ModelConfig

__all__ = ["models"]

_HEADINGS = ("MODEL", "WINDOW", "OUTPUT", "USD/M IN", "USD/M OUT")
_UNKNOWN = "-"


def models(
    words: Annotated[list[str] | None, typer.Argument(help="Only models whose name holds all of these.")] = None,
    provider: Annotated[str, typer.Option(help="Whose models; what the catalog has, e.g. openai.")] = "bedrock",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: an array, with every price and its source.")
    ] = False,
    account: Annotated[
        bool, typer.Option("--account", help="Ask AWS which models and profiles the account can reach.")
    ] = False,
    region: Annotated[str | None, typer.Option(help="With --account: the region to ask.")] = None,
    profile: Annotated[str | None, typer.Option(help="With --account: the profile of the AWS files.")] = None,
    endpoint_url: Annotated[str | None, typer.Option(help="With --account: ask this address.")] = None,
) -> int:
    """List the known models of a provider: window, output, price. With --account, what the account can reach.

    Windows and largest outputs are in tokens, prices in USD per million tokens. Other models can be asked too; of them
    nothing is known, and no cost is given.
    """
    wanted = [word.lower() for word in words or ()]
    places = {"region": region, "profile": profile, "base_url": endpoint_url}
    given = {name: value for name, value in places.items() if value is not None}
    if account and provider != "bedrock":
        raise UsageError("--account asks AWS: leave --provider out")
    if account:
        from bedrock_llm.cli.account import list_account

        return list_account(wanted, given, as_json=as_json)
    if given:
        raise UsageError("--region, --profile and --endpoint-url say where the account is: add --account")
    return _list_known(provider, wanted, as_json=as_json)


def _list_known(provider: str, wanted: list[str], *, as_json: bool) -> int:
    from bedrock_llm.catalog.lookup import find, known_models, known_providers

    if provider not in known_providers():
        known = ", ".join(known_providers())
        raise UsageError(f"--provider {provider}: nothing is known of its models; there are {known}")
    names = (name for name in known_models(provider) if all(word in f"{provider}/{name}".lower() for word in wanted))
    rows = [find(name, provider=provider) for name in names]
    output = AnswerOutput()
    if as_json:
        output.write(json_line([_object(row) for row in rows]))
        output.end_line()
    elif rows:
        output.write(_table(rows))
        note(f"prices and windows as of {rows[0].as_of}, from {rows[0].source}; - is not known")
    else:
        note("no known model has such a name")
    return 0


def _object(row: ModelConfig) -> dict[str, Any]:
    prices = None if row.prices is None else {bucket: f"{price:f}" for bucket, price in row.prices.items()}
    return {
        "name": f"{row.provider}/{row.model}",
        "family": row.family,
        "context_window": row.context_window,
        "max_output_tokens": row.max_output_tokens,
        "usd_per_million_tokens": prices,
        "source": row.source,
        "as_of": row.as_of,
    }


def _table(rows: Iterable[ModelConfig]) -> str:
    lines = [_HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return "".join(_line(cells, widths) + "\n" for cells in lines)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    figures = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join((cells[0].ljust(widths[0]), *figures))


def _cells(row: ModelConfig) -> tuple[str, ...]:
    sizes = (_UNKNOWN if size is None else f"{size:,}" for size in (row.context_window, row.max_output_tokens))
    prices = row.prices or {}
    costs = (_UNKNOWN if prices.get(bucket) is None else f"{prices[bucket]:f}" for bucket in ("input", "output"))
    return (f"{row.provider}/{row.model}", *sizes, *costs)
