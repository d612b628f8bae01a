"""Rounds of kill -9, with appends in flight or while the directory is made or opened: nothing acknowledged is lost,
nothing is there twice, verify agrees."""
import argparse
import collections
import json
import random
import signal
import subprocess
import sys
import threading
import time

from mnemo import MNEMO, VICTIM, TempDir, run, run_json

THREADS = 4


def read_lines(child, lines):
    for line in child.stdout:
        if line.endswith("\n"):
            lines.append(line.split())


def one_round(data, number, chance, early):
    """Starts the victim, kills it, and returns the keys that it started and those it was told are durable. Early: within
    30 ms of its start, so that it is making, opening or replaying."""
    child = subprocess.Popen([VICTIM, str(data), str(number), str(THREADS)], stdout=subprocess.PIPE, text=True)
    lines = []
    reader = threading.Thread(target=read_lines, args=(child, lines))
    reader.start()
    while not early and ["ready"] not in lines[:1]:
        if child.poll() is not None:
            sys.exit(f"round {number}: the victim did not start: exit {child.returncode}")
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.03) if early else chance.uniform(0.01, 0.4))
    child.send_signal(signal.SIGKILL)
    if child.wait() != -signal.SIGKILL:
        sys.exit(f"round {number}: the victim ended by itself: exit {child.returncode}")
    reader.join()
    started = {line[1] for line in lines if line[0] == "start"}
    acked = {line[1] for line in lines if line[0] == "ack"}
    return started, acked


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print("seed", options.seed)
    chance = random.Random(options.seed)
    started, acked, in_flight, quiet = set(), set(), 0, 0
    with TempDir() as d:
        data = d / "data"
        for number in range(options.rounds):
            early = number % 2 == 0
            round_started, round_acked = one_round(data, number, chance, early)
            cut_off = len(round_started - round_acked)
            in_flight += cut_off
            quiet += cut_off == 0 and not early
            started |= round_started
            acked |= round_acked
        out = d / "out.jsonl"
        run("export", "--data", data, "--out", out)
        texts = collections.Counter(json.loads(line)["text"] for line in open(out, encoding="utf-8"))
        lost = [key for key in acked if texts[f"memory {key}"] == 0]
        twice = [text for text, count in texts.items() if count > 1]
        strange = [text for text in texts if text.removeprefix("memory ") not in started]
        good = run_json("verify", "--data", data, code=None)["good"]
        # Whoever was cut off asks again under the same keys: each is there once in the end.
        retry = d / "retry.jsonl"
        with open(retry, "w", encoding="utf-8") as file:
            for key in sorted(started - acked):
                agent = f"agent-{int(key.split('-')[2]) % 3}"
                file.write(json.dumps({"namespace": "kill", "agent_id": agent, "idempotency_key": key, "kind": "note",
                                       "text": f"memory {key}"}) + "\n")
        told = run_json("import", "--data", data, retry)
        run("export", "--data", data, "--out", out)
        after = collections.Counter(json.loads(line)["text"] for line in open(out, encoding="utf-8"))
        whole = set(after) == {f"memory {key}" for key in started} and max(after.values()) == 1
        print(f"{options.rounds} rounds, {len(acked)} acknowledged, {in_flight} in flight when killed, {quiet} rounds meant to have some had none "
              f"in flight; {len(lost)} lost, {len(twice)} twice, {len(strange)} from nowhere; verify "
              f"{'agrees' if good else 'DISAGREES'}; retry: {told['remembered']} new, {told['duplicates']} already there, "
              f"{told['refused']} refused")
        failed = lost or twice or strange or not good or quiet or not whole or told["refused"]
        if failed:
            raise AssertionError(f"lost {lost[:5]} twice {twice[:5]} strange {strange[:5]}")


if __name__ == "__main__":
    main()
