"""A partition that stands still, or a log that cannot be opened: what goes on, what says so, and how it goes on again."""
import json
import os
import shutil
import subprocess
import time
import unittest

from mnemo import MNEMO, TempDir, append_newer, error, memories, run, run_json, state_dir, write_jsonl

AGENTS = 6


def scope(agent):
    return ("--namespace", "test", "--agent", f"agent-{agent}")


def asked(*args):
    """Exit code, answer and warnings."""
    done = subprocess.run([MNEMO, *map(str, args), "--json"], capture_output=True, text=True, timeout=240)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


class Halted(unittest.TestCase):
    """The partition of agent-0 halts behind what was imported; others do not."""

    def setUp(self):
        self.temp = TempDir()
        self.data = self.temp.__enter__() / "data"
        run("import", "--data", self.data, write_jsonl(self.temp.path / "in.jsonl", memories(300, agents=AGENTS)))
        self.before = {a: run_json("list", "--data", self.data, *scope(a)) for a in range(AGENTS)}
        self.at = append_newer(self.data, "agent-0")
        self.partition = int(self.at.split("-")[0])

    def tearDown(self):
        self.temp.__exit__(None)

    def elsewhere(self):
        """An agent of another partition."""
        return next(a for a in range(AGENTS) if int(self.before[a]["position"].split("-")[0]) != self.partition)

    def test_reads_of_its_agents_are_answered_and_marked(self):
        code, listed, warned = asked("list", "--data", self.data, *scope(0))
        self.assertEqual(code, 0)
        self.assertEqual(listed["memories"], self.before[0]["memories"])
        self.assertEqual(listed["halted"]["code"], "FAILED_PRECONDITION")
        self.assertIn(self.at, listed["halted"]["message"])
        self.assertIn(f"partition {self.partition} stands still at {self.at}", warned)
        some = listed["memories"][0]
        self.assertIn("halted", run_json("get", "--data", self.data, *scope(0), some["id"]))
        self.assertIn("halted", run_json("history", "--data", self.data, *scope(0), some["id"]))
        self.assertIn("halted", run_json("retrieve", "--data", self.data, *scope(0), some["text"]))

    def test_the_other_agents_do_not_notice(self):
        agent = self.elsewhere()
        code, listed, warned = asked("list", "--data", self.data, *scope(agent))
        self.assertEqual((code, listed, warned), (0, self.before[agent], ""))
        self.assertFalse(run_json("remember", "--data", self.data, *scope(agent), "goes on")["duplicate"])
        lines = [m for m in memories(600, agents=AGENTS, seed=2) if m["agent_id"] == f"agent-{agent}"]
        told = run_json("import", "--data", self.data, write_jsonl(self.temp.path / "more.jsonl", lines))
        self.assertEqual(told["remembered"], len(lines))

    def test_writes_to_its_agents_are_refused_with_the_cause(self):
        for told in (error("remember", "--data", self.data, *scope(0), "too late"),
                     error("forget", "--data", self.data, *scope(0), "--filter", '{"tag": "work"}'),
                     error("import", "--data", self.data,
                           write_jsonl(self.temp.path / "more.jsonl", memories(300, agents=1, seed=3)))):
            self.assertEqual(told["code"], "FAILED_PRECONDITION")
            self.assertIn(self.at, told["message"])

    def test_status_tells_which_and_why(self):
        code, told, _ = asked("status", "--data", self.data)
        self.assertEqual((code, told["halted"]), (1, True))
        halted = [p["partition"] for p in told["partitions"] if "halted" in p]
        self.assertEqual(halted, [self.partition])
        self.assertEqual(told["partitions"][self.partition]["position"], self.at)
        self.assertEqual(told["memories"], 300)

    def test_an_export_holds_what_is_applied_and_says_that_it_is_not_all(self):
        out = self.temp.path / "out.jsonl"
        run("export", "--data", self.data, "--out", out, code=1)
        self.assertEqual(len(out.read_text().splitlines()), 300)

    def test_skip_takes_the_record_that_halts_and_no_other(self):
        partition, epoch, offset = map(int, self.at.split("-"))
        other = (partition + 1) % 8
        for position in (f"{partition}-{epoch}-{offset - 1}", f"{partition}-{epoch}-0", f"{partition}-{epoch}-1",
                         f"{other}-{epoch}-2", f"{partition}-{epoch}-{offset + 1}"):
            self.assertEqual(error("skip", "--data", self.data, position, "--reason", "x")["code"],
                             "FAILED_PRECONDITION", position)
        subprocess.run(["rm", "-r", str(state_dir(self.data))], check=True)
        self.assertEqual(error("skip", "--data", self.data, f"{partition}-{epoch}-1", "--reason", "x")["code"],
                         "FAILED_PRECONDITION")
        run("skip", "--data", self.data, self.at, "--reason", "never shipped")
        code, told, warned = asked("status", "--data", self.data)
        self.assertEqual((code, told["halted"], warned), (0, False, ""))
        self.assertEqual(told["partitions"][partition]["counters"]["skipped"]["operator"], 1)
        letters = run_json("deadletters", "--data", self.data)["dead_letters"]
        self.assertEqual([(x["position"], x["reason"]) for x in letters], [(self.at, "operator")])
        self.assertFalse(run_json("remember", "--data", self.data, *scope(0), "goes on")["duplicate"])
        run("verify", "--data", self.data)
        self.assertIn("has applied all", error("skip", "--data", self.data, self.at, "--reason", "x")["message"])


class DamagedLog(unittest.TestCase):
    def test_what_the_projections_hold_can_be_read_and_is_marked(self):
        with TempDir() as t:
            d = t / "data"
            run("import", "--data", d, write_jsonl(t / "in.jsonl", memories(300, agents=2)))
            before = run_json("list", "--data", d, *scope(0))
            (d / "log" / "ACKED_END").unlink()
            refused = error("remember", "--data", d, *scope(0), "not taken")
            self.assertEqual(refused["code"], "DATA_LOSS")
            code, listed, warned = asked("list", "--data", d, *scope(0))
            self.assertEqual(code, 0)
            self.assertEqual(listed["memories"], before["memories"])
            self.assertIn("ACKED_END", listed["halted"]["message"])
            self.assertIn("stands still", warned)
            run("export", "--data", d, "--out", t / "out.jsonl", code=1)
            self.assertEqual(len((t / "out.jsonl").read_text().splitlines()), 300)
            code, told, _ = asked("status", "--data", d)
            self.assertEqual((code, told["memories"], told["log_error"]["code"]), (1, 300, "DATA_LOSS"))

    def test_a_projection_that_has_applied_nothing_is_not_taken_for_an_empty_log(self):
        with TempDir() as t:
            d = t / "data"
            run("remember", "--data", d, *scope(0), "words")
            shutil.rmtree(state_dir(d))
            os.mkfifo(t / "pipe")
            child = subprocess.Popen([MNEMO, "import", "--data", str(d), str(t / "pipe")])
            with open(t / "pipe", "w", encoding="utf-8"):
                while not list(d.glob("state-*/p7/CURRENT")):
                    time.sleep(0.01)
                time.sleep(0.2)
                child.kill()
                child.wait()
            (d / "log" / "ACKED_END").unlink()
            for command in (("list", *scope(0)), ("retrieve", *scope(0), "words"), ("export",), ("status",)):
                told = error(*command, "--data", d)
                self.assertEqual(told["code"], "DATA_LOSS", command)
                self.assertIn("ACKED_END", told["message"])


if __name__ == "__main__":
    unittest.main()
