"""mnemo bench on a real server: what it says was written is there, once; and what it refuses."""
import json
import os
import signal
import socket
import subprocess
import unittest
import urllib.request

from mnemo import MNEMO, TempDir, error, run, run_json


class Server:
    """`mnemo serve` on free ports, until the end of the block."""

    def __init__(self, data):
        self.data = data

    def __enter__(self):
        self.process = subprocess.Popen(
            [MNEMO, "serve", "--data", self.data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        told = json.loads(self.process.stdout.readline())
        self.http, self.grpc = told["http"], told["grpc"]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.process.stdout.close()

    def memories(self):
        with urllib.request.urlopen(self.http + "/v1/status", timeout=60) as answer:
            status = json.load(answer)
        return sum(int(each["memories"]) for each in status["partitions"])


def operation(phase, name):
    return next(each for each in phase["operations"] if each["operation"] == name)


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = TempDir()
        cls.server = Server(cls.temp.__enter__() / "data").__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.temp.__exit__(None)

    def bench(self, *args, door="http", code=0):
        at = ("--grpc", self.server.grpc) if door == "grpc" else ("--server", self.server.http)
        return run_json("bench", *args, *at, "--seconds", 1, "--agents", 20, code=code)

    def test_every_acknowledged_memory_is_there_once(self):
        for door in ("http", "grpc"):
            for batch, name in ((1, "remember"), (30, "remember_batch")):
                with self.subTest(door=door, batch=batch):
                    before = self.server.memories()
                    report = self.bench("ingest", "--clients", 8, "--batch", batch, "--zipf", "1.1", door=door)
                    phase, = report["phases"]
                    ingest = operation(phase, name)
                    self.assertEqual(self.server.memories() - before, ingest["acknowledged"])
                    self.assertEqual(ingest["acknowledged"], ingest["requests"] * batch)
                    self.assertGreater(ingest["acknowledged"], 0)
                    self.assertEqual((ingest["errors"], ingest["duplicates"]), ({}, 0))
                    self.assertEqual(len(phase["operations"]), 1)
                    quantiles = [ingest["latency_us"][q] for q in ("p50", "p90", "p99", "p99_9", "max")]
                    self.assertEqual(quantiles, sorted(quantiles))
                    self.assertGreater(quantiles[0], 0)

    def test_phases_follow_each_other_and_questions_find_what_was_written(self):
        for door in ("http", "grpc"):
            before = self.server.memories()
            report = self.bench("--clients", 4, "--no-cache", "--reads", 30, door=door)
            ingest, retrieve, mixed = report["phases"]
            self.assertEqual([ingest["phase"], retrieve["phase"], mixed["phase"]], ["ingest", "retrieve", "mixed"])
            asked = operation(retrieve, "retrieve")
            self.assertGreater(asked["requests"], 0)
            self.assertGreater(asked["results"], 0)
            self.assertEqual(asked["cached"], 0)
            written, read = operation(mixed, "remember"), operation(mixed, "retrieve")
            self.assertAlmostEqual(read["requests"] / (read["requests"] + written["requests"]), 0.3, delta=0.1)
            self.assertEqual(self.server.memories() - before,
                             operation(ingest, "remember")["acknowledged"] + written["acknowledged"])

    def test_an_open_loop_starts_as_many_as_are_due(self):
        for door in ("http", "grpc"):
            phase, = self.bench("ingest", "--rate", 40, "--clients", 32, door=door, code=None)["phases"]
            self.assertEqual(operation(phase, "remember")["requests"] + phase["missed_starts"], 40)

    def test_it_ends_when_so_many_memories_were_sent(self):
        before = self.server.memories()
        run("bench", "ingest", "--server", self.server.http, "--memories", 250, "--batch", 100, "--seconds", 600)
        self.assertEqual(self.server.memories() - before, 200)

    def test_a_person_reads_a_table(self):
        text = run("bench", "ingest", "--server", self.server.http, "--seconds", 1, "--clients", 2)
        lines = text.splitlines()
        self.assertIn("ingest: closed loop, 2 clients", lines[0])
        for word in ("requests/s", "p99.9", "max"):
            self.assertIn(word, lines[1])
        self.assertTrue(lines[2].startswith("  remember "), lines)

    def test_interrupted_it_tells_what_it_has(self):
        before = self.server.memories()
        process = subprocess.Popen([MNEMO, "bench", "--server", self.server.http, "--seconds", "600", "--json"],
                                   stdout=subprocess.PIPE, text=True)
        while self.server.memories() == before:
            pass
        process.send_signal(signal.SIGINT)
        report = json.loads(process.communicate(timeout=60)[0])
        self.assertEqual(process.returncode, 0)
        phase, = report["phases"]
        self.assertTrue(phase["interrupted"])
        self.assertEqual(self.server.memories() - before, operation(phase, "remember")["acknowledged"])

    def test_questions_that_find_nothing_are_a_negative_finding(self):
        report = self.bench("retrieve", "--namespace", "nobody", code=1)
        asked = operation(report["phases"][0], "retrieve")
        self.assertEqual((asked["results"], asked["empty"]), (0, asked["requests"]))


class Refusals(unittest.TestCase):
    def test_options_that_make_no_sense_are_refused_by_name(self):
        for words, args in ((("no phase", "ingest, retrieve and mixed"), ["burn"]),
                            (("--clients", "from 1 to"), ["ingest", "--clients", "0"]),
                            (("--batch", "from 1 to"), ["ingest", "--batch", "1001"]),
                            (("--zipf", "from 0 to 5"), ["ingest", "--zipf", "nan"]),
                            (("--zipf", "from 0 to 5"), ["ingest", "--zipf", "-1"]),
                            (("--rate",), ["ingest", "--rate", "many"]),
                            (("--server", "http://HOST:PORT"), ["ingest", "--server", "127.0.0.1:7070"]),
                            (("--grpc", "HOST:PORT"), ["ingest", "--grpc", "7071"]),
                            (("--grpc and --server",), ["--grpc", "h:1", "--server", "http://h:1"])):
            told = error("bench", *args)
            self.assertEqual(told["code"], "INVALID_ARGUMENT", (args, told))
            for word in words:
                self.assertIn(word, told["message"], args)

    def test_a_server_that_is_not_there_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and does not listen
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for option, value in (("--server", "http://" + address), ("--grpc", address)):
                told = error("bench", "ingest", option, value)
                self.assertEqual(told["code"], "UNAVAILABLE", told)
                self.assertIn("mnemo serve", told["message"])


if __name__ == "__main__":
    os.environ.pop("MNEMO_SERVER", None)
    unittest.main()
