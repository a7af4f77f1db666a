"""How fast the history is, printed. Run as: python -m tests.bench.bench_history [MESSAGES]

Goals: storing 50,000 events a second or more off the caller's thread; search newest first p99 5 ms or less with 100,000
messages; saving one answer of 1 MB costs no more than 1.5 times ten of 100 KB.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from desktop.core.events import AnyEvent, RunEnded, Step, TextDelta
from desktop.core.requests import Prompt
from desktop.services.clock import now
from desktop.services.history import History
from desktop.services.history import search as history_search
from desktop.services.history.library import Library, Wanted
from desktop.services.history.schema import open_store
from desktop.services.history.store import Store
from desktop.services.history.writer import Writer
from desktop.services.paths import Paths

_DONE = RunEnded(status="completed")


def vocabulary(rng: random.Random) -> list[str]:
    """Fifty thousand words, the frequent ones first; as in every language, those are the short ones."""
    made = {"".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 10))) for _ in range(50_000)}
    return sorted(made, key=lambda word: (len(word), word))


def words(rng: random.Random, vocabulary: list[str], count: int) -> str:
    """Text whose words are as frequent as in speech: the second half as often as the first, and so on (Zipf)."""
    return " ".join(vocabulary[int(len(vocabulary) ** rng.random()) - 1] for _ in range(count))


def fill(path: Path, messages: int) -> float:
    """Store `messages` messages through the writer's own code. Returns seconds."""
    rng = random.Random(1)
    known = vocabulary(rng)
    writer = Writer(path, print)
    began = time.perf_counter()
    for first in range(0, messages // 2, 500):
        ops = []
        for n in range(first, min(first + 500, messages // 2)):
            key, number, at = f"s{n // 50}", n % 50, 1e9 + n
            question, answer = words(rng, known, 20), words(rng, known, 180)
            ops.append(_turn(key, number, at, question, answer))
        writer.write(ops)
    writer.close()
    return time.perf_counter() - began


def _turn(key: str, number: int, at: float, question: str, answer: str):  # type: ignore[no-untyped-def]
    from desktop.services.history.fold import Row

    def op(store: Store) -> None:
        store.begin_run(key, number, Prompt(question), at)
        store.add_rows(key, number, [Row(0, at, at, TextDelta(text=answer)), Row(1, at, at, _DONE)])

    return op


def search(path: Path) -> None:
    """Print the times of many different queries."""
    db = open_store(path).db
    rng = random.Random(2)
    known = vocabulary(random.Random(1))
    common = known[:40]
    kinds = {
        "a rare word": rng.sample(known[1000:], 300),
        "a common word": [rng.choice(common) for _ in range(100)],
        "two common words": [f"{rng.choice(common)} {rng.choice(common)} " for _ in range(100)],
        "two letters": ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=2)) for _ in range(100)],
        "one letter": list("abcdefghijklmnopqrstuvwxyz"),
        "nothing found": [f"{rng.choice(common)} qqqqqqqq" for _ in range(50)],
    }
    every: list[float] = []
    for name, queries in kinds.items():
        times = []
        for query in queries:
            began = time.perf_counter()
            history_search.search(db, query, 50)
            times.append((time.perf_counter() - began) * 1000)
        every += times
        print(
            f"  {name:18} p50 {quantile(times, 0.5):6.2f}  p99 {quantile(times, 0.99):6.2f}  max {max(times):6.2f} ms"
        )
    print(f"  {'all':18} p50 {quantile(every, 0.5):6.2f}  p99 {quantile(every, 0.99):6.2f} ms")
    db.close()


async def typing(folder: Path) -> None:
    """Print the times of the whole way, from each letter that is typed to the list that is shown."""
    history = History(Paths(folder))
    library = Library(history)
    with sqlite3.connect(Paths(folder).history_file) as db:
        said = [row[0].split()[:3] for row in db.execute("SELECT text FROM docs WHERE id % 400 = 0 LIMIT 60")]
    waited, worked = [], []
    for words in said:
        text = " ".join(words)
        for end in range(1, len(text) + 1):
            began, busy = time.perf_counter(), time.process_time()
            await library.entries(Wanted(text[:end]))
            waited.append((time.perf_counter() - began) * 1000)
            worked.append((time.process_time() - busy) * 1000)
    for name, times in (("waited", waited), ("processor", worked)):
        print(f"  letter by letter, {name:9} p50 {quantile(times, 0.5):6.2f}  p99 {quantile(times, 0.99):6.2f} ms")
    await history.close()


def quantile(times: list[float], q: float) -> float:
    """The value below which a share `q` of the times lies."""
    return sorted(times)[min(int(q * len(times)), len(times) - 1)]


async def storing(name: str, events: list[AnyEvent], folder: Path) -> None:
    """Print what recording costs the caller and the thread."""
    history = History(Paths(folder))
    await history.flush()
    history.begin_run("k", 0, Prompt("go"), now())
    began = time.perf_counter()
    for seq, event in enumerate(events):
        history.record("k", 0, seq, 1e9, event)
    caller = time.perf_counter() - began
    await history.flush()
    total = time.perf_counter() - began
    each = caller / len(events) * 1e6
    print(f"  {name:18} {len(events) / total:9.0f} events/s in all, {each:.1f} µs each for the caller")
    await history.close()


async def answer(folder: Path, size: int, times: int) -> float:
    """Seconds to save `times` answers of `size` characters that come in 64 batches each."""
    history = History(Paths(folder))
    await history.flush()
    piece = "x" * (size // 64)
    began = time.perf_counter()
    for run in range(times):
        history.begin_run("k", run, Prompt("go"), now())
        for seq in range(64):
            history.record("k", run, seq, 1e9, TextDelta(text=piece))
            await history.flush()
        history.record("k", run, 64, 1e9, _DONE)
        await history.flush()
    took = time.perf_counter() - began
    await history.close()
    return took


async def load(folder: Path, key: str) -> None:
    """Print what opening a conversation costs."""
    history = History(Paths(folder))
    await history.open_keys()
    began = time.perf_counter()
    held = await history.load(key)
    print(f"  {len(held.items)} items in {(time.perf_counter() - began) * 1000:.0f} ms")
    await history.close()


def main() -> None:
    """Everything, in a folder that is removed afterwards."""
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("storing")
        pieces: list[AnyEvent] = [TextDelta(text="word ") for _ in range(100_000)]
        steps: list[AnyEvent] = [Step(step=str(n), label="Step") for n in range(50_000)]
        asyncio.run(storing("text", pieces, folder / "text"))
        asyncio.run(storing("steps", steps, folder / "steps"))
        whole, tenths = (asyncio.run(answer(folder / str(s), s, t)) for s, t in ((1_000_000, 1), (100_000, 10)))
        print(f"  one answer of 1 MB {whole:.3f} s, ten of 100 KB {tenths:.3f} s: {whole / tenths:.2f} times")
        many = folder / "many"
        print(f"{messages} messages")
        took = fill(Paths(many).history_file, messages)
        size = Paths(many).history_file.stat().st_size / 1e6
        with sqlite3.connect(Paths(many).history_file) as db:
            text = db.execute("SELECT sum(length(text)) FROM docs").fetchone()[0] / 1e6
        print(f"  stored in {took:.1f} s, {text:.0f} MB of text in a file of {size:.0f} MB")
        asyncio.run(load(many, "s0"))
        print("search, the newest 50")
        search(Paths(many).history_file)
        asyncio.run(typing(many))
        print("one conversation of 10,000 messages")
        long = folder / "long"
        writer = Writer(Paths(long).history_file, print)
        writer.write([_turn("k", n, 1e9 + n, f"question {n}", "answer " * 100) for n in range(5000)])
        writer.close()
        asyncio.run(load(long, "k"))


if __name__ == "__main__":
    main()
