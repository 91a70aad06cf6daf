"""Finds passages by words as Python programs do it: with rank_bm25, and with FTS5 of Python's sqlite3.

Reads {"passages": [...], "queries": [...], "limit": n} from standard input and prints the
milliseconds of each query, per peer.
"""

import json
import sqlite3
import sys
import time

import numpy
from rank_bm25 import BM25Okapi


def timed(queries, find):
    took = []
    for query in queries:
        begun = time.perf_counter()
        find(query)
        took.append((time.perf_counter() - begun) * 1000)
    return took


def rank_bm25(passages, queries, limit):
    index = BM25Okapi([passage.lower().split() for passage in passages])

    def find(query):
        scores = index.get_scores(query.lower().split())
        best = numpy.argpartition(scores, -limit)[-limit:]
        return best[numpy.argsort(scores[best])[::-1]]

    return timed(queries, find)


def fts5(passages, queries, limit):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE passage USING fts5(text, tokenize='unicode61')")
    connection.executemany("INSERT INTO passage VALUES (?)", [(passage,) for passage in passages])

    def find(query):
        words = " OR ".join(f'"{word}"' for word in query.split())
        return connection.execute(
            "SELECT rowid FROM passage WHERE passage MATCH ? ORDER BY rank LIMIT ?", (words, limit)
        ).fetchall()

    return timed(queries, find)


asked = json.load(sys.stdin)
given = asked["passages"], asked["queries"], asked["limit"]
json.dump({"rank_bm25": rank_bm25(*given), "fts5": fts5(*given)}, sys.stdout)
