#!/usr/bin/env python3
"""How much of the evidence for LoCoMo's questions `mnemo retrieve` finds among its first ten answers.

usage: bench/locomo_recall.py FILE [--mnemo build/mnemo] [--data DIR] [--replay]

FILE is the data set's own JSON. Every turn becomes a memory of the conversation's agent (`import --format locomo`); the
questions of categories 1 to 4 that name at least one turn as evidence are asked as they stand. Prints one JSON object:
recall@10 in all and by category, and a digest of all answers. With --replay the projection is then deleted, replayed from
the log, and asked again: `replayed_alike` says whether the answers are the same.
"""
import argparse
import collections
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

ANSWERS = 10


def turn_ids(sample):
    conversation = sample["conversation"]
    sessions = (turns for name, turns in conversation.items() if re.fullmatch(r"session_\d+", name))
    return {turn["dia_id"] for turns in sessions for turn in turns}


def questions(samples):
    """(agent, category, question, relevant turns), as many as can be scored."""
    for sample in samples:
        known = turn_ids(sample)
        for qa in sample["qa"]:
            named = {f"D{int(a)}:{int(b)}" for text in qa.get("evidence") or []
                     for a, b in re.findall(r"D:?(\d+):(\d+)", text)}
            if qa["category"] != 5 and named & known:
                yield sample["sample_id"], qa["category"], str(qa["question"]), named & known


def ask(mnemo, data, asked):
    """The answers' turns, a list a question, and a digest over them with their scores."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for agent, _, question, _ in asked:
            file.write(json.dumps({"namespace": "locomo", "agent_id": agent, "query": question, "limit": ANSWERS}) + "\n")
        file.flush()
        done = subprocess.run([mnemo, "retrieve", "--data", data, "--json", "--file", file.name], capture_output=True,
                              text=True, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(asked):
        raise SystemExit(f"{len(answers)} answers to {len(asked)} questions: {done.stderr or done.stdout[:500]}")
    found = [[r["memory"]["metadata"]["dia_id"] for r in answer["results"]] for answer in answers]
    scores = [[r["score"] for r in answer["results"]] for answer in answers]
    return found, hashlib.sha256(json.dumps([found, scores]).encode()).hexdigest()[:32]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--mnemo", default="build/mnemo")
    parser.add_argument("--data", help="a data directory that stays; default: a scratch one")
    parser.add_argument("--replay", action="store_true")
    arguments = parser.parse_args()
    asked = list(questions(json.loads(pathlib.Path(arguments.file).read_text(encoding="utf-8"))))
    scratch = None if arguments.data else tempfile.mkdtemp(prefix="locomo-recall-")
    data = pathlib.Path(arguments.data or scratch)
    try:
        subprocess.run([arguments.mnemo, "import", "--format", "locomo", "--data", data, arguments.file], check=True,
                       capture_output=True)
        found, digest = ask(arguments.mnemo, data, asked)
        recall = collections.defaultdict(list)
        for (_, category, _, relevant), turns in zip(asked, found):
            recall[category].append(len(relevant & set(turns)) / len(relevant))
        every = [value for values in recall.values() for value in values]
        told = {"questions": len(every), "recall_at_10": round(sum(every) / len(every), 4),
                "by_category": {c: round(sum(v) / len(v), 4) for c, v in sorted(recall.items())}, "answers": digest}
        if arguments.replay:
            for state in data.glob("state-*"):
                shutil.rmtree(state)
            told["replayed_alike"] = ask(arguments.mnemo, data, asked)[1] == digest
        print(json.dumps(told))
    finally:
        if scratch:
            shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
