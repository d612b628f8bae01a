#!/usr/bin/env python3
"""The command line against a real server."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse
import urllib.request

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
        self.assertEqual(self.ask("get", "nurse", *agent)["memory"]["version"], 2)
        self.assertEqual(len(self.ask("history", "nurse", *agent)["versions"]), 2)
        self.ask("link", "nurse", "about", "school", *agent)
        link = {"from": "nurse", "type": "about", "to": "school"}
        self.assertEqual(self.ask("get", "nurse", *agent)["links"], [link])
        self.assertEqual(self.ask("get", "school", *agent)["linked_from"], [link])
        self.ask("unlink", "nurse", "about", "school", *agent)
        self.assertEqual(self.ask("get", "nurse", *agent)["links"], [])
        self.assertEqual([m["id"] for m in self.ask("list", *agent, "--tag", "school")["memories"]], ["nurse"])
        self.assertEqual(self.ask("forget", "--filter", '{"tag": "school"}', "--dry-run", *agent)["forgotten"], "1")
        self.assertEqual(self.ask("forget", "--filter", '{"tag": "school"}', *agent)["forgotten"], "1")
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
        told = self.run_mnemo("verify", code=2, MNEMO_SERVER=self.server.url)
        self.assertIn("--data DIR", told)

    def test_verify_of_a_server_says_how_to_verify(self):
        told = self.run_mnemo("verify", "--server", self.server.url, code=2)
        for way in ("stop the server", "mnemo verify --data DIR", "mnemo status --json"):
            self.assertIn(way, told)

    def test_agents_are_listed_by_pages(self):
        for number in range(5):
            self.ask("remember", "words", "--namespace", "many", "--agent", f"a{number}", "--id", "m")
        self.ask("remember", "more", "--namespace", "many", "--agent", "a0", "--id", "n")
        seen, cursor = {}, ()
        while True:
            page = self.ask("agents", "--namespace", "many", "--limit", "2", *cursor)
            seen.update({agent["agent_id"]: agent["memories"] for agent in page["agents"]})
            if not page["truncated"]:
                break
            cursor = ("--cursor", page["next_cursor"])
        self.assertEqual(seen, {"a0": "2", **{f"a{number}": "1" for number in range(1, 5)}})
        told = self.ask("agents", "--cursor", "nonsense", code=2)["error"]
        self.assertIn("cursor", told["message"])

    def test_status_carries_what_the_digests_say(self):
        told = self.ask("status", "--settle")
        with urllib.request.urlopen(self.server.url + "/v1/digests") as answer:
            digests = json.load(answer)["partitions"]
        fields = ("partition", "position", "state", "content", "settled")
        self.assertEqual([[p[f] for f in fields] for p in told["partitions"]], [[p[f] for f in fields] for p in digests])
        self.assertRegex(self.run_mnemo("status", "--server", self.server.url), r"^log [0-9a-f]{32}, epoch 1, ")

    def test_the_json_of_a_command_is_that_of_http(self):
        scope = {"namespace": "default", "agent_id": "http"}
        for number in range(3):
            self.ask("remember", f"tea number {number}", "--agent", "http", "--id", f"m{number}", "--tag", "tea")
        body = json.dumps({**scope, "query": "tea", "explain": True, "no_cache": True}).encode()
        request = urllib.request.Request(self.server.url + "/v1/retrieve", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            over_http = json.load(answer)
        told = self.ask("explain", "tea", "--agent", "http")
        self.assertEqual({**told, "cached": False}, over_http)
        query = urllib.parse.urlencode(scope)
        for path, command in ((f"/v1/memories/m1?{query}", ("get", "m1", "--agent", "http")),
                              (f"/v1/memories/m1/history?{query}", ("history", "m1", "--agent", "http")),
                              (f"/v1/memories?{query}", ("list", "--agent", "http"))):
            with urllib.request.urlopen(self.server.url + path) as answer:
                self.assertEqual(self.ask(*command), json.load(answer), path)

    def test_a_server_and_a_directory_print_the_same(self):
        """The same commands, and the same output but for ids, positions and times."""
        for json_too in ((), ("--json",)):
            agent = ("--namespace", f"modes{len(json_too)}", "--agent", "iris")
            with tempfile.TemporaryDirectory() as directory:
                for command in self.commands_of(agent):
                    told = [self.told(*command, *json_too, *where)
                            for where in (("--server", self.server.url), ("--data", directory))]
                    self.assertEqual(*map(self.without_what_differs, told), command)

    @staticmethod
    def commands_of(agent):
        return (
            ("remember", "The nurse is called Runa.", *agent, "--id", "nurse", "--tag", "school", "--importance",
             "0.75", "--pinned", "--source", "mail", "--content", '{"room": 12}', "--tier", "mid", "--class",
             "semantic", "--observed-at", "2026-03-02", "--expires-at", "2999-01-01", "--metadata", '{"n": 1}'),
            ("remember", "The school opens at eight.", *agent, "--id", "school", "--key", "k"),
            ("remember", "The school opens at eight.", *agent, "--id", "school", "--key", "k"),
            ("remember", "Another thing.", *agent, "--key", "k"), ("link", "nurse", "about", "school", *agent),
            ("update", "nurse", *agent, "--clear", "tags", "--clear", "expires-at", "--importance", "0.5",
             "--unpinned", "--expected-version", "1"),
            ("update", "nurse", "Runa, room 12.", *agent, "--expected-version", "1"),
            ("update", "nurse", *agent), ("get", "nurse", *agent), ("get", "nobody", *agent),
            ("history", "nurse", *agent), ("list", *agent), ("list", *agent, "--filter", '{"colour": 1}'),
            ("retrieve", "Who is the nurse?", *agent), ("explain", "Who is the nurse?", *agent),
            ("agents", *agent[:2]), ("export", *agent[:2]),
            ("forget", "school", "--dry-run", *agent), ("forget", "school", "--expected-version", "7", *agent),
            ("forget", "--filter", '{"tag": "none"}', *agent), ("forget", "school", *agent),
            ("unlink", "nurse", "about", "school", *agent))

    def told(self, *arguments):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MNEMO_")}
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60, env=kept)
        return done.returncode, done.stdout, done.stderr

    @staticmethod
    def without_what_differs(told):
        code, out, errors = told
        out = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]+", "UUID", out)
        out = re.sub(r'"\d+-\d+-\d+"', '"POSITION"', out)
        out = re.sub(r"20(?!26-03-02)\d\d-\d\d-\d\d[ T][0-9:.]+Z?", "TIME", out)
        prints = re.compile(r"\b[0-9a-f]{32}\b")  # fingerprints: each log has a secret of its own
        return code, prints.sub("HEX", out.replace('"cached":true', '"cached":false')), prints.sub("HEX", errors)

    def test_every_field_comes_back(self):
        self.ask("remember", "The train leaves at noon.", "--agent", "fields", "--id", "m", "--importance", "0.75",
                 "--pinned", "--source", "mail", "--content", '{"from": ["Bern", 7, null]}', "--tier", "long",
                 "--observed-at", "2024-02-29T12:30:15.250Z", "--expires-at", "2999-01-01")
        memory = self.ask("get", "m", "--agent", "fields")["memory"]
        wanted = {"importance": 0.75, "pinned": True, "source": "mail", "content": {"from": ["Bern", 7, None]},
                  "tier": "long", "observed_at": "2024-02-29T12:30:15.250Z", "expires_at": "2999-01-01T00:00:00.000Z"}
        self.assertEqual({name: memory[name] for name in wanted}, wanted)
        self.ask("update", "m", "--agent", "fields", "--unpinned", "--clear", "content", "--clear", "expires-at",
                 "--clear", "source", "--tag", "rail", "--tier", "short", "--expected-version", "1")
        memory = self.ask("get", "m", "--agent", "fields")["memory"]
        self.assertEqual((memory["text"], memory["version"], memory["tags"], memory["pinned"], memory["tier"]),
                         ("The train leaves at noon.", 2, ["rail"], False, "short"))
        self.assertEqual([name for name in ("content", "expires_at", "source") if name in memory], [])
        told = self.ask("update", "m", "--agent", "fields", "--tag", "x", "--expected-version", "1", code=2)
        self.assertEqual(told["error"]["code"], "ABORTED")
        for wrong, named in ((("--importance", "2"), "--importance"), (("--content", "{"), "--content"),
                             (("--tier", "far"), "short, mid, long"), ((), "nothing is to change"),
                             (("--tag", "x", "--clear", "tags"), "--clear tags")):
            self.assertIn(named, self.ask("update", "m", "--agent", "fields", *wrong, code=2)["error"]["message"])

    def test_the_config_file_comes_after_the_environment_and_that_after_flags(self):
        config = pathlib.Path(self.directory.name) / "config.toml"
        self.ask("remember", "once", "--agent", "configured")
        config.write_text(f'server = "{self.server.url}"\nagent = "iris"\n[list]\nlimit = 1\nagent = "configured"\n')
        listed = json.loads(self.run_mnemo("list", "--json", "--config", config))
        self.assertEqual([m["agent_id"] for m in listed["memories"]], ["configured"])
        listed = json.loads(self.run_mnemo("list", "--json", "--agent", "nobody", MNEMO_CONFIG=str(config)))
        self.assertEqual(listed["memories"], [])
        self.assertIn("127.0.0.1:1", self.run_mnemo("list", "--config", config, code=2,
                                                    MNEMO_SERVER="http://127.0.0.1:1"))
        home = pathlib.Path(self.directory.name) / "home"
        (home / "mnemo").mkdir(parents=True)
        (home / "mnemo/config.toml").write_text(config.read_text())
        self.run_mnemo("list", "--agent", "iris", XDG_CONFIG_HOME=str(home))
        told = self.run_mnemo("verify", code=2, XDG_CONFIG_HOME=str(home))
        self.assertIn("config file, names a server", told)
        with tempfile.TemporaryDirectory() as directory:  # a flag chooses, though the file names a server
            self.run_mnemo("remember", "once", "--agent", "configured", "--data", directory)
            self.run_mnemo("list", "--data", directory, "--config", config)
            self.run_mnemo("list", "--config", config, MNEMO_DATA=directory)
            self.run_mnemo("verify", "--data", directory, "--config", config)

    def test_what_is_wrong_in_the_config_file_is_named(self):
        config = pathlib.Path(self.directory.name) / "wrong.toml"
        for text, named in (("colour = 1\n", "'colour'"), ("[list]\nlimits = 1\n", "'list.limits' is the name of no "
                            "option of list: did you mean limit?"), ("[lists]\nlimit = 1\n", "no command 'lists'"),
                            ("[list]\nlimit = 0\n", "--limit"), ("[list]\nlimit = 0\n", "wrong.toml")):
            config.write_text(text)
            told = json.loads(self.run_mnemo("list", "--agent", "a", "--json", "--config", config, code=2))["error"]
            self.assertEqual((told["code"], named in told["message"]), ("INVALID_ARGUMENT", True), told)
        config.write_text("colour = 1\n")
        self.run_mnemo("list", "--help", "--config", config)
        self.assertIn("cannot be read", self.run_mnemo("list", "--agent", "a", "--config", "/nonexistent", code=2))
        self.assertIn("cannot be read", self.run_mnemo("list", "--agent", "a", code=2, MNEMO_CONFIG="/nonexistent"))

    def test_help_is_honest_about_who_is_asked(self):
        told = self.run_mnemo("list", "--help", XDG_DATA_HOME="/data-home")
        self.assertNotIn("/data-home", told)
        self.assertIn("without it a server is asked", " ".join(told.split()))
        self.assertIn("/data-home/mnemo", self.run_mnemo("verify", "--help", XDG_DATA_HOME="/data-home"))
        self.assertIn("--config", self.run_mnemo("serve", "--help"))

    def complete(self, *words):
        """What bash offers for the last of the words."""
        line = " ".join(f"'{word}'" for word in ("mnemo", *words))
        script = (f"source <('{BINARY}' completion bash); COMP_WORDS=({line}); COMP_CWORD={len(words)}; _mnemo; "
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_bash_completes_commands_options_and_values(self):
        self.assertEqual(self.complete("rem"), ["remember"])
        self.assertLessEqual({"serve", "list", "log", "completion"}, set(self.complete("")))
        self.assertEqual(self.complete("remember", "--imp"), ["--importance"])
        self.assertEqual(self.complete("remember", "text", "--class", "e"), ["episodic"])
        self.assertEqual(self.complete("remember", "--class", "=", "e"), ["episodic"])
        self.assertEqual(self.complete("remember", "--tier", "="), ["short", "mid", "long"])
        self.assertEqual(self.complete("log", "co"), ["copy"])
        self.assertIn("--partitions", self.complete("log", "copy", "--"))
        self.assertEqual(self.complete("completion", "z"), ["zsh"])
        self.assertEqual(self.complete("list", "--filter", ""), [])  # any text: files are readline's
        self.assertEqual(self.complete("list", "--agent", "list", "--lim"), ["--limit"])

    def test_completion_is_printed_for_other_shells(self):
        for shell in ("zsh", "fish"):
            script = self.run_mnemo("completion", shell)
            self.assertIn("episodic", script)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=60)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("bash, zsh, fish", self.run_mnemo("completion", "tcsh", code=2))

    def test_trouble_with_tls_is_told_as_such(self):
        told = self.run_mnemo("list", "--agent", "a", "--server", self.server.url.replace("http", "https"), code=2)
        self.assertIn("http://", told)
        told = self.run_mnemo("list", "--agent", "a", "--server", f"http://{self.server.grpc}", code=2)
        self.assertIn("not of gRPC", told)
        certificate, key = (pathlib.Path(self.directory.name) / name for name in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-days", "2", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        with Served(self.directory.name + "/tls", "--tls-cert", certificate, "--tls-key", key) as server:
            where = ("list", "--agent", "a", "--server", server.url)
            self.assertIn("--ca-cert FILE", self.run_mnemo(*where, code=2))
            self.assertIn("--ca-cert /nonexistent cannot be read", self.run_mnemo(*where, "--ca-cert", "/nonexistent", code=2))
            self.assertIn("nothing there", self.run_mnemo(*where, MNEMO_CA_CERT=str(certificate)))
            plain = (*where[:-1], server.url.replace("https", "http"))
            self.assertIn("asked at https://", self.run_mnemo(*plain, code=2))

    def test_no_server_is_told_with_ways_out(self):
        told = self.run_mnemo("list", "--agent", "iris", "--server", "http://127.0.0.1:1/", code=2)
        self.assertIn("mnemo serve", told)
        self.assertIn("--data", told)

    def test_z_an_export_can_be_imported_where_it_comes_from(self):
        sample = self.ask("import", SAMPLE)
        self.assertEqual((sample["remembered"], sample["refused"]), (320, 0))
        self.assertEqual(self.ask("import", SAMPLE)["duplicates"], 320)
        first = self.ask("agents", "--namespace", "sample")["agents"][0]["agent_id"]
        scope = ("--namespace", "sample", "--agent", first)
        one, other = (memory["id"] for memory in self.ask("list", *scope, "--limit", "2")["memories"])
        self.ask("link", one, "about", other, *scope)
        lines = self.run_mnemo("export", "--server", self.server.url, "--namespace", "sample")
        exported = pathlib.Path(self.directory.name) / "exported.jsonl"
        exported.write_text(lines)
        again = self.ask("import", exported)
        self.assertEqual((again["remembered"], again["duplicates"], again["refused"]), (0, 321, 0))
        cls = type(self)
        self.assertEqual(cls.server.stop(), 0)
        self.assertEqual(self.run_mnemo("export", "--data", self.data, "--namespace", "sample"), lines)
        cls.server.start().ready()


if __name__ == "__main__":
    unittest.main()
