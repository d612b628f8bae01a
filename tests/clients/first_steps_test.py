#!/usr/bin/env python3
"""What somebody who has just begun does, and does wrong: every refusal says what to do, and nothing is left behind."""
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

from served import BINARY, Served

A = ("--agent", "iris")


class Beginner(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = pathlib.Path(directory.name)
        self.data = self.home / "data"

    def served(self, name="data"):
        server = Served(self.home / name).start()
        self.addCleanup(server.process_kill)
        server.ready()
        return ("--server", server.url)

    def mnemo(self, *arguments, code=0, stdin="", **environment):
        """Its result or error, as --json has it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MNEMO_", "XDG_"))}
        done = subprocess.run([BINARY, *map(os.fspath, arguments), "--json"], input=stdin, capture_output=True, text=True,
                              timeout=60, env={**kept, "HOME": str(self.home), **environment})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout or "null")

    def refused(self, *arguments, **environment):
        return self.mnemo(*arguments, code=2, **environment)["error"]


class FirstSteps(Beginner):
    def test_what_reads_or_changes_makes_no_directory(self):
        for command in (("deadletters",), ("verify",), ("skip", "0-1-5", "--reason", "r"), ("list", *A), ("status",),
                        ("agents",), ("export",), ("journal",), ("policy", "get"), ("rules",), ("get", "m", *A),
                        ("rules", "activate"), ("update", "m", "text", *A), ("forget", "m", *A),
                        ("forget", "--filter", '{"tag": "a"}', *A), ("link", "m", "about", "n", *A)):
            with self.subTest(command):
                error = self.refused(*command, "--data", self.data)
                self.assertEqual(error["code"], "NOT_FOUND")
                self.assertIn(f"no data directory at {self.data}", error["message"])
                self.assertIn("`mnemo serve`, `import` and `remember` make one", error["message"])
        self.assertEqual(self.refused("deadletters")["code"], "NOT_FOUND")
        self.assertEqual(list(self.home.iterdir()), [])
        self.data.mkdir()
        self.assertIn("not a mnemo data directory", self.refused("list", *A, "--data", self.data)["message"])
        self.assertEqual(list(self.data.iterdir()), [])

    def test_what_writes_first_makes_the_directory(self):
        for name, command in (("r", ("remember", "tea", *A)), ("i", ("import", "-")), ("p", ("policy", "set", "--ttl", "7d"))):
            self.mnemo(*command, "--data", self.home / name)
            self.mnemo("status", "--data", self.home / name)


class Imports(Beginner):
    TWO = ('{"agent_id": "iris", "id": "m", "text": "tea", "embedding": {"model": "a", "values": [1, 0.3]}}\n'
           '{"agent_id": "iris", "attach": {"id": "m", "embedding": {"model": "b", "values": [3, 4]}}}\n'
           '{"agent_id": "iris", "id": "n", "text": "rain", "embedding": {"model": "a", "values": [0.2, 1]}}\n')

    def exported(self, *where):
        file = self.home / "out.jsonl"
        self.mnemo("export", "--out", file, *where)
        return file


if __name__ == "__main__":
    unittest.main()
