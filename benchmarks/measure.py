"""One client in one process: what run.py starts.

    python benchmarks/measure.py calls|fresh|memory|fit|gap|profile CLIENT PORTS [ROWS]      prints one line of JSON

Here: the figures of one client. Not here: rounds, medians, the table (run.py). CPU is `time.process_time()` of this
process, all its threads included, the server's not. Loaded with care: a fresh process pays for all that stands at the
top.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable

from benchmarks.peers import LOOPS, PEERS, Peer

__all__ = ["main"]

_BUDGET_S = 0.6  # wall time for each figure
_LEAST, _AT_ONCE = 30, 64
_PACED_STREAMS, _PACED_RUNS = 2, 5
_STREAMS_WANTED, _STREAMS_BEFORE, _OPENED_AT_ONCE = 1000, 8, 50
_SOCKETS_BESIDE = 100  # what a process needs beside its streams
_TURNS, _WINDOW_TOKENS = 200, 9_000  # about half of what the conversation needs at its end
_CALLERS, _ARRIVE_AT_ONCE, _TICK_S = 1000, 20, 0.001
_SHOWN = 25

Figures = dict[str, float]
cpu_s = time.process_time


def _client(name: str, ports: dict[str, int], mode: str) -> Peer:
    tls = None
    if mode.endswith("_tls"):
        import ssl

        tls = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    scheme = "http" if tls is None else "https"
    return PEERS[name](f"{scheme}://127.0.0.1:{ports[mode]}", tls)


async def _read(client: Peer, expected: int) -> None:
    number = 0
    async for _ in client.deltas():
        number += 1
    if number != expected:
        raise ValueError(f"{number} deltas came, not {expected}")


async def _times(number: int, once: Callable[[], Awaitable[object]]) -> float:
    """CPU seconds of one, over so many."""
    begun = cpu_s()
    for _ in range(number):
        await once()
    return (cpu_s() - begun) / number


async def _how_many(once: Callable[[], Awaitable[object]], warm_up: int) -> int:
    """How often `once` goes into the budget, after a warm-up."""
    begun = time.perf_counter()
    for _ in range(warm_up):
        await once()
    each_s = (time.perf_counter() - begun) / warm_up
    begun = time.perf_counter()
    for _ in range(max(3, warm_up // 2)):
        await once()
    each_s = min(each_s, (time.perf_counter() - begun) / max(3, warm_up // 2))
    return max(3, int(_BUDGET_S / each_s))


# --- calls ------------------------------------------------------------------------------------------------------------


async def calls(name: str, ports: dict[str, int], rows: list[str]) -> Figures:
    """µs of CPU: a request, one at a time and 64 at once; a delta, in a burst and one packet each."""
    figures: Figures = {}
    client = _client(name, ports, "burst")
    number = max(_LEAST, await _how_many(client.complete, _LEAST))
    if "seq" in rows:
        figures["seq"] = 1e6 * await _times(number, client.complete)
    if "c64" in rows:
        await _at_once(client, 2 * _AT_ONCE)
        figures["c64"] = 1e6 * await _at_once(client, max(2 * _AT_ONCE, number))
    if "burst" in rows or "paced" in rows:
        single_s = await _single(name, ports)
        if "burst" in rows:
            number = await _how_many(lambda: _read(client, 500), 2)
            burst_s = await _times(number, lambda: _read(client, 500))
            figures["burst"] = 1e6 * (burst_s - single_s) / 499
        if "paced" in rows:
            figures["paced"] = 1e6 * await _paced(name, ports, single_s)
    await client.aclose()
    return figures


async def _at_once(client: Peer, total: int) -> float:
    left = total

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await client.complete()

    begun = cpu_s()
    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return (cpu_s() - begun) / total


async def _single(name: str, ports: dict[str, int]) -> float:
    """CPU of a stream with one delta: all that is not a delta."""
    client = _client(name, ports, "single")
    number = min(200, max(20, await _how_many(lambda: _read(client, 1), 5) // 2))
    single_s = await _times(number, lambda: _read(client, 1))
    await client.aclose()
    return single_s


async def _paced(name: str, ports: dict[str, int], single_s: float) -> float:
    """CPU of a delta, two streams at once; the median of five runs, as one that is held up reads several at once."""
    client = _client(name, ports, "paced")
    figures = []
    for _ in range(_PACED_RUNS):
        begun = cpu_s()
        await asyncio.gather(*(_read(client, 500) for _ in range(_PACED_STREAMS)))
        figures.append((cpu_s() - begun - _PACED_STREAMS * single_s) / (500 * _PACED_STREAMS))
    await client.aclose()
    return sorted(figures)[_PACED_RUNS // 2]


# --- the rest ---------------------------------------------------------------------------------------------------------


async def fresh(name: str, ports: dict[str, int]) -> Figures:
    """Milliseconds of CPU from the start of the process to the first piece of text."""
    client = _client(name, ports, "single")
    async for _ in client.deltas():
        break
    return {"fresh": 1e3 * cpu_s()}


async def memory(name: str, ports: dict[str, int]) -> Figures:
    """KiB of resident memory that an open stream over TLS takes."""
    import gc
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    wanted = _STREAMS_WANTED if most < 0 else min(_STREAMS_WANTED, most - _SOCKETS_BESIDE)
    client = _client(name, ports, "held_tls")
    held: list[object] = []

    async def hold() -> None:
        deltas = client.deltas()
        for _ in range(_STREAMS_BEFORE):
            await anext(deltas)
        held.append(deltas)

    await asyncio.gather(*(hold() for _ in range(_STREAMS_BEFORE)))
    gc.collect()
    before, already = _resident_kib(), len(held)
    while len(held) < wanted:
        await asyncio.gather(*(hold() for _ in range(_OPENED_AT_ONCE)))
    gc.collect()
    number = len(held) - already
    return {"memory": (_resident_kib() - before) / number, "streams": number}


def _resident_kib() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


async def fit(name: str, _: dict[str, int]) -> Figures:
    """Milliseconds of CPU to count and fit a growing conversation at each of its 200 turns, all turns together."""
    from benchmarks.work import conversation

    turns = conversation(_TURNS)
    run = _floor_fit if name == "floor" else _our_fit
    run(turns)
    figures = [run(turns) for _ in range(3)]
    return {"fit": 1e3 * sorted(figures)[1]}


def _our_fit(turns: list[tuple[str, str]]) -> float:
    """What a call does with `context=` set, with a counter that has seen nothing yet; the count is in the result."""
    from bedrock_llm import Message, ModelConfig, Request
    from bedrock_llm.context import fit
    from bedrock_llm.tokens.counter import TokenCounter

    config = ModelConfig(provider="bedrock", model="m", context_window=_WINDOW_TOKENS, max_output_tokens=1000)
    counter = TokenCounter()
    messages = [getattr(Message, role)(text) for role, text in turns]
    requests = [Request.of(messages[: number + 1]) for number in range(len(messages))]
    begun = cpu_s()
    for request in requests:
        fit(request, config, "drop_oldest", counter)
    return cpu_s() - begun


def _floor_fit(turns: list[tuple[str, str]]) -> float:
    """Each message looked at once, in one regular expression; a running sum, and a list cut from its front."""
    import re

    words = re.compile(r"\w+|[^\w\s]")
    kept: list[int] = []
    total = 0
    begun = cpu_s()
    for _, text in turns:
        kept.append(len(words.findall(text)))
        total += kept[-1]
        while total > _WINDOW_TOKENS * 3 / 4:
            total -= kept.pop(0)
    return cpu_s() - begun


async def gap(_: str, __: dict[str, int]) -> Figures:
    """Milliseconds of wall time: the longest that the loop kept a ticker waiting beyond its time.

    Meanwhile 1,000 callers come and wait for keys: first for botocore to be imported and a slow token service to be
    asked, then for a refresh, as the keys are in their last minute. Each time the service is asked once. Full garbage
    collections are left out: in a process of this size one takes 20 ms, whoever happens to set it off.
    """
    import gc
    import tempfile

    from bedrock_llm.providers.bedrock import BedrockProvider

    server = await asyncio.create_subprocess_exec(
        sys.executable, "benchmarks/token_service.py", stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None  # asked for above
    port = int(await server.stdout.readline())
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
        file.write(
            "[profile role]\nrole_arn=arn:aws:iam::123456789012:role/reader\nsource_profile=base\nregion=us-east-1\n"
            "[profile base]\naws_access_key_id=AKIDBASE\naws_secret_access_key=a-made-up-key\n"
        )
        file.flush()
        os.environ |= {"AWS_CONFIG_FILE": file.name, "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{port}"}
        provider = BedrockProvider(profile="role")
        gc.disable()
        ticker = asyncio.create_task(_longest_wait())
        for expected in ("AKID1", "AKID2"):
            callers = []
            for _ in range(_CALLERS // _ARRIVE_AT_ONCE):
                callers += [asyncio.create_task(provider.credentials()) for _ in range(_ARRIVE_AT_ONCE)]
                await asyncio.sleep(_TICK_S)
            if {keys.access_key_id for keys in await asyncio.gather(*callers)} != {expected}:
                raise ValueError("the token service was asked more than once")
    server.kill()
    ticker.cancel()
    await asyncio.wait([ticker])
    return {"gap": 1e3 * ticker.result()}


async def _longest_wait() -> float:
    """How long, beyond its time, a short sleep took at most; until it is cancelled."""
    longest_s, last = 0.0, time.perf_counter()
    try:
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.perf_counter()
            longest_s, last = max(longest_s, now - last - _TICK_S), now
    except asyncio.CancelledError:
        return longest_s


async def profile(name: str, ports: dict[str, int], row: str) -> None:
    """Print where the time goes, function by function and package by package."""
    import cProfile
    import pstats

    client = _client(name, ports, "burst")
    once = client.complete if row == "seq" else lambda: _read(client, 500)
    number = 3 * await _how_many(once, _LEAST if row == "seq" else 5)
    profiler = cProfile.Profile()
    profiler.enable()
    await _times(number, once)
    profiler.disable()
    await client.aclose()
    what, each = ("requests", number) if row == "seq" else ("deltas", number * 500)
    entries = pstats.Stats(profiler).stats  # type: ignore[attr-defined]  # typeshed leaves it out
    print(
        f"{each} {what} of {name}; µs for each. The profiler slows small functions most: read the order, not the sums."
    )
    print("\n| package | own |\n|---|---|")
    for package, seconds in _by_package(entries):
        print(f"| {package} | {1e6 * seconds / each:.2f} |")
    print("\n| calls | own | with what it calls | function |\n|---|---|---|---|")
    for where, (_, number, own_s, all_s, _) in sorted(entries.items(), key=lambda entry: -entry[1][2])[:_SHOWN]:
        times = f"{number / each:.2f} | {1e6 * own_s / each:.2f} | {1e6 * all_s / each:.2f}"
        print(f"| {times} | {_place(where)} |")


def _place(where: tuple[str, int, str]) -> str:
    """A function's file, from its package on, its line and name."""
    path, line, function = where
    if path == "~":
        return function
    for mark in ("/site-packages/", "/bedrock_llm/", "/benchmarks/"):
        _, found, after = path.rpartition(mark)
        if found:
            return f"{after if mark == '/site-packages/' else mark[1:] + after}:{line} {function}"
    return f"{'/'.join(path.split('/')[-2:])}:{line} {function}"


def _by_package(entries: dict[tuple[str, int, str], tuple[int, int, float, float, object]]) -> list[tuple[str, float]]:
    sums: dict[str, float] = {}
    for where, (_, _, own_s, _, _) in entries.items():
        path, first = where[0], _place(where).partition("/")[0]
        known = "/site-packages/" in path or first in ("bedrock_llm", "benchmarks")
        package = "built in" if path == "~" else first if known else "standard library"
        sums[package] = sums.get(package, 0.0) + own_s
    return sorted(sums.items(), key=lambda item: -item[1])


def main() -> None:
    """Measure what the arguments say."""
    what, name, ports = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    if what in ("calls", "profile"):
        rows = sys.argv[4].split(",")
        task = calls(name, ports, rows) if what == "calls" else profile(name, ports, rows[0])
    else:
        task = {"fresh": fresh, "memory": memory, "fit": fit, "gap": gap}[what](name, ports)
    factory = None
    if name in LOOPS:
        factory = __import__(LOOPS[name]).new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        figures = runner.run(task)
        if figures is not None:
            print(json.dumps(figures))
        sys.stdout.flush()
        os._exit(0)  # nothing after this is measured, and open streams need not be closed one by one


if __name__ == "__main__":
    main()
