"""What somebody who meets the command line for the first time tries, and what it says when that goes wrong."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

from mnemo import MNEMO, TempDir, error, make, run, run_json, state_dir, write_jsonl

A = ("--namespace", "test", "--agent", "agent-0")


def tried(*args, code, **kwargs):
    done = subprocess.run([MNEMO, *map(str, args)], capture_output=True, text=True, timeout=60, **kwargs)
    assert done.returncode == code, (args, done)
    return done.stdout, done.stderr


class Sample(unittest.TestCase):
    def test_ctrl_c_lets_the_server_end_in_peace(self):
        """A terminal sends it to the script and to all that the script has started."""
        with TempDir() as t:
            script = pathlib.Path(__file__).resolve().parents[2] / "scripts/run-sample"
            env = {**os.environ, "MNEMO": MNEMO, "MNEMO_DATA": str(t / "data"), "MNEMO_HTTP": "127.0.0.1:0"}
            sample = subprocess.Popen([script], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                      preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
            told = []
            for line in sample.stdout:
                told.append(line)
                if line.startswith("Serving until Ctrl-C"):
                    break
            os.killpg(sample.pid, signal.SIGINT)
            told += sample.communicate(timeout=30)[0]
            self.assertEqual(sample.returncode, 0, "".join(told))
            self.assertNotIn("yet to apply", run("verify", "--data", t / "data"))


class Typing(unittest.TestCase):
    def test_a_mistyped_name_is_told_the_nearest_one(self):
        for args, told in ((("lst",), "'lst' is no command of mnemo: did you mean list?"),
                           (("lst", "--agent", "a"), "'lst' is no command of mnemo: did you mean list?"),
                           (("retreive", "nurse", "--agent", "a"), "did you mean retrieve?"),
                           (("zzzzzz",), "'zzzzzz' is no command of mnemo (they are: "),
                           (("list", "--agnt", "a"), "'--agnt' is no option of mnemo list: did you mean --agent?"),
                           (("remember", "--agent", "a", "--agnt=b", "x"), "'--agnt' is no option of mnemo remember"),
                           (("list", "--agent", "a", "x"), "'x' is one argument too many"),
                           (("list", "--agent", "a", "--limit"), "--limit needs a value"),
                           (("--data", "d", "list", "--agent", "a"), "options come after it, as in mnemo list --data")):
            self.assertIn(told, tried(*args, code=2)[1], args)

    def test_a_text_that_begins_with_a_dash_is_a_text_after_two_dashes(self):
        with TempDir() as t:
            for text in ("--tag", "-5 degrees"):
                made = json.loads(tried("remember", "--json", "--data", t, *A, "--", text, code=0)[0])
                self.assertEqual(run_json("get", "--data", t, *A, made["memory_id"])["memory"]["text"], text)
            self.assertIn("after --", tried("remember", "--data", t, *A, "--buy milk", code=2)[1])
            self.assertIn("one argument too many", tried("remember", "--data", t, *A, "--", "-a", "-b", code=2)[1])

    def test_json_may_come_before_the_command(self):
        with TempDir() as t:
            make(t)
            self.assertEqual(json.loads(tried("--json", "status", "--data", t, code=0)[0])["memories"], 0)
            told = json.loads(tried("--json", "get", "--data", t, *A, "m", code=2)[0])
            self.assertEqual(told["error"]["code"], "NOT_FOUND")

    def test_messages_use_the_names_that_were_typed(self):
        with TempDir() as t:
            long = "a" * 1100
            for args, told in ((("--agent", long, "x"), "--agent is 1100 bytes"),
                               (("--agent", "a", "--id", long, "x"), "--id is 1100 bytes"),
                               (("--agent", "a", "--key", long, "x"), "--key is 1100 bytes"),
                               (("--agent", "a", "--observed-at", "noon", "x"), "--observed-at must be")):
                self.assertIn(told, error("remember", "--data", t / "data", *args)["message"])
            line = {"agent_id": "a", "text": "x", "embedding": {"model": "m", "values": []}}
            told = error("import", "--data", t / "data", write_jsonl(t / "in.jsonl", [line]))
            self.assertIn("line 1: 'embedding.values'", told["message"])
            told = error("import", "--data", t / "data", write_jsonl(t / "in.jsonl", [{"text": "x"}]))
            self.assertIn("line 1: 'agent_id' is missing", told["message"])

    def test_a_day_stands_for_its_beginning(self):
        with TempDir() as t:
            d = ("--data", t)
            for day in (1, 2, 3):
                run("remember", *d, *A, "--id", f"m{day}", "--observed-at", f"2026-03-0{day}", "words")
            self.assertEqual(run_json("get", *d, *A, "m2")["memory"]["observed_at"], "2026-03-02T00:00:00.000Z")
            for flags, wanted in ((("--since", "2026-03-02"), ["m3", "m2"]), (("--until", "2026-03-02"), ["m1"]),
                                  (("--filter", '{"observed_at": {"between": ["2026-03-02", "2026-03-03"]}}'), ["m3", "m2"])):
                self.assertEqual([m["id"] for m in run_json("list", *d, *A, *flags)["memories"]], wanted, flags)
            for bad in ("2026-03-32", "2026-3-2", "2026-03-02T"):
                self.assertEqual(error("list", *d, *A, "--since", bad)["code"], "INVALID_ARGUMENT", bad)

    def test_a_dash_is_standard_input_and_output(self):
        with TempDir() as t:
            lines = "".join(json.dumps({"namespace": "test", "agent_id": "agent-0", "id": f"m{i}", "text": f"tea {i}"}) + "\n"
                            for i in range(3))
            self.assertIn("3 remembered", tried("import", "--data", t / "data", "-", code=0, input=lines)[0])
            out = tried("export", "--data", t / "data", "--out", "-", code=0)[0]
            self.assertEqual([json.loads(line)["id"] for line in out.splitlines()], ["m0", "m1", "m2"])
            told = tried("retrieve", "--data", t / "data", *A, "--file", "-", code=0, input="tea 1\n")[0]
            self.assertIn("tea 1", told)


class Looking(unittest.TestCase):
    def test_agents_are_listed_with_what_they_remember_in_pages(self):
        with TempDir() as t:
            d = ("--data", t / "data")
            make(t / "data")
            self.assertEqual(tried("agents", *d, code=1)[0], "no agents there\n")
            lines = [{"namespace": n, "agent_id": f"a{i}", "id": f"m{k}", "text": "words"}
                     for n in ("n1", "n2") for i in range(20) for k in range(i % 3 + 1)]
            run("import", *d, write_jsonl(t / "in.jsonl", lines))
            run("forget", *d, "--namespace", "n1", "--agent", "a1", "m0")
            wanted = {(n, f"a{i}"): i % 3 + 1 - ((n, i) == ("n1", 1)) for n in ("n1", "n2") for i in range(20)}
            seen, cursor = [], []
            while True:
                page = run_json("agents", *d, "--limit", "7", *cursor)
                seen += [((a["namespace"], a["agent_id"]), int(a["memories"])) for a in page["agents"]]
                if not page["truncated"]:
                    break
                self.assertEqual(len(page["agents"]), 7)
                cursor = ["--cursor", page["next_cursor"]]
            self.assertEqual((len(seen), dict(seen)), (40, wanted))
            one = run_json("agents", *d, "--namespace", "n2")["agents"]
            self.assertEqual({a["agent_id"] for a in one}, {f"a{i}" for i in range(20)})
            self.assertIn("--cursor", error("agents", *d, "--cursor", "x")["message"])
            self.assertIn("more: --cursor ", run("agents", *d, "--limit", "1"))

    def test_get_shows_links_to_what_is_there(self):
        with TempDir() as t:
            d = ("--data", t)
            for i in range(4):
                run("remember", *d, *A, "--id", f"m{i}", "words")
            for link in (("m0", "about", "m1"), ("m0", "about", "m2"), ("m3", "corrects", "m0")):
                run("link", *d, *A, *link)
            run("forget", *d, *A, "m2")
            shown = run_json("get", *d, *A, "m0")
            self.assertEqual((shown["links"], shown["linked_from"]),
                             ([{"from": "m0", "type": "about", "to": "m1"}],
                              [{"from": "m3", "type": "corrects", "to": "m0"}]))
            self.assertEqual(run_json("get", *d, *A, "m2", code=2)["error"]["code"], "NOT_FOUND")

    def test_history_shows_when_each_version_was_recorded(self):
        with TempDir() as t:
            d = ("--data", t)
            run("remember", *d, *A, "--id", "m", "--observed-at", "2020-01-01", "first")
            run("update", *d, *A, "m", "second")
            recorded = [m["recorded_at"] for m in run_json("history", *d, *A, "m")["versions"]]
            self.assertEqual([line.split()[2] for line in run("history", *d, *A, "m").splitlines()], recorded)
            self.assertIn("2020-01-01", run("list", *d, *A))

    def test_what_would_steer_the_terminal_is_escaped_in_json_and_left_out_of_contexts(self):
        with TempDir() as t:
            odd = "".join(map(chr, (0x1b, 0x7f, 0x9b, 0x2028, 0x202e, 0x2066)))
            run("remember", "--data", t, *A, "--id", "m", f"tea{odd}é")
            for more in ((), ("--json",)):
                told = run("get", "--data", t, *A, "m", *more)
                self.assertFalse(set(odd) & set(told))
                self.assertIn("é", told)
            self.assertEqual(json.loads(told)["memory"]["text"], f"tea{odd}é")
            told = run("retrieve", "--data", t, *A, "--context", "100", "tea")
            self.assertFalse(set(odd) & set(told))

    def test_what_is_empty_says_so(self):
        with TempDir() as t:
            d = ("--data", t)
            make(t)
            self.assertEqual(run("deadletters", *d), "no dead letters\n")
            out, told = tried("export", *d, "--agent", "nobody", code=1)
            self.assertEqual(out, "")
            self.assertIn("nothing is remembered of agent nobody in namespace default", told)


class Directories(unittest.TestCase):
    def test_another_number_of_partitions_is_refused_with_both(self):
        with TempDir() as t:
            make(t / "data", "--partitions", "4")
            run("status", "--data", t / "data", "--partitions", "4")
            for told in (error("status", "--data", t / "data", "--partitions", "16")["message"],
                         tried("status", "--data", t / "data", code=2, env={**os.environ, "MNEMO_PARTITIONS": "16"})[1]):
                self.assertIn("made with 4 partitions", told)
                self.assertIn("16", told)

    def test_a_command_that_nothing_tells_where_the_directory_is_makes_none(self):
        with TempDir() as t:
            bare = {"PATH": os.environ["PATH"]}
            told = tried("deadletters", code=2, env=bare, cwd=t)[1]
            self.assertIn("--data DIR, or set MNEMO_DATA, XDG_DATA_HOME or HOME", told)
            self.assertEqual(list(t.iterdir()), [])
            told = tried("deadletters", code=2, env={**bare, "HOME": str(t)}, cwd=t)[1]
            self.assertIn(f"NOT_FOUND: there is no data directory at {t}/.local/share/mnemo", told)
            self.assertEqual(list(t.iterdir()), [])

    def test_a_directory_that_may_not_be_read_says_so(self):
        with TempDir() as t:
            t.chmod(0o755)
            make(t / "data")
            other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
            shutil.copy(MNEMO, t / "mnemo")  # where anybody may run it
            for path, mode in ((t / "data", 0o000), (t / "data", 0o600), (t / "data" / "FORMAT", 0o000)):
                (t / "data").chmod(0o755)
                path.chmod(mode)
                done = subprocess.run([t / "mnemo", "status", "--data", str(t / "data")], capture_output=True, text=True,
                                      timeout=60, **other)
                self.assertEqual(done.returncode, 2)
                self.assertIn("PERMISSION_DENIED", done.stderr)
                self.assertIn("Permission denied", done.stderr)
            (t / "data").chmod(0o755)

    def test_a_log_without_a_format_file_says_what_to_write(self):
        with TempDir() as t:
            run("remember", "--data", t / "data", *A, "x")
            (t / "data" / "FORMAT").unlink()
            told = error("list", "--data", t / "data", *A)["message"]
            self.assertIn("holds a log and no FORMAT file", told)
            self.assertIn("write the line `mnemo 1`", told)

    def test_a_missing_log_is_told_once_with_what_to_do(self):
        with TempDir() as t:
            d = t / "data"
            run("remember", "--data", d, *A, "--id", "m", "x")
            shutil.rmtree(d / "log")
            self.assertIn("restore log/ and fingerprint.key", error("remember", "--data", d, *A, "y")["message"])
            self.assertIn("restore log/", tried("verify", "--data", d, code=1)[0])
            told = tried("export", "--data", d, code=1)[1]
            self.assertEqual((told.count("warning"), told.count("restore log/")), (1, 1))
            self.assertIn("mnemo export", told)

    def test_a_projection_that_cannot_be_opened_names_what_to_delete(self):
        with TempDir() as t:
            d = t / "data"
            made = run_json("remember", "--data", d, *A, "--id", "m", "x")
            part = state_dir(d) / f"p{(int(made['position'].split('-')[0]) + 1) % 8}"
            (part / "CURRENT").write_text("nonsense\n")
            told = error("list", "--data", d, *A)["message"]
            self.assertIn(f"the projection of partition {part.name[1:]}: ", told)
            self.assertIn(f"directory {part}", told)
            shutil.rmtree(part)
            self.assertEqual(len(run_json("list", "--data", d, *A)["memories"]), 1)
            run("verify", "--data", d)

    def test_verify_beside_another_log_says_what_to_do(self):
        with TempDir() as t:
            for name in ("a", "b"):
                run("remember", "--data", t / name, *A, name)
            shutil.rmtree(t / "a" / "log")
            shutil.copytree(t / "b" / "log", t / "a" / "log")
            self.assertIn("put the log that belongs here back", tried("verify", "--data", t / "a", code=1)[0])
            self.assertIn("put the log", run_json("verify", "--data", t / "a", code=1)["advice"])
            run("status", "--data", t / "b")
            self.assertNotIn("advice", run_json("verify", "--data", t / "b"))


if __name__ == "__main__":
    unittest.main()
