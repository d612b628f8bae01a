"""A server that is sent nothing but requests that are none keeps no more memory for many of them than for few."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from served import Served  # noqa: E402

OPTIONS = argparse.ArgumentParser()
OPTIONS.add_argument("--requests", type=int, default=200_000)
OPTIONS.add_argument("--rounds", type=int, default=8)
# Before any counts: threads and the allocator's caches come to their size, which takes a while more.
OPTIONS.add_argument("--warm-up", type=int, default=40_000)
# From the second third of the rounds to the last.
GROWTH_MIB_MAX = 8


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


class MemoryGrowth(unittest.TestCase):
    def send(self, server, count):
        done = subprocess.run(
            [os.environ["MNEMO_BAD_REQUESTS"], server.url.rsplit(":", 1)[1], server.grpc.rsplit(":", 1)[1], str(count)],
            check=True, capture_output=True, text=True, timeout=1500)
        return json.loads(done.stdout)

    def test_bad_requests_leave_nothing_behind(self):
        with tempfile.TemporaryDirectory() as folder, \
                Served(pathlib.Path(folder) / "data", "--log-level", "error") as server:
            server.ready()
            answers = self.send(server, ARGUMENTS.warm_up)
            sizes = [resident_mib(server.process.pid)]
            for _ in range(ARGUMENTS.rounds):
                for status, times in self.send(server, ARGUMENTS.requests // ARGUMENTS.rounds).items():
                    answers[status] = answers.get(status, 0) + times
                sizes.append(resident_mib(server.process.pid))
            print("answers:", json.dumps(answers, sort_keys=True))
            print("resident MiB:", " ".join(f"{size:.1f}" for size in sizes), flush=True)
            self.assertFalse([status for status in answers if status in ("grpc 0", "grpc 13", "grpc 14")
                              or status.startswith("2") or status.startswith("5")])
            self.assertLess(answers.get("closed", 0), sum(answers.values()) // 20)
            third = len(sizes) // 3
            self.assertLess(statistics.median(sizes[-third:]) - statistics.median(sizes[-2 * third:-third]),
                            GROWTH_MIB_MAX)


if __name__ == "__main__":
    ARGUMENTS, REST = OPTIONS.parse_known_args()
    unittest.main(argv=sys.argv[:1] + REST, verbosity=2)
