"""The commands on a data directory, as a person or a script uses them."""
import json
import os
import pathlib
import re
import signal
import subprocess
import unittest

from mnemo import MNEMO, TempDir, error, make, memories, run, run_json, status, write_jsonl

A = ("--namespace", "test", "--agent", "agent-0")


class Commands(unittest.TestCase):
    def test_a_memory_is_remembered_found_updated_and_forgotten(self):
        with TempDir() as t:
            d = t / "data"
            first = run_json("remember", "--data", d, *A, "--key", "k1", "--tag", "tea", "--speaker", "Ada",
                             "Ada likes jasmine tea in the morning")
            self.assertFalse(first["duplicate"])
            again = run_json("remember", "--data", d, *A, "--key", "k1", "--tag", "tea", "--speaker", "Ada",
                             "Ada likes jasmine tea in the morning")
            self.assertTrue(again["duplicate"])
            self.assertEqual(again["event_id"], first["event_id"])
            refused = error("remember", "--data", d, *A, "--key", "k1", "something else")
            self.assertEqual(refused["code"], "ALREADY_EXISTS")

            found = run_json("retrieve", "--data", d, *A, "Which tea does she like?")
            self.assertEqual([r["memory"]["id"] for r in found["results"]], [first["memory_id"]])
            updated = run_json("update", "--data", d, *A, "--expected-version", "1", first["memory_id"], "Ada likes oolong")
            self.assertEqual(updated["memory"]["version"], 2)
            stale = error("update", "--data", d, *A, "--expected-version", "1", first["memory_id"], "Ada likes mate")
            self.assertEqual(stale["code"], "ABORTED")
            self.assertEqual(run_json("retrieve", "--data", d, *A, "jasmine", code=1)["results"], [])
            texts = [m["text"] for m in run_json("history", "--data", d, *A, first["memory_id"])["versions"]]
            self.assertEqual(texts, ["Ada likes oolong", "Ada likes jasmine tea in the morning"])

            run("forget", "--data", d, *A, first["memory_id"])
            self.assertEqual(error("get", "--data", d, *A, first["memory_id"])["code"], "NOT_FOUND")
            self.assertEqual(error("history", "--data", d, *A, first["memory_id"])["code"], "NOT_FOUND")
            gone = error("remember", "--data", d, *A, "--key", "k1", "--tag", "tea", "--speaker", "Ada",
                         "Ada likes jasmine tea in the morning")
            self.assertEqual(gone["code"], "ALREADY_EXISTS")
            self.assertIn("was made by the same request, has been forgotten", gone["message"])
            run("verify", "--data", d)

    def test_filters_narrow_and_forget_by_filter_counts_exactly(self):
        with TempDir() as t:
            d = t / "data"
            wanted = list(memories(900, agents=1))
            run("import", "--data", d, write_jsonl(t / "in.jsonl", wanted))
            for flags, keep in (
                    (["--tag", "work"], lambda m: "work" in m["tags"]),
                    (["--speaker", "Ben"], lambda m: m["speaker"] == "Ben"),
                    (["--session", "session-3"], lambda m: m["session_id"] == "session-3"),
                    (["--filter", '{"metadata.n": {"between": [100, 199]}}'], lambda m: 100 <= m["metadata"]["n"] < 200),
                    (["--filter", '{"not": {"tag": "work"}}'], lambda m: "work" not in m["tags"]),
                    (["--since", "2026-03-20T00:00:00Z"], lambda m: m["observed_at"] >= "2026-03-20")):
                listed = run_json("list", "--data", d, *A, "--limit", "1000", *flags)
                self.assertEqual(sorted(m["metadata"]["n"] for m in listed["memories"]),
                                 sorted(m["metadata"]["n"] for m in wanted if keep(m)), flags)
            work = sum("work" in m["tags"] for m in wanted)
            dry = run_json("forget", "--data", d, *A, "--dry-run", "--filter", '{"tag": "work"}')
            self.assertEqual((dry["forgotten"], dry["dry_run"]), (str(work), True))
            done = run_json("forget", "--data", d, *A, "--filter", '{"tag": "work"}')
            self.assertEqual((done["forgotten"], done["pending"]), (str(work), False))
            self.assertEqual(status(d)["memories"], len(wanted) - work)
            self.assertEqual(run_json("list", "--data", d, *A, "--tag", "work")["memories"], [])
            run("verify", "--data", d)

    def test_an_unknown_filter_is_an_error_and_never_ignored(self):
        with TempDir() as t:
            d = t / "data"
            make(d)
            for bad in ('{"colour": "red"}', '{"tag": {"like": "x"}}', '{"tag": {"gt": "x"}}', "[]", "{}", "nonsense"):
                self.assertEqual(error("retrieve", "--data", d, *A, "--filter", bad, "x")["code"], "INVALID_ARGUMENT", bad)

    def test_pages_of_a_list_hold_everything_once(self):
        with TempDir() as t:
            d = t / "data"
            run("import", "--data", d, write_jsonl(t / "in.jsonl", memories(257, agents=1)))
            seen, cursor = [], []
            while True:
                page = run_json("list", "--data", d, *A, "--limit", "50", *cursor)
                seen += [m["id"] for m in page["memories"]]
                if not page["truncated"]:
                    break
                cursor = ["--cursor", page["next_cursor"]]
            self.assertEqual((len(seen), len(set(seen))), (257, 257))

    def test_an_export_imported_elsewhere_has_the_same_memories(self):
        with TempDir() as t:
            d = t / "data"
            run("import", "--data", d / "a", write_jsonl(t / "in.jsonl", memories(300)))
            run("export", "--data", d / "a", "--out", d / "out.jsonl")
            run("import", "--data", d / "b", d / "out.jsonl")
            run("export", "--data", d / "b", "--out", d / "again.jsonl")
            lines = [sorted((d / f).read_text().splitlines()) for f in ("out.jsonl", "again.jsonl")]
            self.assertEqual(len(lines[0]), 300)
            self.assertEqual(*lines)

    def test_lines_without_a_key_are_remembered_once_however_often_they_are_imported(self):
        with TempDir() as t:
            d = t / "data"
            line = {"agent_id": "agent-0", "text": "the same words, said twice"}
            path = write_jsonl(t / "in.jsonl", [line, line])
            for expected in (2, 0):
                self.assertEqual(run_json("import", "--data", d, "--namespace", "test", path)["remembered"], expected)
            self.assertEqual(status(d)["memories"], 2)

    def test_a_bad_line_is_named_and_what_came_before_it_stays(self):
        with TempDir() as t:
            d = t / "data"
            good = list(memories(3, agents=1))
            path = write_jsonl(t / "in.jsonl", good)
            with open(path, "a") as file:
                file.write('{"agent_id": "agent-0", "text": "x", "colour": "red"}\n')
            told = error("import", "--data", d, path)
            self.assertEqual(told["code"], "INVALID_ARGUMENT")
            self.assertIn("line 4", told["message"])
            self.assertIn("colour", told["message"])
            path = write_jsonl(t / "long.jsonl", good + [{"agent_id": "agent-0", "text": "x" * 70000}])
            self.assertIn("line 4", error("import", "--data", d, path)["message"])
            self.assertEqual(status(d)["memories"], 3)

    def test_deleting_the_projection_changes_no_answer_and_no_digest(self):
        with TempDir() as t:
            d = t / "data"
            run("import", "--data", d, write_jsonl(t / "in.jsonl", memories(700)))
            ask = ("retrieve", "--data", d, *A, "--limit", "20", "bicycle in the rain near the river")
            before = (run(*ask, "--json"), [(p["state"], p["content"]) for p in status(d)["partitions"]])
            for state in d.glob("state-*"):
                subprocess.run(["rm", "-r", str(state)], check=True)
            after = (run(*ask, "--json"), [(p["state"], p["content"]) for p in status(d)["partitions"]])
            self.assertEqual(before, after)

    def test_shares_of_an_explained_score_add_up(self):
        with TempDir() as t:
            d = t / "data"
            run("import", "--data", d, write_jsonl(t / "in.jsonl", memories(300, agents=1)))
            told = run_json("explain", "--data", d, *A, "violin at the library")
            self.assertTrue(told["results"])
            for result in told["results"]:
                shares = sum(int(term["share"]) for term in result["explain"])
                self.assertAlmostEqual(shares, int(result["score"]), delta=len(result["explain"]))


class Refusals(unittest.TestCase):
    def test_a_directory_in_use_is_refused_and_says_so(self):
        with TempDir() as t:
            d = t / "data"
            make(d)
            import fcntl
            with open(d / "LOCK") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                for command in (("status",), ("verify",), ("list", *A)):
                    told = error(command[0], "--data", d, *command[1:])
                    self.assertEqual(told["code"], "FAILED_PRECONDITION")
                    self.assertIn("in use", told["message"])

    def test_a_newer_format_is_refused_and_left_alone(self):
        with TempDir() as t:
            d = t / "data"
            make(d)
            (d / "FORMAT").write_text("mnemo 2\n")
            self.assertIn("newer", error("status", "--data", d)["message"])
            self.assertEqual((d / "FORMAT").read_text(), "mnemo 2\n")

    def test_a_foreign_directory_is_refused_and_left_alone(self):
        with TempDir() as t:
            d = t / "data"
            d.mkdir()
            (d / "thesis.txt").write_text("precious")
            self.assertEqual(error("status", "--data", d)["code"], "FAILED_PRECONDITION")
            self.assertEqual([p.name for p in d.iterdir()], ["thesis.txt"])

    def test_a_lost_format_file_does_not_cost_the_log(self):
        with TempDir() as t:
            d = t / "data"
            run("remember", "--data", d, *A, "precious")
            (d / "FORMAT").unlink()
            self.assertEqual(error("status", "--data", d)["code"], "FAILED_PRECONDITION")
            (d / "FORMAT").write_text("mnemo 1\n")
            self.assertEqual(status(d)["memories"], 1)

    def test_a_start_that_was_cut_short_is_made_whole(self):
        with TempDir() as t:
            d = t / "data"
            d.mkdir()
            (d / "FORMAT").write_text("mnemo 1 being made\n")
            (d / "fingerprint.key").write_text("half")
            run("remember", "--data", d, *A, "works")
            self.assertEqual(status(d)["memories"], 1)

    def test_another_log_under_a_projection_is_refused(self):
        with TempDir() as t:
            d = t / "data"
            for name in ("a", "b"):
                run("remember", "--data", d / name, *A, "words " + name)
            subprocess.run(["rm", "-r", str(d / "a" / "log")], check=True)
            subprocess.run(["cp", "-r", str(d / "b" / "log"), str(d / "a" / "log")], check=True)
            self.assertEqual(error("status", "--data", d / "a")["code"], "FAILED_PRECONDITION")

    def test_an_older_copy_of_the_log_under_a_projection_is_refused(self):
        with TempDir() as t:
            d = t / "data"
            run("remember", "--data", d / "a", *A, "first")
            subprocess.run(["cp", "-r", str(d / "a" / "log"), str(d / "old")], check=True)
            run("remember", "--data", d / "a", *A, "second")
            subprocess.run(["rm", "-r", str(d / "a" / "log")], check=True)
            os.rename(d / "old", d / "a" / "log")
            self.assertEqual(error("status", "--data", d / "a")["code"], "DATA_LOSS")

    def test_another_logs_secret_is_refused_with_and_without_a_projection(self):
        with TempDir() as t:
            for name in ("a", "b"):
                run("remember", "--data", t / name, *A, "words " + name)
            (t / "a" / "fingerprint.key").write_bytes((t / "b" / "fingerprint.key").read_bytes())
            self.assertIn("fingerprint", error("status", "--data", t / "a")["message"])
            for state in (t / "a").glob("state-*"):
                subprocess.run(["rm", "-r", str(state)], check=True)
            self.assertIn("fingerprint", error("status", "--data", t / "a")["message"])

    def test_verify_leaves_alone_what_else_is_in_its_scratch_directory(self):
        with TempDir() as t:
            run("remember", "--data", t / "data", *A, "words")
            (t / "scratch").mkdir()
            (t / "scratch" / "thesis.txt").write_text("precious")
            run("verify", "--data", t / "data", "--scratch", t / "scratch")
            self.assertEqual([p.name for p in (t / "scratch").iterdir()], ["thesis.txt"])

    def test_verify_without_a_projection_says_how_to_make_one(self):
        with TempDir() as t:
            run("remember", "--data", t, *A, "words")
            for state in t.glob("state-*"):
                subprocess.run(["rm", "-r", str(state)], check=True)
            self.assertIn("mnemo status", error("verify", "--data", t)["message"])

    def test_usage_errors_exit_with_two_and_say_what_is_there(self):
        done = subprocess.run([MNEMO, "rember"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertTrue(done.stderr)


class Sample(unittest.TestCase):
    ROOT = pathlib.Path(__file__).resolve().parents[2]
    SAMPLE = ROOT / "examples" / "sample"

    def test_the_sample_answers_its_own_questions(self):
        lines = [json.loads(line) for line in (self.SAMPLE / "two-weeks.jsonl").read_text().splitlines()]
        texts = {memory["idempotency_key"]: memory["text"] for memory in lines}
        with TempDir() as t:
            d = t / "data"
            told = run_json("import", "--data", d, self.SAMPLE / "two-weeks.jsonl")
            self.assertEqual((told["remembered"], told["refused"]), (len(lines), 0))
            for line in (self.SAMPLE / "questions.jsonl").read_text().splitlines():
                question = json.loads(line)
                found = run_json("retrieve", "--data", d, "--namespace", "sample", "--agent", lines[0]["agent_id"],
                                 question["query"])
                self.assertEqual(found["results"][0]["memory"]["text"], texts[question["expected"]], question["query"])

    def test_the_script_that_shows_the_sample_does_so_again_and_again(self):
        with TempDir() as t:
            for remembered in (320, 0):
                done = subprocess.run([self.ROOT / "scripts" / "run-sample", "--once"], capture_output=True, text=True,
                                      timeout=240, env=self.sample_env(t / "data"))
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(f"{remembered} remembered, {320 - remembered} already there, 0 refused", done.stdout)
                self.assertIn("the state is what the log says", done.stdout)
                for question in (self.SAMPLE / "questions.txt").read_text().splitlines():
                    self.assertRegex(done.stdout, re.escape(question) + r"\n +1\. +\d+\.\d+  ")

    def test_what_the_script_says_to_try_next_works_while_it_serves(self):
        with TempDir() as t:
            env = self.sample_env(t / "the data")
            script = subprocess.Popen([self.ROOT / "scripts" / "run-sample"], stdout=subprocess.PIPE, text=True, env=env)
            try:
                self.try_next(script, {name: value for name, value in env.items() if name != "MNEMO_DATA"})
            finally:
                script.send_signal(signal.SIGTERM)
                ended = script.wait(timeout=60)
                script.stdout.close()
            self.assertEqual(ended, 0)

    def try_next(self, script, env):
        shown = ""
        while "Serving until Ctrl-C" not in shown:
            line = script.stdout.readline()
            self.assertTrue(line, shown)
            shown += line
        # The client that the last lines install is tested in tests/clients.
        steps = [line.strip() for line in shown.split("What to try next")[1].splitlines()
                 if line.startswith("  ") and "venv" not in line]
        self.assertGreaterEqual(len(steps), 9)
        done = subprocess.run(["bash", "-e"], input="\n".join(steps), capture_output=True, text=True, timeout=240,
                              env=env, cwd=self.ROOT)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    @staticmethod
    def sample_env(data):
        return {**os.environ, "MNEMO": MNEMO, "MNEMO_DATA": str(data), "MNEMO_HTTP": "127.0.0.1:0"}


if __name__ == "__main__":
    unittest.main()
