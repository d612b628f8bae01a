"""What a person at a terminal and a script read: words, JSON, exit codes, refusals, help."""
import json
import os
import subprocess
import unittest

from mnemo import MNEMO, TempDir, append_newer, error, make, run, run_json, write_jsonl

A = ("--namespace", "test", "--agent", "agent-0")


def refused(*args, **env):
    """What a person is told on standard error, of a command that fails."""
    done = subprocess.run([MNEMO, *map(str, args)], capture_output=True, text=True, timeout=60, env={**os.environ, **env})
    assert (done.returncode, done.stdout) == (2, ""), (args, done)
    return done.stderr


class Words(unittest.TestCase):
    """The essentials of what each command prints for people."""

    @classmethod
    def setUpClass(cls):
        cls.temp = TempDir()
        cls.path = cls.temp.__enter__()
        cls.d = ("--data", cls.path / "data")
        lines = [{"namespace": "test", "agent_id": "agent-0", "id": f"m{i}", "text": text, "speaker": "Ada",
                  "session_id": f"s{i}", "observed_at": f"2026-03-0{i + 1}T08:00:00Z", "tags": tags}
                 for i, (text, tags) in enumerate([("jasmine tea in the morning", ["tea"]),
                                                   ("green tea after lunch", ["tea", "work"]),
                                                   ("a bicycle in the rain", ["work"])])]
        cls.imported = run("import", *cls.d, write_jsonl(cls.path / "in.jsonl", lines))

    @classmethod
    def tearDownClass(cls):
        cls.temp.__exit__(None)

    def say(self, command, *args, code=0):
        return run(command, *self.d, *A, *args, code=code)

    def test_import_counts(self):
        self.assertEqual(self.imported, "3 remembered, 0 already there, 0 refused\n")

    def test_writes_name_what_they_did(self):
        self.assertEqual(self.say("remember", "--id", "w1", "--key", "k", "a first text"), "remembered w1\n")
        self.assertIn("already", self.say("remember", "--id", "w1", "--key", "k", "a first text"))
        self.assertEqual(self.say("update", "w1", "a second text"), "updated w1\n")
        self.assertEqual(self.say("link", "w1", "about", "m0"), "linked w1\n")
        self.assertEqual(self.say("unlink", "w1", "about", "m0"), "unlinked w1\n")
        history = self.say("history", "w1").splitlines()
        self.assertEqual(["a second text" in history[0], "a first text" in history[1], len(history)], [True, True, 2])
        self.assertEqual(self.say("forget", "w1", "--dry-run"), "would forget 1 memory\n")
        self.assertEqual(self.say("forget", "w1"), "forgot w1\n")
        self.say("remember", "--tag", "draft", "one")
        self.say("remember", "--tag", "draft", "two")
        self.assertEqual(self.say("forget", "--dry-run", "--filter", '{"tag": "draft"}'), "would forget 2 memories\n")
        self.assertEqual(self.say("forget", "--filter", '{"tag": "draft"}'), "forgot 2 memories\n")

    def test_a_repeated_write_says_that_its_key_had_acted(self):
        self.say("remember", "--id", "f1", "--tag", "once", "--key", "f1", "one")
        self.assertEqual(self.say("forget", "--key", "f", "--filter", '{"tag": "once"}'), "forgot 1 memory\n")
        self.assertEqual(self.say("forget", "--key", "f", "--filter", '{"tag": "once"}'),
                         "forgot 1 memory (already)\n")
        again = error("remember", *self.d, *A, "--id", "f1", "--tag", "once", "--key", "f1", "one")
        self.assertIn("f1 was made by the same request, has been forgotten or has expired since", again["message"])

    def test_what_would_steer_the_terminal_is_printed_as_a_space(self):
        with TempDir() as t:
            odd = "".join(map(chr, (0x1b, 0x7f, 0x9b, *range(0x2028, 0x202f), *range(0x2066, 0x206a))))
            kept = "a\u2027b\u202fc\u2065d\u206ae\u00a0f é"
            name = "n" + odd[3:]  # which may not hold the others
            run("remember", "--data", t, *A, "--speaker", name, "--session", name, "--id", name, f"tea {odd}{kept}")
            for command in (("list",), ("history", name), ("retrieve", "tea"), ("explain", "tea")):
                told = run(command[0], "--data", t, *A, *command[1:])
                self.assertFalse(set(odd) & set(told), command)
                self.assertIn(f"tea {' ' * len(odd)}{kept}", told)

    def test_retrieve_and_explain_tell_rank_score_text_and_origin(self):
        told = self.say("retrieve", "Which tea does she like in the morning?").splitlines()
        self.assertRegex(told[0], r"^  1\. +\d+\.\d{4}  jasmine tea in the morning$")
        self.assertEqual(told[1].split(), ["Ada", "2026-03-01T08:00", "s0", "m0"])
        why = self.say("explain", "tea in the rain")
        for essential in ("terms: ", "read: ", "profile ", "bicycle in the rain"):
            self.assertIn(essential, why)
        self.assertRegex(why, r"(?m)^ +rain +\d+\.\d{4}  in 1 memory, 1x here$")
        self.assertEqual(self.say("retrieve", "zeppelin", code=1), "nothing found\n")
        self.assertIn("raise --limit", self.say("retrieve", "tea", "--limit", "1"))

    def test_list_and_get_show_memories(self):
        told = self.say("list", "--limit", "2").splitlines()
        self.assertIn("a bicycle in the rain", told[0])
        self.assertIn("green tea after lunch", told[1])
        self.assertTrue(told[2].startswith("more: --cursor "))
        rest = self.say("list", "--limit", "2", "--cursor", told[2].split()[-1]).splitlines()
        self.assertEqual(["jasmine" in rest[0], len(rest)], [True, 1])
        self.assertEqual(self.say("list", "--tag", "none"), "nothing there\n")
        self.assertRegex(self.say("get", "m1"), r"(?m)^text +green tea after lunch$")

    def test_status_and_verify_show_digests_and_a_verdict(self):
        told = run("status", *self.d)
        self.assertRegex(told, r"^log [0-9a-f]{32}, epoch 1, \d+ memories, content [0-9a-f]{32}")
        self.assertEqual(sum(line.endswith(("settled", "working")) for line in told.splitlines()), 8)
        self.assertIn("the state is what the log says", run("verify", *self.d))

    def test_log_copy_counts(self):
        told = run("log", "copy", "--from", self.d[1], "--to", self.path / "copy")
        self.assertRegex(told, r"^\d+ records copied, 0 already there, \d+ left out")

    def test_skip_tells_its_position_in_words_and_in_json(self):
        for number, more in enumerate(((), ("--json",))):
            with TempDir() as t:
                run("remember", "--data", t, *A, "x")
                position = append_newer(t, A[A.index("--agent") + 1])
                told = run("skip", "--data", t, position, "--reason", "a test", *more)
                if number == 0:
                    self.assertIn(f"{position} will not be applied", told)
                else:
                    self.assertEqual(json.loads(told)["position"], position)
                    self.assertIn("decided_at", json.loads(told))
                self.assertEqual(run_json("status", "--data", t)["memories"], 1)

    def test_a_context_is_packed_within_its_tokens(self):
        line = "[id=m0 session=s0 speaker=Ada observed_at=2026-03-01T08:00:00.000Z]\njasmine tea in the morning\n"
        self.assertTrue(self.say("retrieve", "jasmine tea", "--context", "200").endswith("\n\n" + line + "\n" +
                        "[id=m1 session=s1 speaker=Ada observed_at=2026-03-02T08:00:00.000Z]\ngreen tea after lunch\n"))
        found = run_json("retrieve", *self.d, *A, "--context", "27", "jasmine tea")
        self.assertEqual((found["context"], len(found["results"])), (line, 2))
        self.assertNotIn("context", run_json("retrieve", *self.d, *A, "jasmine tea"))

    def test_each_tag_takes_one_value_and_leaves_the_question(self):
        for order in (("--tag", "tea", "jasmine"), ("jasmine", "--tag", "tea")):
            found = run_json("retrieve", *self.d, *A, *order)
            self.assertEqual([r["memory"]["id"] for r in found["results"]], ["m0"], order)
        both = run_json("retrieve", *self.d, *A, "--tag", "tea", "--tag", "work", "tea")
        self.assertEqual([r["memory"]["id"] for r in both["results"]], ["m1"])
        with TempDir() as t:
            made = run_json("remember", "--data", t, *A, "--tag", "a", "--tag", "[b,c]", "the text")
            kept = run_json("get", "--data", t, *A, made["memory_id"])["memory"]
            self.assertEqual((kept["text"], kept["tags"]), ("the text", ["a", "[b,c]"]))

    def test_a_text_that_is_named_like_a_command_is_a_text(self):
        with TempDir() as t:
            made = run_json("remember", "--data", t, *A, "status")
            self.assertEqual(run_json("get", "--data", t, *A, made["memory_id"])["memory"]["text"], "status")


class QuestionFiles(unittest.TestCase):
    def ask(self, directory, text, *args, code=0):
        (directory / "questions").write_text(text)
        return [json.loads(line) for line in
                run("retrieve", "--data", directory / "data", *args, "--file", directory / "questions", "--json",
                    code=code).splitlines()]

    def test_every_line_is_asked_with_what_it_names(self):
        with TempDir() as t:
            for agent in ("agent-0", "other"):
                for i in range(3):
                    run("remember", "--data", t / "data", "--namespace", "test", "--agent", agent, "--id", f"{agent}/{i}",
                        f"tea number {i} of {agent}")
            answers = self.ask(t, 'Which tea?\r\n\n  \n{"query": "tea", "agent_id": "other", "limit": 1}\n'
                                  '{"query": "", "namespace": "test"}\n{"query": "tea", "namespace": "nowhere"}', *A)
            self.assertEqual([(a["query"], a["agent_id"], len(a["results"])) for a in answers],
                             [("Which tea?", "agent-0", 3), ("tea", "other", 1), ("", "agent-0", 3), ("tea", "agent-0", 0)])
            self.assertTrue(answers[1]["truncated"])
            words = run("retrieve", "--data", t / "data", *A, "--file", t / "questions", "--limit", "1")
            self.assertIn("\nWhich tea?\n  1. ", words)
            self.assertIn("nothing found", words)
            self.assertEqual(len(self.ask(t, "zeppelin", *A, code=1)), 1)

    def test_what_is_wrong_in_a_file_is_named_with_its_line_and_nothing_is_asked(self):
        with TempDir() as t:
            path = t / "questions"
            for line, told in (('{"query": "x", "limit": 4294967297}', "limit"), ('{"query": "x", "limit": 0}', "limit"),
                               ('{"query": "x", "limit": 1001}', "limit"), ('{"query": "x", "limit": -1}', "limit"),
                               ('{"query": "x", "limit": 1.5}', "limit"), ('{"query": 5}', "query"),
                               ('{"agent_id": "x"}', "query"), ('{"query": "x", "tag": "y"}', "tag"), ("{", "not JSON")):
                path.write_text("fine\n" + line + "\n")
                refusal = error("retrieve", "--data", t / "data", *A, "--file", path)
                self.assertEqual(refusal["code"], "INVALID_ARGUMENT")
                self.assertIn(f"{path}:2: ", refusal["message"])
                self.assertIn(told, refusal["message"])
            path.write_text("fine\n")
            self.assertIn("--agent", error("retrieve", "--data", t / "data", "--file", path)["message"])
            self.assertIn("either", error("retrieve", "--data", t / "data", *A, "--file", path, "a question")["message"])
            path.write_text("\n \n")
            self.assertIn("no question", error("retrieve", "--data", t / "data", *A, "--file", path)["message"])


class Refusals(unittest.TestCase):
    def test_an_empty_value_is_refused_and_never_taken_for_none(self):
        with TempDir() as t:
            d = ("--data", t / "data")
            run("remember", *d, *A, "--id", "m", "words")
            filters = ("--filter", "--tag", "--session", "--speaker", "--since", "--until")
            for command, options in (("retrieve", (*filters, "--file")), ("list", (*filters, "--cursor")),
                                     ("forget", ("--filter", "--key")), ("export", ("--namespace", "--agent", "--out")),
                                     ("remember", ("--key", "--id", "--expires-at", "--tag", "--metadata"))):
                scope = () if command == "export" else A
                rest = {"remember": ("x",), "forget": ("m",)}.get(command, ())
                for option in options:
                    told = error(command, *d, *scope, option, "", *rest)
                    self.assertEqual(told["code"], "INVALID_ARGUMENT", (command, option))
                    self.assertIn(f"{option}: the value is empty", told["message"])
            self.assertIn("question: the value is empty", error("retrieve", *d, *A, "")["message"])
            self.assertIn("--data: the value is empty", error("status", "--data", "")["message"])
            self.assertEqual(run_json("status", *d)["memories"], 1)

    def test_a_number_out_of_range_is_refused_with_its_range(self):
        with TempDir() as t:
            d = ("--data", t / "data")
            for command, option, most in (("retrieve", "--limit", 1000), ("list", "--limit", 1000),
                                          ("retrieve", "--context", 1000000), ("retrieve", "--batch", 100000),
                                          ("list", "--partitions", 1024)):
                for value in ("0", "-1", str(most + 1), "4294967297", "18446744073709551617", "x", "1.5", ""):
                    told = error(command, *d, *A, f"{option}={value}")
                    self.assertEqual(told["code"], "INVALID_ARGUMENT")
                    self.assertIn(f"from 1 to {most}", told["message"], (option, value))
            for value in ("0", "4294967297"):
                told = error("update", *d, *A, "--expected-version", value, "id", "text")
                self.assertIn("--expected-version", told["message"])
            for value in ("1", "15MiB", "2TiB", "lots"):
                self.assertIn("--memory", error("status", *d, "--memory", value)["message"])

    def test_a_number_is_decimal_whatever_it_begins_with(self):
        with TempDir() as t:
            d = ("--data", t / "data")
            make(t / "data", "--partitions", "010")
            self.assertEqual(len(run_json("status", *d)["partitions"]), 10)
            run("import", *d, write_jsonl(t / "in.jsonl", [{"namespace": "test", "agent_id": "agent-0", "text": f"tea {i}"}
                                                           for i in range(12)]))
            for limit, wanted in (("010", 10), ("09", 9), ("0000000000000000000011", 11)):
                self.assertEqual(len(run_json("list", *d, *A, "--limit", limit)["memories"]), wanted)
                self.assertEqual(len(run_json("retrieve", *d, *A, "--limit", limit, "tea")["results"]), wanted)
            for size in ("016MiB", "0016777216", "000020MB"):
                run("status", *d, "--memory", size)
            for size in ("0015000000", "0x1000000", "015MiB", "020", "1_000_000MiB", "MiB"):
                self.assertIn("--memory", error("status", *d, "--memory", size)["message"], size)
            for limit in ("0x10", "1e1", "+5", " 5", "5 "):
                self.assertIn("no whole number", error("list", *d, *A, "--limit", limit)["message"])
            self.assertIn("NUMBER=100", run("list", "--help"))

    def test_a_filter_that_is_wrong_names_its_option(self):
        with TempDir() as t:
            for option, value in (("--since", "yesterday"), ("--until", "2026-13-01T00:00:00Z"), ("--filter", "{"),
                                  ("--filter", '{"metadata.n": 9007199254740993}')):
                told = error("list", "--data", t / "data", *A, option, value)
                self.assertTrue(told["message"].startswith(f"{option}: "), told)

    def test_a_dry_run_forgets_nothing(self):
        with TempDir() as t:
            d = ("--data", t / "data")
            run("remember", *d, *A, "--id", "m", "--tag", "x", "words")
            for what in (("m",), ("--filter", '{"tag": "x"}')):
                told = run_json("forget", *d, *A, "--dry-run", *what)
                self.assertEqual((told["forgotten"], told["dry_run"]), ("1", True))
                self.assertEqual(run_json("get", *d, *A, "m")["memory"]["text"], "words")
            self.assertEqual(error("forget", *d, *A, "--dry-run", "other")["code"], "NOT_FOUND")
            self.assertIn("either", error("forget", *d, *A, "--dry-run")["message"])

    def test_a_usage_error_says_what_there_is(self):
        for args, told in ((("rember",), ("'rember' is no command of mnemo", "remember", "retrieve", "mnemo --help")),
                           ((), ("name a command", "remember")), (("log", "cpy"), ("'cpy'", "copy", "mnemo log --help")),
                           (("remember", "x"), ("--agent", "mnemo remember --help")),
                           (("list", *A, "--colour", "red"), ("--colour", "mnemo list --help")),
                           (("retrieve", "x"), ("--agent",))):
            message = refused(*args, MNEMO_DATA="/nowhere/at/all")
            self.assertTrue(message.startswith("mnemo: INVALID_ARGUMENT: "), message)
            for part in told:
                self.assertIn(part, message)
        self.assertEqual(error("list", "--colour", "red")["code"], "INVALID_ARGUMENT")

    def test_an_option_beats_the_environment(self):
        with TempDir() as t:
            subprocess.run([MNEMO, "import", "-", "--data", str(t / "named"), "--partitions", "2"],
                           capture_output=True, input=b"", check=True, timeout=60,
                           env={**os.environ, "MNEMO_DATA": str(t / "environment"), "MNEMO_PARTITIONS": "3"})
            self.assertEqual(len(run_json("status", "--data", t / "named")["partitions"]), 2)
            self.assertEqual([p.name for p in t.iterdir()], ["named"])
            subprocess.run([MNEMO, "import", "-"], capture_output=True, input=b"", check=True, timeout=60,
                           env={**os.environ, "MNEMO_DATA": str(t / "environment")})
            self.assertEqual(sorted(p.name for p in t.iterdir()), ["environment", "named"])

    def test_log_copy_takes_no_option_that_it_would_ignore(self):
        self.assertIn("--data", refused("log", "copy", "--data", "x", "--from", "y", "--to", "z"))


class Output(unittest.TestCase):
    def test_output_that_cannot_be_written_is_a_failure(self):
        with TempDir() as t:
            d = ("--data", str(t / "data"))
            run("remember", *d, *A, "--id", "m", "words about tea")
            for command in (("retrieve", *d, *A, "tea"), ("retrieve", *d, *A, "tea", "--json"), ("list", *d, *A),
                            ("get", *d, *A, "m"), ("history", *d, *A, "m"), ("export", *d), ("status", *d),
                            ("verify", *d), ("--help",), ("--version",)):
                with open("/dev/full", "w") as full:
                    done = subprocess.run([MNEMO, *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
                self.assertEqual(done.returncode, 2, command)
                self.assertIn("could not be written", done.stderr, command)

    def test_every_command_has_help_that_names_its_own_options_first(self):
        commands = [line.split()[0] for line in run("--help").split("Subcommands:")[1].splitlines() if line.strip()]
        self.assertIn("remember", commands)
        commands.remove("completion")  # prints a script, and takes no option
        for command in (*[(c,) for c in commands], ("log", "copy"), ("auth", "add")):
            told = run(*command, "--help")
            self.assertIn("Usage: mnemo " + " ".join(command), told)
            if "SUBCOMMAND" not in told:
                self.assertIn("Options of every command:", told)
                self.assertIn("--json", told.split("Options of every command:")[1])


if __name__ == "__main__":
    unittest.main()
