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
        self.addCleanup(server.kill)
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

    def test_remembering_what_was_forgotten_is_an_error(self):
        for where in (("--data", self.data), self.served("served")):
            for how in (("--id", "m"), ("--key", "k")):
                made = self.mnemo("remember", "tea", *A, *how, *where)
                self.mnemo("forget", made["memory_id"], *A, *where)
                error = self.refused("remember", "tea", *A, *how, *where)
                self.assertEqual(error["code"], "ALREADY_EXISTS")
                self.assertIn(f"memory {made['memory_id']} was made by the same request", error["message"])
                self.assertIn("give another --id or --key", error["message"])

    def test_a_tilde_in_the_config_file_is_the_home(self):
        config = self.home / "config.toml"
        config.write_text('data = "~/data"\n[remember]\nspeaker = "~/me"\n')
        made = self.mnemo("remember", "tea", *A, "--config", config)
        self.assertEqual(made["memory"]["speaker"], "~/me", "what is no path stays")
        self.assertTrue((self.data / "FORMAT").exists())
        (self.home / "asked").write_text("tea\n")
        config.write_text('data = "~/data"\n[retrieve]\nfile = "~/asked"\n')
        self.assertEqual(len(self.mnemo("retrieve", *A, "--config", config)["results"]), 1)
        config.write_text('data = "~nina/data"\n')
        error = self.refused("list", *A, "--config", config)
        self.assertIn("'data' is '~nina/data'", error["message"])
        config.write_text('data = "~/data"\n')
        self.assertIn("as HOME says", self.refused("list", *A, "--config", config, HOME="")["message"])

    def test_a_server_that_cannot_listen_leaves_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            busy = "127.0.0.1:{}".format(taken.getsockname()[1])
            for http, grpc in ((busy, "127.0.0.1:0"), ("127.0.0.1:0", busy)):
                error = self.refused("serve", "--data", self.data / "deep", "--http", http, "--grpc", grpc)
                self.assertEqual(error["code"], "UNAVAILABLE", error)
                self.assertFalse(self.data.exists())
        self.refused("serve", "--data", self.data, "--http", busy, "--grpc", busy)
        self.assertFalse(self.data.exists())

    def test_an_argument_that_is_not_utf8_is_refused_by_its_number(self):
        for arguments in ((b"remember", b"t\xe9", b"--agent", b"iris"), (b"list", b"--agent", b"\xff")):
            error = self.refused(*arguments, "--data", self.data)
            self.assertEqual(error["code"], "INVALID_ARGUMENT")
            self.assertRegex(error["message"], "argument [0-9], '.*', is not UTF-8")
        self.assertFalse(self.data.exists())

    def test_agent_and_namespace_may_stand_in_the_environment(self):
        where = ("--data", self.data)
        self.mnemo("remember", "tea", *where, MNEMO_AGENT="iris", MNEMO_NAMESPACE="home")
        listed = self.mnemo("list", *where, "--agent", "iris", "--namespace", "home")
        self.assertEqual([m["text"] for m in listed["memories"]], ["tea"])
        self.assertEqual(self.mnemo("retrieve", "tea", *where, MNEMO_AGENT="iris", code=1)["results"], [])
        self.mnemo("import", "-", *where, stdin='{"agent_id": "nina", "text": "rain"}', MNEMO_NAMESPACE="home")
        agents = self.mnemo("agents", *where, MNEMO_NAMESPACE="other", MNEMO_AGENT="other")["agents"]
        self.assertEqual([(a["namespace"], a["agent_id"]) for a in agents], [("home", "iris"), ("home", "nina")])

    def test_a_filter_that_is_wrong_names_its_field(self):
        self.mnemo("import", "-", "--data", self.data)
        for wrong, field in (({"tag": {"like": "a"}}, "'tag'"), ({"speaker": None}, "'speaker'"),
                             ({"observed_at": "soon"}, "'observed_at'"), ({"metadata.n": {"gt": None}}, "'metadata.n'"),
                             ({"kind": {"eq": []}}, "on kind"), ({"observed_at": {"between": ["2026-03-02", "2026-03-01"]}},
                                                                 "on observed_at")):
            error = self.refused("list", *A, "--data", self.data, "--filter", json.dumps(wrong))
            self.assertIn(field, error["message"])


class Imports(Beginner):
    TWO = ('{"agent_id": "iris", "id": "m", "text": "tea", "embedding": {"model": "a", "values": [1, 0.3]}}\n'
           '{"agent_id": "iris", "attach": {"id": "m", "embedding": {"model": "b", "values": [3, 4]}}}\n'
           '{"agent_id": "iris", "id": "n", "text": "rain", "embedding": {"model": "a", "values": [0.2, 1]}}\n')

    def exported(self, *where):
        file = self.home / "out.jsonl"
        self.mnemo("export", "--out", file, *where)
        return file

    def test_an_export_with_embeddings_is_already_there_over_a_server(self):
        self.mnemo("import", "-", "--data", self.data, stdin=self.TWO)
        where = self.served()
        again = self.mnemo("import", self.exported(*where), *where)
        self.assertEqual((again["duplicates"], again["refused"]), (3, 0), again)
        other = self.TWO.replace("0.3", "0.7")
        told = self.mnemo("import", "-", *where, stdin=other, code=1)
        self.assertIn("differs in embedding", told["refusals"][0])

    def test_a_second_embedding_is_refused_over_a_server_and_all_else_is_taken(self):
        told = self.mnemo("import", "-", *self.served(), stdin=self.TWO, code=1)
        self.assertEqual((told["remembered"], told["refused"]), (2, 1))
        self.assertIn("line 2: attaching an embedding over a server comes with a later version", told["refusals"][0])
        self.assertIn("`mnemo import --data DIR`", told["refusals"][0])

    def test_after_a_wrong_line_the_advice_is_to_mend_it(self):
        lines = '{"agent_id": "iris", "text": "tea"}\n{"agent_id": "iris", "txt": "rain"}\n'
        for where in (("--data", self.data), self.served("served")):
            told = self.mnemo("import", "-", *where, stdin=lines, code=2)["error"]
            self.assertIn("all up to line 1 is durable: see to that, in the file", told["message"])
            self.assertNotIn("goes on from there", told["message"])

    def test_a_wrong_embedding_is_told_by_the_name_that_it_was_given(self):
        where = self.served()
        for values, why in (([], "is empty: give a number for each dimension"), ([0.5] * 4097, "has 4097 dimensions")):
            line = json.dumps({"agent_id": "iris", "text": "tea", "embedding": {"model": "a", "values": values}})
            for place, code in ((("--data", self.home / "own"), 2), (where, 1)):
                told = self.mnemo("import", "-", *place, stdin=line, code=code)
                message = told["error"]["message"] if code == 2 else told["refusals"][0]
                self.assertIn(f"'embedding.values' {why}", message)


if __name__ == "__main__":
    unittest.main()
