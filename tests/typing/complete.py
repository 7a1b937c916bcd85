"""Asks pyright whether the type of every public name is complete: nothing unknown, nothing left to be inferred.

Run by `make check`. `pyright --verifytypes` alone judges every module of the package; what counts here is what a
user can reach from the public names.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import bedrock_llm
import bedrock_llm.testing

PUBLIC = {f"bedrock_llm.{name}" for name in bedrock_llm.__all__ if name != "__version__"} | {
    f"bedrock_llm.testing.{name}" for name in bedrock_llm.testing.__all__
}


def _symbols() -> list[dict[str, Any]]:
    command = ["pyright", "--verifytypes", "bedrock_llm", "--ignoreexternal", "--outputjson"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    symbols: list[dict[str, Any]] = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    return symbols


def _causes(symbols: list[dict[str, Any]]) -> list[str]:
    """Where an annotation is missing; a type that is only partially unknown has its cause elsewhere."""
    found: list[str] = []
    for symbol in symbols:
        for note in symbol["diagnostics"] if symbol["isExported"] else ():
            said = str(note["message"]).partition("\n")[0]
            if "partially unknown" not in said and "ocstring" not in said and "range" in note:
                found.append(f"  {note['file']}:{note['range']['start']['line'] + 1} {symbol['name']}: {said}")
    return sorted(found)


def main() -> int:
    """Print what is incomplete; 0 if nothing is."""
    symbols = _symbols()
    seen = {symbol["name"]: symbol for symbol in symbols if symbol["name"] in PUBLIC}
    bad = sorted(name for name, symbol in seen.items() if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"])
    missing = sorted(PUBLIC - set(seen))
    if not bad and not missing:
        sys.stdout.write(f"the types of {len(seen)} public names are complete\n")
        return 0
    sys.stdout.write(f"incomplete: {', '.join(bad)}\nnot seen: {', '.join(missing)}\n")
    sys.stdout.write("annotations that are missing, some of them the cause:\n" + "\n".join(_causes(symbols)) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
