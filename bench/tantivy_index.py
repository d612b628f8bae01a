#!/usr/bin/env python3
"""Indexes the texts that replay_bench --texts wrote with Tantivy, in bulk with two threads and one commit, and prints one
JSON object: the peer's rate, to be read beside replay_bench's of the same run.

usage: tantivy_index.py FILE      (needs the package tantivy: pip install tantivy==0.27.0)
"""
import json
import shutil
import sys
import tempfile
import time

import tantivy


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 1) for line in file]
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("agent", stored=True, tokenizer_name="raw")
    schema.add_text_field("text", stored=True, tokenizer_name="en_stem")
    directory = tempfile.mkdtemp(prefix="tantivy-bench-")
    try:
        index = tantivy.Index(schema.build(), path=directory)
        writer = index.writer(heap_size=256 << 20, num_threads=2)
        start = time.perf_counter()
        for agent, text in rows:
            writer.add_document(tantivy.Document(agent=agent, text=text))
        writer.commit()
        committed = time.perf_counter() - start
        writer.wait_merging_threads()
        merged = time.perf_counter() - start
        print(json.dumps({"peer": "tantivy", "documents": len(rows), "committed_per_s": round(len(rows) / committed),
                          "merged_per_s": round(len(rows) / merged)}))
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
