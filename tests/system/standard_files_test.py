"""Standard input, output and error that are closed or cannot be written: no command is the worse for it."""
import os
import subprocess
import unittest

from mnemo import MNEMO, TempDir, append_newer, make, run, run_json, status, write_jsonl

A = ("--namespace", "test", "--agent", "agent-0")


def exit_code(redirections, *args, **env):
    """Of a mnemo that a shell starts with these redirections; what it prints is let go."""
    shell = ["/bin/sh", "-c", f'exec "$@" {redirections}', "sh", MNEMO, *map(str, args)]
    return subprocess.run(shell, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
                          env={**os.environ, **env}).returncode


class Closed(unittest.TestCase):
    def test_what_is_printed_to_a_closed_descriptor_reaches_no_file_of_the_log(self):
        for closed in ("<&- >&-", ">&-", "<&- >&- 2>&-", "<&- 2>&-", "2>&-"):
            with self.subTest(closed), TempDir() as t:
                d = ("--data", t / "data")
                run("remember", *d, *A, "--id", "m", "words " * 2000)
                printed = 2 if ">&-" in closed.replace("2>&-", "") else 0
                for command in (("export", *d), ("list", *d, *A), ("verify", *d), ("get", *d, *A, "m")):
                    self.assertEqual(exit_code(closed, *command), printed, command)
                self.assertEqual(exit_code(closed, "remember", *d, *A, "more words"), printed)
                self.assertEqual(exit_code(closed, "nonsense"), 2)
                mark = (t / "data" / "log" / "ACKED_END").read_bytes()
                self.assertNotIn(b"words", mark)
                self.assertNotIn(b"nonsense", mark)
                run("verify", *d)
                self.assertEqual(status(t / "data")["memories"], 2)

    def test_a_command_that_prints_nothing_does_not_mind(self):
        with TempDir() as t:
            make(t / "data")
            self.assertEqual(exit_code("<&- >&- 2>&-", "export", "--data", t / "data"), 0)
            run("verify", "--data", t / "data")


class Full(unittest.TestCase):
    def test_an_error_that_nobody_can_read_has_its_exit_code(self):
        with TempDir() as t:
            for stderr in ("2>/dev/full", "2>&-", "2</dev/null"):
                self.assertEqual(exit_code(stderr, "nonsense"), 2)
                self.assertEqual(exit_code(stderr, "verify", "--data", t / "none"), 2)
                self.assertEqual(exit_code(f"{stderr} >/dev/full", "status", "--data", t / "data"), 2)

    def test_a_warning_that_nobody_can_read_stops_no_answer(self):
        with TempDir() as t:
            run("remember", "--data", t, *A, "--id", "m", "words")
            append_newer(t, "agent-0")
            self.assertEqual(exit_code("2>/dev/full", "list", "--data", t, *A), 0)
            self.assertEqual(exit_code("2>/dev/full", "status", "--data", t), 1)

    def test_an_import_that_fails_ends_with_its_exit_code(self):
        with TempDir() as t:
            path = write_jsonl(t / "in.jsonl", [{"agent_id": "a", "text": "words"}, {"agent_id": "a", "text": 5}])
            self.assertEqual(exit_code("2>/dev/full", "import", "--data", t / "data", path), 2)
            self.assertEqual(run_json("status", "--data", t / "data")["memories"], 1)


if __name__ == "__main__":
    unittest.main()
