"""`bedrock-llm models`: what is known of each model.

Here: the table and its JSON. Not here: the facts (catalog/). Called by: application.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bedrock_llm.cli.report import json_line
from bedrock_llm.cli.terminal import AnswerOutput, note

if TYPE_CHECKING:
    from bedrock_llm.config import ModelConfig

__all__ = ["models"]

_HEADINGS = ("MODEL", "WINDOW", "OUTPUT", "USD/M IN", "USD/M OUT")
_UNKNOWN = "-"


def models(
    words: Annotated[list[str] | None, typer.Argument(help="Only models whose name holds all of these.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON array, with every price and its source.")
    ] = False,
) -> int:
    """List the known models: window, output, price.

    Windows and largest outputs are in tokens, prices in USD per million tokens. Other models can be asked too; of them
    nothing is known, and no cost is given.
    """
    from bedrock_llm.catalog.lookup import find, known_models

    wanted = [word.lower() for word in words or ()]
    rows = [find(name) for name in known_models() if all(word in f"bedrock/{name}".lower() for word in wanted)]
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
