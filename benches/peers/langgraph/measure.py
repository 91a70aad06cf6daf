"""The other side of `scripts/bench engine`: LangGraph with its SQLite checkpointer.

Runs one graph of nodes that do nothing, so many executions, so many at once, and prints one JSON
object. Every execution is a thread of its own, as a user of LangGraph would have it.

What is set here so that both sides promise the same:

- `durability="sync"`: a checkpoint is stored before the next step begins.
- `synchronous=FULL` and WAL (WAL is what the saver sets itself): a commit is on the disk.

What is left out in the peer's favour: the nodes return nothing, so that the state stays empty; the
graph is compiled, the tables are made and a hundred executions are run before the clock starts.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import TypedDict

# Nobody is told of these runs.
os.environ["LANGSMITH_TRACING"] = "false"

import aiosqlite
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

WARM_UP = 100


class Nothing(TypedDict, total=False):
    """LangGraph wants one channel to begin with."""

    begun: bool


class Steps:
    """Nodes that do nothing but note when; one list for all executions."""

    def __init__(self):
        self.moments = []

    def node(self):
        def work(_state):
            self.moments.append(time.perf_counter())

        return work

    def gaps(self):
        """From one step to the next, where they come one after the other: seconds."""
        return [after - before for before, after in zip(self.moments, self.moments[1:])]


def line(steps, width):
    graph = StateGraph(Nothing)
    names = [f"step{n}" for n in range(width)]
    for name in names:
        graph.add_node(name, steps.node())
    for before, after in zip([START, *names], [*names, END]):
        graph.add_edge(before, after)
    return graph


def fan(steps, width):
    graph = StateGraph(Nothing)
    names = [f"step{n}" for n in range(width)]
    for name in ["first", *names, "last"]:
        graph.add_node(name, steps.node())
    graph.add_edge(START, "first")
    for name in names:
        graph.add_edge("first", name)
    graph.add_edge(names, "last")
    graph.add_edge("last", END)
    return graph


GRAPHS = {"line": (line, 5, 5), "fan": (fan, 50, 52)}


def configuration(number):
    return {"configurable": {"thread_id": f"execution-{number}"}}


def threads(graph, options, bytes_stored):
    """One connection and one saver for all threads, as the saver's own documentation has it."""
    connection = sqlite3.connect(options.database, check_same_thread=False)
    connection.execute("PRAGMA synchronous=FULL")
    saver = SqliteSaver(connection)
    saver.setup()
    compiled = graph.compile(checkpointer=saver)

    def run(number):
        compiled.invoke({"begun": True}, configuration(number), durability="sync")

    for number in range(WARM_UP):
        run(-1 - number)
    before = bytes_stored()
    start = time.perf_counter()
    if options.at_once == 1:
        for number in range(options.executions):
            run(number)
    else:
        with ThreadPoolExecutor(options.at_once) as pool:
            for _ in pool.map(run, range(options.executions)):
                pass
    seconds = time.perf_counter() - start
    settings = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous")
    ]
    grown = bytes_stored() - before
    connection.close()
    return seconds, grown, settings


async def tasks(graph, options, bytes_stored):
    """The asynchronous saver, whose statements run in a thread of their own."""
    async with aiosqlite.connect(options.database) as connection:
        await connection.execute("PRAGMA synchronous=FULL")
        saver = AsyncSqliteSaver(connection)
        await saver.setup()
        compiled = graph.compile(checkpointer=saver)

        async def run(number):
            await compiled.ainvoke(
                {"begun": True}, configuration(number), durability="sync"
            )

        for number in range(WARM_UP):
            await run(-1 - number)
        before = bytes_stored()
        waiting = iter(range(options.executions))

        async def worker():
            for number in waiting:
                await run(number)

        start = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(options.at_once)))
        seconds = time.perf_counter() - start
        settings = []
        for name in ("journal_mode", "synchronous"):
            async with connection.execute(f"PRAGMA {name}") as cursor:
                settings.append((await cursor.fetchone())[0])
        grown = bytes_stored() - before
    return seconds, grown, settings


def percentile(values, of_a_hundred):
    ordered = sorted(values)
    return ordered[max(1, -(-len(ordered) * of_a_hundred // 100)) - 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graph", choices=GRAPHS, required=True)
    parser.add_argument("--saver", choices=("threads", "tasks"), required=True)
    parser.add_argument("--executions", type=int, required=True)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--database", required=True, help="a file that is not there yet")
    options = parser.parse_args()
    if os.path.exists(options.database):
        sys.exit(f"{options.database} is there already")

    def bytes_stored():
        """The database once the log that its writes wait in is taken into it; the log keeps its
        length, as it does where a process has been at work for a while."""
        connection = sqlite3.connect(options.database)
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
        connection.close()
        return os.path.getsize(options.database)

    steps = Steps()
    build, width, count = GRAPHS[options.graph]
    graph = build(steps, width)
    if options.saver == "threads":
        seconds, grown, settings = threads(graph, options, bytes_stored)
    else:
        seconds, grown, settings = asyncio.run(tasks(graph, options, bytes_stored))
    if settings != ["wal", 2]:
        sys.exit(f"the database is not as durable as it should be: {settings}")
    done = options.executions + WARM_UP
    if len(steps.moments) != done * count:
        sys.exit(f"{len(steps.moments)} steps were run instead of {done * count}")
    result = {
        "graph": options.graph,
        "saver": options.saver,
        "atOnce": options.at_once,
        "executions": options.executions,
        "executionsPerSecond": options.executions / seconds,
        "bytesPerExecution": grown / options.executions,
        "bytesPerStep": grown / options.executions / count,
        "versions": {
            name: version(name) for name in ("langgraph", "langgraph-checkpoint-sqlite")
        },
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
    }
    if options.graph == "line" and options.at_once == 1:
        # Within one execution; between two of them there is more than one step's worth.
        inside = [gap for n, gap in enumerate(steps.gaps()) if (n + 1) % count]
        result["stepMillisecondsP50"] = percentile(inside, 50) * 1000
        result["stepMillisecondsP95"] = percentile(inside, 95) * 1000
    print(json.dumps(result))


if __name__ == "__main__":
    main()
