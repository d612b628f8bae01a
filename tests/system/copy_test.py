"""log copy: the same envelopes give the same state, whatever the batch size, the partitions, or the interruptions."""
import random
import signal
import subprocess
import time
import unittest

from mnemo import MNEMO, TempDir, error, fingerprint, make, memories, run, run_json, write_jsonl


def settled(data):
    """The status once no work is pending."""
    return run_json("status", "--data", data, "--settle")


def states(data):
    return [p["state"] for p in settled(data)["partitions"]]


class Copy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = TempDir()
        cls.source = cls.temp.__enter__() / "source"
        run("import", "--data", cls.source, write_jsonl(cls.temp.path / "in.jsonl", memories(6000, agents=12)))
        for agent in range(3):
            scope = ("--data", cls.source, "--namespace", "test", "--agent", f"agent-{agent}")
            first, second = run_json("list", *scope, "--limit", "2")["memories"]
            run("update", *scope, "--key", "u", first["id"], "changed words")
            run("update", *scope, "--key", "u", first["id"], "changed words")
            run("forget", *scope, "--key", "f", second["id"])
            run("forget", *scope, "--filter", '{"tag": "travel"}')
        run("import", "--data", cls.source, cls.temp.path / "in.jsonl")  # duplicates, which a copy leaves out
        cls.expected = settled(cls.source)

    @classmethod
    def tearDownClass(cls):
        cls.temp.__exit__(None)

    def test_a_copy_into_its_source_or_around_it_is_refused(self):
        with TempDir() as d:
            run("remember", "--data", d / "outer" / "source", "--agent", "a", "words")
            (d / "link").symlink_to(d / "outer" / "source")
            before = fingerprint(d)
            for to in ("outer/source", "outer/source/copy", "outer/source/", "outer", "link/copy", "link/a/../../copy/.."):
                told = error("log", "copy", "--from", d / "outer" / "source", "--to", f"{d}/{to}")
                self.assertEqual(told["code"], "INVALID_ARGUMENT", to)
                self.assertIn("--to", told["message"])
            self.assertEqual(fingerprint(d), before)
            run("log", "copy", "--from", d / "outer" / "source", "--to", d / "outer" / "source2")

    def test_batch_size_does_not_show(self):
        for batch in (1, 7, 5000):
            with TempDir() as d:
                run("log", "copy", "--from", self.source, "--to", d / "copy")
                run("status", "--data", d / "copy", "--batch", batch)
                self.assertEqual(states(d / "copy"), states(self.source))
                self.assertEqual(settled(d / "copy")["content"], self.expected["content"])
                run("verify", "--data", d / "copy")

    def test_a_copy_changes_no_file_of_its_source(self):
        before = fingerprint(self.source)
        with TempDir() as d:
            run("log", "copy", "--from", self.source, "--to", d / "copy")
            self.assertFalse((d / "copy" / "scratch").exists())
        self.assertEqual(fingerprint(self.source), before)

    def test_a_copy_goes_on_when_its_source_has_grown(self):
        for partitions in (4, 8):
            with TempDir() as d:
                source = d / "source"
                subprocess.run(["cp", "-r", str(self.source), str(source)], check=True)
                for round in range(2):
                    told = run_json("log", "copy", "--from", source, "--to", d / "copy", "--partitions", partitions)
                    self.assertGreater(told["records"], 0)
                    copy, expected = settled(d / "copy"), settled(source)  # which lets both append Ticked
                    self.assertEqual((copy["content"], copy["memories"]), (expected["content"], expected["memories"]))
                    new = write_jsonl(d / "new.jsonl", memories(300, agents=1 + 5 * round, seed=7 + round))
                    run("import", "--data", source, new)
                    scope = ("--data", source, "--namespace", "test", "--agent", "agent-0")
                    run("forget", *scope, "--key", f"more-{round}", "--filter", '{"tag": "home"}')
                run("verify", "--data", d / "copy")

    def test_the_number_of_partitions_is_the_copys_own(self):
        with TempDir() as d:
            run("log", "copy", "--from", self.source, "--to", d / "copy", "--partitions", "2")
            again = run_json("log", "copy", "--from", self.source, "--to", d / "copy")
            self.assertEqual((again["records"], len(settled(d / "copy")["partitions"])), (0, 2))
            refused = error("log", "copy", "--from", self.source, "--to", d / "copy", "--partitions", "3")
            self.assertEqual(refused["code"], "FAILED_PRECONDITION")
            self.assertIn("made with 2 partitions, not 3", refused["message"])

    def test_options_without_effect_are_refused(self):
        with TempDir() as d:
            for option in (("--batch", "7"), ("--data", d), ("--to-partitions", "4")):
                run("log", "copy", "--from", self.source, "--to", d / "copy", *option, code=2)
            self.assertFalse((d / "copy").exists())
            for option in (("--batch", "7"), ("--partitions", "4")):
                run("verify", "--data", self.source, *option, code=2)

    def test_a_copy_that_was_written_to_is_no_target(self):
        with TempDir() as d:
            run("log", "copy", "--from", self.source, "--to", d / "copy")
            run("remember", "--data", d / "copy", "--namespace", "test", "--agent", "agent-1", "of the copy's own")
            refused = error("log", "copy", "--from", self.source, "--to", d / "copy")
            self.assertEqual(refused["code"], "FAILED_PRECONDITION")
            self.assertIn("copy into an empty directory", refused["message"])

    def test_another_number_of_partitions_has_the_same_content(self):
        for partitions in (1, 8, 3):
            with TempDir() as d:
                told = run_json("log", "copy", "--from", self.source, "--to", d / "copy", "--partitions", partitions)
                self.assertGreater(told["left_out"], 6000)
                copy = settled(d / "copy")
                self.assertEqual(len(copy["partitions"]), partitions)
                self.assertEqual((copy["content"], copy["memories"]), (self.expected["content"], self.expected["memories"]))

    def test_a_copy_that_was_killed_goes_on_where_it_was(self):
        seed = random.randrange(1 << 32)
        print("seed", seed)
        chance = random.Random(seed)
        with TempDir() as d:
            for _ in range(4):
                child = subprocess.Popen([MNEMO, "log", "copy", "--from", str(self.source), "--to", str(d / "copy")],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0.05, 0.6))
                child.send_signal(signal.SIGKILL)
                child.wait()
            run("log", "copy", "--from", self.source, "--to", d / "copy")
            again = run_json("log", "copy", "--from", self.source, "--to", d / "copy")
            self.assertEqual(again["records"], 0)
            self.assertEqual(states(d / "copy"), states(self.source))

    def test_a_retry_against_the_copy_is_a_duplicate(self):
        with TempDir() as d:
            run("log", "copy", "--from", self.source, "--to", d / "copy")
            told = run_json("import", "--data", d / "copy", self.temp.path / "in.jsonl")
            self.assertEqual((told["remembered"], told["refused"]), (0, 0))

    def test_a_log_of_its_own_is_no_target(self):
        with TempDir() as d:
            make(d / "other")
            done = subprocess.run([MNEMO, "log", "copy", "--from", str(self.source), "--to", str(d / "other")],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn("log of its own", done.stderr)


if __name__ == "__main__":
    unittest.main()
