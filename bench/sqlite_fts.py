#!/usr/bin/env python3
"""Puts texts into an FTS5 table of SQLite and asks it, and prints one JSON object: the peer's figures, to be read beside
those of `mnemo bench` of the same run.

usage: sqlite_fts.py FILE [--singles N] [--questions N] [--dir DIR]

FILE has agent and text of a memory a line, tab-separated (replay_bench --texts). Write-ahead log, synchronous=FULL: a
commit is durable. The stemmer is porter. A question is every other word of a memory, any of which may match, within its
agent, the ten best by bm25.
"""
import argparse
import json
import os
import random
import re
import sqlite3
import statistics
import tempfile
import time

ROWS_PER_BATCH = 200


def opened(directory):
    database = sqlite3.connect(os.path.join(directory, "peer.db"), isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE VIRTUAL TABLE memories USING fts5(agent, text, tokenize='porter unicode61')")
    return database


def insert_in_batches(database, rows, size):
    start = time.perf_counter()
    for at in range(0, len(rows), size):
        database.execute("BEGIN")
        database.executemany("INSERT INTO memories VALUES (?, ?)", rows[at:at + size])
        database.execute("COMMIT")
    return len(rows) / (time.perf_counter() - start)


def ask(database, rows, count):
    chance = random.Random(5)
    took = []
    found = 0
    for _ in range(count):
        agent, text = chance.choice(rows)
        words = re.findall(r"\w+", text)[:16:2]
        match = f'agent:"{agent}" AND text:({" OR ".join(words)})'
        start = time.perf_counter()
        found += len(database.execute("SELECT rowid FROM memories WHERE memories MATCH ? ORDER BY bm25(memories) LIMIT 10",
                                      (match,)).fetchall())
        took.append(1e6 * (time.perf_counter() - start))
    took.sort()
    return {"questions": count, "results": found, "p50_us": round(statistics.median(took)),
            "p99_us": round(took[int(count * 0.99)])}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--singles", type=int, default=5000)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--dir")
    options = parser.parse_args()
    with open(options.file, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 1) for line in file]
    with tempfile.TemporaryDirectory(prefix="sqlite-bench-", dir=options.dir) as directory:
        database = opened(directory)
        batches = insert_in_batches(database, rows, ROWS_PER_BATCH)
        retrieve = ask(database, rows, options.questions)
        singles = insert_in_batches(database, rows[:options.singles], 1)
        database.close()
    print(json.dumps({"peer": "sqlite fts5", "version": sqlite3.sqlite_version, "rows": len(rows),
                      "batches_of_200_per_second": round(batches), "single_per_second": round(singles),
                      "retrieve": retrieve}))


if __name__ == "__main__":
    main()
