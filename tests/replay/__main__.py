"""`python -m tests.replay <corpus folder> [--seed N] [--backend asyncio|trio]`.

Exit status: 0 where every covered record comes out as expected, 1 where one does not, 2 where there is no corpus.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

import anyio

from tests.replay.corpus import CorpusError
from tests.replay.run import SEED, replay


def foreign_settings() -> list[str]:
    """Variables of the environment that must have no say: the server is on this machine, and no AWS is asked."""
    return [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]


def main() -> int:
    """Replay, report, and say how it went."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.replay", description="Recorded traffic through the public door."
    )
    parser.add_argument("corpus", type=Path, help="a folder with interactions.jsonl and expected.jsonl")
    parser.add_argument("--seed", type=int, default=SEED, help="of the random cuts (default: %(default)s)")
    parser.add_argument(
        "--backend", choices=("asyncio", "trio"), default="asyncio", help="the event loop (default: %(default)s)"
    )
    chosen = parser.parse_args()
    for name in foreign_settings():
        del os.environ[name]
    started_s = time.monotonic()
    try:
        report = anyio.run(partial(replay, chosen.corpus, chosen.seed), backend=chosen.backend)
    except CorpusError as error:
        print(error, file=sys.stderr)
        return 2
    print(report)
    print(f"{'not all' if report.failed else 'all'} as expected, in {time.monotonic() - started_s:.1f} s")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
