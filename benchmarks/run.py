"""What a call costs, beside what others cost.

    python benchmarks/run.py [--rounds 3] [--rows seq,burst] [--clients ours,floor] [--check]
    python benchmarks/run.py --profile seq|burst [--clients ours]

Here: rounds, medians, the goals and the table. Not here: the measuring (measure.py), the clients (peers.py, floor.py),
the server (fake_server.py). Standard library only.

Each client runs in a process of its own on one core, the server on another; the clients take turns, so that what
disturbs the machine disturbs all of them. CPU time is told, not wall time, as it changes less with what else runs; only
the row `gap` is wall time, so let nothing else run beside it.
Still, repeat what looks odd. `--check` ends with 1 if a goal is missed or a client failed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = ("floor", "aiohttp_raw", "httpx2_raw", "boto3", "ours", "ours_uvloop", "ours_httpx2")
BARE, FLOOR = "aiohttp_raw", "floor"
_CHILD_S = 120.0  # no child takes a tenth of it
_REPEATS = 3  # of what takes a fresh process, in each round


class Goal(NamedTuple):
    """What a row may show at most.

    Attributes:
        limit: In the row's unit.
        over: The client whose figure is subtracted; None for the figure as it is.
        clients: Those for whom the goal holds.
    """

    limit: float
    over: str | None = None
    clients: tuple[str, ...] = ("ours",)


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        title: What is measured.
        unit: Of all its figures.
        kind: How measure.py is told to measure it; rows of the kind `calls` share a process.
        clients: Those who can be measured.
        goal: Or None.
    """

    title: str
    unit: str
    kind: str
    clients: tuple[str, ...] = CLIENTS
    goal: Goal | None = None


ROWS = {
    "seq": Row("request, one at a time", "µs", "calls", goal=Goal(90, BARE)),
    "c64": Row("request, 64 at once", "µs", "calls", goal=Goal(60, BARE)),
    "burst": Row("delta in a burst", "µs", "calls", goal=Goal(2, BARE)),
    "paced": Row("delta, one packet each", "µs", "calls", goal=Goal(12, BARE)),
    "fresh": Row("fresh process to first token", "ms", "fresh", goal=Goal(40, BARE)),
    "import": Row("import of what one uses", "ms", "import", goal=Goal(80)),
    "bare_import": Row("bare import of the package", "ms", "import", ("ours",), Goal(10)),
    "memory": Row(
        "memory of an open TLS stream",
        "KiB",
        "memory",
        tuple(name for name in CLIENTS if name != "boto3"),
        Goal(65, clients=("ours_uvloop", "ours_httpx2")),
    ),
    "fit": Row("count and fit at each of 200 turns, in all", "ms", "fit", ("floor", "ours"), Goal(6)),
    "gap": Row("longest wait of the loop while 1,000 callers wait for keys", "ms", "gap", ("ours",), Goal(20)),
}
IMPORTS = {
    ("import", "floor"): "import asyncio, ssl, json",
    ("import", "aiohttp_raw"): "import aiohttp",
    ("import", "httpx2_raw"): "import httpx2",
    ("import", "boto3"): "import boto3",
    ("import", "ours"): "from bedrock_llm import LLMClient, Message, LoggingObserver, CostTracker",
    ("bare_import", "ours"): "import bedrock_llm",
}

Samples = dict[tuple[str, str], list[float]]


class Bench:
    """Runs the children and keeps what they say."""

    def __init__(self, folder: Path, ports: str) -> None:
        self._environ = _clean_environment()
        self._authority = str(folder / "ca.pem")
        self._ports = ports
        self.samples: Samples = {}
        self.failures: dict[tuple[str, str], str] = {}

    def measure(self, kind: str, client: str, rows: list[str]) -> None:
        """One process of one client."""
        if kind == "import":
            for row in rows:
                if (row, client) in IMPORTS:
                    code = f"import time; begun = time.process_time(); {IMPORTS[row, client]}"
                    self._keep(client, [row], ["-c", code + _TELL % row], {})
        else:
            trusted = {"SSL_CERT_FILE": self._authority} if kind == "memory" else {}
            self._keep(client, rows, ["benchmarks/measure.py", kind, client, self._ports, ",".join(rows)], trusted)

    def show_profile(self, client: str, row: str) -> int:
        """Print the profile of one row."""
        command = [sys.executable, "benchmarks/measure.py", "profile", client, self._ports, row]
        return subprocess.run(command, cwd=ROOT, env=self._environ, check=False, preexec_fn=_first_core).returncode

    def _keep(self, client: str, rows: list[str], arguments: list[str], more: dict[str, str]) -> None:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self._environ | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=_CHILD_S,
            preexec_fn=_first_core,
        )
        if done.returncode:
            self.failures.update({(row, client): _reason(done) for row in rows})
            return
        for row, figure in json.loads(done.stdout.splitlines()[-1]).items():
            self.samples.setdefault((row, client), []).append(figure)


_EXCEPTION = re.compile(r"[A-Za-z_.]+(Error|Exception|Timeout)\b")
_TELL = "; print('{\"%s\": %%f}' %% (1e3 * (time.process_time() - begun)))"


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Why a child failed: the last exception it named, as unclosed connections may complain after it."""
    named = [line for line in done.stderr.splitlines() if _EXCEPTION.match(line)]
    return named[-1] if named else f"exit status {done.returncode}"


def _clean_environment() -> dict[str, str]:
    """Ours without what would change a client's work: keys, proxies, authorities, the interpreter's own switches.

    The file of the system's authorities stays: to load it is a part of what a fresh process costs.
    """
    starts = ("AWS_", "PYTHON", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "http_proxy", "ALL_PROXY")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(starts)}
    return kept | {"PYTHONPATH": str(ROOT), "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}


def _first_core() -> None:
    """On the core that the server leaves alone, where the platform can say so."""
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])


@contextlib.contextmanager
def running_server() -> Iterator[Bench]:
    """The fake server, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, "benchmarks/fake_server.py", folder],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None  # asked for above
            ports = server.stdout.readline().strip()
            if not ports:
                sys.exit("the fake server did not start")
            yield Bench(Path(folder), ports)
        finally:
            server.kill()
            server.wait()


def plan(rows: list[str], clients: list[str]) -> list[tuple[str, str, list[str], int]]:
    """The processes of one round: kind, client, rows, how often."""
    made = []
    for kind in dict.fromkeys(ROWS[row].kind for row in rows):
        for client in clients:
            wanted = [row for row in rows if ROWS[row].kind == kind and client in ROWS[row].clients]
            if wanted:
                made.append((kind, client, wanted, _REPEATS if kind in ("fresh", "import", "gap") else 1))
    return made


def measure_all(bench: Bench, rounds: int, rows: list[str], clients: list[str]) -> None:
    """All rounds; memory, which is the same each time, in the first one only."""
    for number in range(rounds):
        for kind, client, wanted, repeats in plan(rows, clients):
            for _ in range(repeats if kind != "memory" or number == 0 else 0):
                bench.measure(kind, client, wanted)
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)


def medians(samples: Samples) -> dict[tuple[str, str], float]:
    """Of each row and client."""
    return {key: statistics.median(figures) for key, figures in samples.items()}


def judged(row: str, figures: dict[tuple[str, str], float]) -> list[tuple[str, float | None]]:
    """The figure of each client for whom the row has a goal, the bare library's subtracted where the goal says so."""
    goal = ROWS[row].goal
    found: list[tuple[str, float | None]] = []
    for client in goal.clients if goal else ():
        own = figures.get((row, client))
        base = 0.0 if goal is None or goal.over is None else figures.get((row, goal.over))
        found.append((client, None if own is None or base is None else own - base))
    return found


def missed(rows: list[str], figures: dict[tuple[str, str], float]) -> list[str]:
    """The rows whose goal was not reached; a figure that could not be had counts as missed."""
    return [row for row in rows if _misses(row, figures)]


def _misses(row: str, figures: dict[tuple[str, str], float]) -> bool:
    goal = ROWS[row].goal
    return goal is not None and any(figure is None or figure > goal.limit for _, figure in judged(row, figures))


def table(rows: list[str], clients: list[str], figures: dict[tuple[str, str], float]) -> str:
    """Everything, in Markdown."""
    lines = [
        "| | " + " | ".join(clients) + " | goal | ours | times the floor |",
        "|---" * (len(clients) + 4) + "|",
    ]
    for row in rows:
        title, unit, goal = ROWS[row].title, ROWS[row].unit, ROWS[row].goal
        cells = [_shown(figures.get((row, client))) for client in clients]
        own, floor = figures.get((row, "ours")), figures.get((row, FLOOR))
        factor = "" if own is None or not floor else f"{own / floor:.1f}"
        cells += ["", ""] if goal is None else [_goal_shown(goal, unit), _judgement(row, figures)]
        lines.append(f"| {title}, {unit} | " + " | ".join([*cells, factor]) + " |")
    return "\n".join(lines)


def _goal_shown(goal: Goal, unit: str) -> str:
    return f"≤ {goal.limit:g} {unit}" + (f" over {goal.over}" if goal.over else "")


def _judgement(row: str, figures: dict[tuple[str, str], float]) -> str:
    found = [_shown(figure) for _, figure in judged(row, figures)]
    return f"{', '.join(found)}: {'missed' if _misses(row, figures) else 'met'}"


def _shown(figure: float | None) -> str:
    """Three digits."""
    if figure is None:
        return "-"
    return f"{figure:.0f}" if abs(figure) >= 100 else f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"


def _names(text: str | None, known: tuple[str, ...], what: str) -> list[str]:
    names = list(known) if text is None else text.split(",")
    for name in names:
        if name not in known:
            sys.exit(f"no {what} {name!r}: choose among {', '.join(known)}")
    return names


def main() -> int:
    """Measure, print the table, and say whether the goals were met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", help=", ".join(ROWS))
    parser.add_argument("--clients", help=", ".join(CLIENTS))
    parser.add_argument("--check", action="store_true", help="end with 1 if a goal is missed")
    parser.add_argument("--profile", choices=("seq", "burst"), help="print where the time goes, and nothing else")
    options = parser.parse_args()
    rows = _names(options.rows, tuple(ROWS), "row")
    clients = _names(options.clients, CLIENTS, "client")
    with running_server() as bench:
        if options.profile:
            return bench.show_profile(clients[0] if options.clients else "ours", options.profile)
        measure_all(bench, options.rounds, rows, clients)
    figures = medians(bench.samples)
    print(table(rows, clients, figures))
    for (row, client), why in bench.failures.items():
        print(f"{row}, {client}: {why}", file=sys.stderr)
    wrong = missed(rows, figures)
    if wrong:
        print("missed: " + ", ".join(wrong), file=sys.stderr)
    return 1 if options.check and (wrong or bench.failures) else 0


if __name__ == "__main__":
    sys.exit(main())
