#!/usr/bin/env python3
"""Clients write and retry while their server is killed with SIGKILL at random moments and started again. Every memory
that was acknowledged is there once. Prints how long the slowest start took to be ready.

    server_kill_test.py [--rounds N] [--clients N] [--seed N]
"""
import argparse
import atexit
import random
import socket
import tempfile
import threading
import time

import mnemo

from served import Served

class Writer(threading.Thread):
    """One agent, written to until it is told to stop; keys of its own, so that what was in flight can be asked again."""

    def __init__(self, url, number):
        super().__init__(daemon=True)
        self.agent = f"agent-{number}"
        self.acknowledged = {}  # key: id of the memory
        self.broken = None
        self.stop = threading.Event()
        self._url = url

    def run(self):
        retry = mnemo.RetryPolicy(attempts=10_000, longest_pause=0.2)
        with mnemo.Client(self._url, agent_id=self.agent, timeout=120, retry=retry) as memory:
            number = 0
            while not self.stop.is_set():
                number += 1
                try:
                    self._write(memory, f"key-{number}", f"{self.agent} noted thing number {number}.")
                except Exception as error:  # told by the main thread
                    self.broken = error
                    return

    def _write(self, memory, key, text):
        written = memory.remember(text, key=key)
        assert written.memory_id, f"acknowledged without an id: {written}"
        self.acknowledged[key] = written.memory_id
        newest = memory.list(limit=1).memories
        assert newest and newest[0].id == written.memory_id, "a client did not read what it wrote"


def check(url, writers):
    """What is there, against what was acknowledged."""
    total = 0
    for writer in writers:
        with mnemo.Client(url, agent_id=writer.agent) as memory:
            ids, cursor = [], None
            while cursor != "":
                page = memory.list(limit=1000, cursor=cursor)
                ids += [m.id for m in page]
                cursor = page.next_cursor
        lost = set(writer.acknowledged.values()) - set(ids)
        assert not lost, f"{writer.agent}: {len(lost)} acknowledged memories are lost"
        assert len(ids) == len(set(ids)), f"{writer.agent}: a memory is there twice"
        assert len(set(ids)) <= len(writer.acknowledged) + 1, f"{writer.agent}: memories that nobody sent"
        total += len(writer.acknowledged)
    return total


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    draw = random.Random(arguments.seed)
    slowest = 0.0
    with tempfile.TemporaryDirectory() as directory:
        server = Served(directory + "/data", "--log-level", "error", http=f"127.0.0.1:{free_port()}").start()
        atexit.register(server.process_kill)
        writers = [Writer(server.url, number) for number in range(arguments.clients)]
        for writer in writers:
            writer.start()
        for _ in range(arguments.rounds):
            time.sleep(draw.uniform(0.05, 0.6))
            server.kill()
            began = time.monotonic()
            server.start().ready()
            slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.2)
        for writer in writers:
            writer.stop.set()
        for writer in writers:
            writer.join()
            assert writer.broken is None, f"{writer.agent}: {writer.broken}"
        total = check(server.url, writers)
        assert server.stop() == 0
    print(f"{arguments.rounds} kills, {arguments.clients} clients: {total} acknowledged, 0 lost, 0 twice; "
          f"slowest start to ready {slowest:.2f} s")
    assert total > arguments.clients, "hardly anything was written"


if __name__ == "__main__":
    main()
