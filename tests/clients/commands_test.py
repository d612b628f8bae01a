#!/usr/bin/env python3
"""The command line against a real server."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from served import BINARY, Served

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "examples/sample/two-weeks.jsonl"


class CommandsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.data = cls.directory.name + "/data"
        cls.server = Served(cls.data).start()
        cls.server.ready()

    @classmethod
    def tearDownClass(cls):
        if cls.server.process.poll() is None:
            cls.server.stop()
        cls.directory.cleanup()

    def run_mnemo(self, *arguments, code=0, **environment):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MNEMO_")}
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                              env={**kept, **environment})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def ask(self, *arguments, code=0):
        return json.loads(self.run_mnemo(*arguments, "--server", self.server.url, "--json", code=code))

    def test_what_one_command_writes_another_reads(self):
        agent = ("--agent", "iris")
        self.ask("remember", "The nurse is called Runa.", *agent, "--id", "nurse", "--tag", "school")
        self.ask("remember", "The school opens at eight.", *agent, "--id", "school")
        found = self.ask("retrieve", "Who is the nurse?", *agent)
        self.assertEqual(found["results"][0]["memory"]["id"], "nurse")
        self.assertEqual(self.ask("explain", "nurse", *agent)["explain"]["query_terms"], ["nurs"])
        self.ask("update", "nurse", "The nurse is called Runa, room 12.", *agent, "--expected-version", "1")
        self.assertEqual(self.ask("get", "nurse", *agent)["version"], 2)
        self.assertEqual(len(self.ask("history", "nurse", *agent)["versions"]), 2)
        self.ask("link", "nurse", "about", "school", *agent)
        self.ask("unlink", "nurse", "about", "school", *agent)
        self.assertEqual([m["id"] for m in self.ask("list", *agent, "--tag", "school")["memories"]], ["nurse"])
        self.assertEqual(self.ask("forget", "--filter", '{"tag": "school"}', "--dry-run", *agent)["count"], 1)
        self.assertEqual(self.ask("forget", "--filter", '{"tag": "school"}', *agent)["count"], 1)
        self.ask("forget", "school", *agent)
        self.assertEqual(self.ask("get", "school", *agent, code=2)["error"]["code"], "NOT_FOUND")

    def test_the_same_command_with_an_id_may_be_given_again(self):
        for duplicate in (False, True):
            told = self.ask("remember", "once", "--agent", "again", "--id", "one")
            self.assertEqual(told["duplicate"], duplicate)

    def test_an_option_beats_the_environment(self):
        for environment in ({"MNEMO_DATA": "/nonexistent"}, {"MNEMO_SERVER": "http://127.0.0.1:1"}):
            self.run_mnemo("list", "--agent", "iris", "--server", self.server.url, **environment)
        told = self.run_mnemo("list", "--agent", "iris", code=2, MNEMO_DATA="/x", MNEMO_SERVER="http://127.0.0.1:1")
        self.assertIn("exclude each other", told)

    def test_a_command_for_directories_does_not_look_elsewhere_in_silence(self):
        told = self.run_mnemo("export", code=2, MNEMO_SERVER=self.server.url)
        self.assertIn("--data DIR", told)

    def test_no_server_is_told_with_ways_out(self):
        told = self.run_mnemo("list", "--agent", "iris", "--server", "http://127.0.0.1:1/", code=2)
        self.assertIn("mnemo serve", told)
        self.assertIn("--data", told)

    def test_z_an_export_can_be_imported_where_it_comes_from(self):
        sample = self.ask("import", SAMPLE)
        self.assertEqual((sample["remembered"], sample["refused"]), (320, 0))
        self.assertEqual(self.ask("import", SAMPLE)["duplicates"], 320)
        cls = type(self)
        self.assertEqual(cls.server.stop(), 0)
        lines = self.run_mnemo("export", "--data", self.data, "--namespace", "sample")
        exported = pathlib.Path(self.directory.name) / "exported.jsonl"
        exported.write_text(lines)
        cls.server.start().ready()
        again = self.ask("import", exported)
        self.assertEqual((again["remembered"], again["duplicates"], again["refused"]), (0, 320, 0))


if __name__ == "__main__":
    unittest.main()
