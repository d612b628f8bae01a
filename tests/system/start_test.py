"""A start that was killed at any step of making a data directory: the next one makes it whole."""
import fcntl
import shutil
import subprocess
import unittest

from mnemo import MNEMO, TempDir, error, fingerprint, make, run, status

A = ("--namespace", "test", "--agent", "agent-0")
BEING_MADE = "mnemo 1 being made\n"


class Starts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = TempDir()
        cls.whole = cls.temp.__enter__() / "whole"
        make(cls.whole)
        for state in cls.whole.glob("state-*"):
            shutil.rmtree(state)

    @classmethod
    def tearDownClass(cls):
        cls.temp.__exit__(None)

    def left_over(self, directory, *files, log=None, key=None):
        directory.mkdir()
        for name, text in files:
            (directory / name).write_text(text)
        if log:
            shutil.copytree(self.whole / "log", directory / log)
        if key:
            shutil.copy(self.whole / "fingerprint.key", directory / key)

    def steps(self):
        """What is there after a kill, step by step, as DataDir::create goes on."""
        lock = ("LOCK", "")
        yield "directory", [], {}
        yield "lock", [lock], {}
        yield "FORMAT.new opened", [lock, ("FORMAT.new", "")], {}
        yield "FORMAT.new written in part", [lock, ("FORMAT.new", BEING_MADE[:9])], {}
        yield "FORMAT.new written", [lock, ("FORMAT.new", BEING_MADE)], {}
        made = [lock, ("FORMAT", BEING_MADE)]
        yield "FORMAT renamed", made, {}
        yield "secret opened", [*made, ("fingerprint.key.new-01234567", "")], {}
        yield "secret linked", made, {"key": "fingerprint.key"}
        yield "secret of both names", [*made, ("fingerprint.key.new-01234567", "x")], {"key": "fingerprint.key"}
        yield "log begun", made, {"key": "fingerprint.key", "log": "log.creating"}
        yield "log there", made, {"key": "fingerprint.key", "log": "log"}
        yield "last FORMAT opened", [*made, ("FORMAT.new", "")], {"key": "fingerprint.key", "log": "log"}
        yield "last FORMAT written", [*made, ("FORMAT.new", "mnemo 1\n")], {"key": "fingerprint.key", "log": "log"}

    def test_every_left_over_is_made_whole_by_the_next_start(self):
        for name, files, more in self.steps():
            with self.subTest(name), TempDir() as t:
                self.left_over(t / "data", *files, **more)
                run("remember", "--data", t / "data", *A, "words")
                self.assertEqual(status(t / "data")["memories"], 1)
                run("verify", "--data", t / "data")
                names = {p.name for p in (t / "data").iterdir() if not p.name.startswith("state-")}
                self.assertEqual(names, {"FORMAT", "LOCK", "fingerprint.key", "log"})

    def test_a_command_that_makes_nothing_changes_no_left_over(self):
        for name, files, more in self.steps():
            with self.subTest(name), TempDir() as t:
                self.left_over(t / "data", *files, **more)
                before = sorted(str(p) for p in (t / "data").rglob("*"))
                self.assertEqual(error("verify", "--data", t / "data")["code"], "FAILED_PRECONDITION")
                self.assertEqual(sorted(str(p) for p in (t / "data").rglob("*")), before)

    def test_one_that_another_process_is_making_is_in_use_at_every_step(self):
        for name, files, more in self.steps():
            with self.subTest(name), TempDir() as t:
                self.left_over(t / "data", ("LOCK", ""), *files, **more)
                # As a glance may find it that began before FORMAT was there and ended behind it.
                (t / "data" / "FORMAT").unlink(missing_ok=True)
                with (t / "data" / "LOCK").open() as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                    for command in (("status",), ("remember", *A, "words")):
                        self.assertIn("in use", error(*command, "--data", t / "data")["message"])

    def test_a_file_of_the_same_name_by_another_program_is_left_alone(self):
        with TempDir() as t:
            self.left_over(t / "data", ("FORMAT.new", "A5 landscape\n"))
            self.assertEqual(error("status", "--data", t / "data")["code"], "FAILED_PRECONDITION")
            self.assertEqual([(p.name, p.read_text()) for p in (t / "data").iterdir()], [("FORMAT.new", "A5 landscape\n")])

    def test_a_directory_that_was_in_use_is_never_made_anew(self):
        with TempDir() as t:
            run("remember", "--data", t / "used", *A, "--id", "m", "words")
            shutil.copytree(t / "used", t / "no state")
            shutil.rmtree(next((t / "no state").glob("state-*")))
            shutil.copytree(t / "no state", t / "no log mark")
            (t / "no log mark" / "log" / "ACKED_END").unlink()
            shutil.copytree(self.whole, t / "new log")
            (t / "new log" / "state-0123456789abcdef").mkdir()
            shutil.copytree(self.whole, t / "other file")
            (t / "other file" / "notes").write_text("mine")
            for name, why in (("used", "state-"), ("no state", "its log holds events"), ("no log mark", "ACKED_END"),
                              ("new log", "state-0123456789abcdef"), ("other file", "notes")):
                with self.subTest(name):
                    (t / name / "FORMAT").write_text(BEING_MADE)
                    before = fingerprint(t / name)
                    for command in (("status",), ("remember", *A, "more")):
                        told = error(*command, "--data", t / name)
                        self.assertEqual(told["code"], "FAILED_PRECONDITION")
                        self.assertIn(why, told["message"])
                        self.assertIn("write the line `mnemo 1`", told["message"])
                    self.assertEqual(fingerprint(t / name), before)
            (t / "used" / "FORMAT").write_text("mnemo 1\n")
            self.assertEqual(status(t / "used")["memories"], 1)

    def test_only_old_projections_leave_with_the_next_command(self):
        with TempDir() as t:
            make(t / "data")
            kept = {"state-of-affairs", "state-0123456789ABCDEF", "state-0123456789abcde", "state-0123456789abcdef0"}
            for name in (*kept, "state-0123456789abcdef"):
                (t / "data" / name).mkdir()
            run("status", "--data", t / "data")
            states = {p.name for p in (t / "data").iterdir() if p.name.startswith("state-")}
            self.assertEqual((len(states), states & kept, "state-0123456789abcdef" in states), (5, kept, False))

    def test_a_read_only_copy_says_what_to_do(self):
        with TempDir() as t:
            run("remember", "--data", t / "data", *A, "--id", "m", "words")
            mount = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77; shift; exec "$@"'
            for command, code, told in ((("list", *A), 2, "read-only"), (("verify",), 2, "--scratch"),
                                        (("verify", "--scratch", t / "scratch"), 0, "")):
                done = subprocess.run(["unshare", "-rm", "sh", "-c", mount, "sh", str(t / "data"), MNEMO,
                                       *map(str, command), "--data", str(t / "data")],
                                      capture_output=True, text=True, timeout=60)
                if done.returncode not in (0, 2):
                    self.skipTest(f"nothing can be mounted here: {done.stderr}")
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(told, done.stderr)

    def test_a_format_that_this_build_never_wrote_is_refused(self):
        for line in ("mnemo 1 being ma\n", "mnemo 1x\n", "mnemo 0\n", "mnemo\n", "other 1\n"):
            with self.subTest(line), TempDir() as t:
                self.left_over(t / "data", ("FORMAT", line))
                self.assertIn("FORMAT", error("status", "--data", t / "data")["message"])


if __name__ == "__main__":
    unittest.main()
