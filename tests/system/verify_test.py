"""verify finds what is not as the log says, names it, and changes nothing."""
import fcntl
import json
import os
import shutil
import subprocess
import unittest

from mnemo import MNEMO, TempDir, error, fingerprint, memories, row_edit, run, run_json, state_dir, status, write_jsonl


class Verify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = TempDir()
        cls.good = cls.temp.__enter__() / "good"
        path = write_jsonl(cls.temp.path / "in.jsonl", memories(3000, agents=1))
        run("import", "--data", cls.good, "--partitions", "1", path)
        scope = ("--data", cls.good, "--namespace", "test", "--agent", "agent-0")
        first = run_json("list", *scope, "--limit", "5")["memories"]
        run("update", *scope, "--key", "u1", first[0]["id"], "another text")
        run("forget", *scope, first[1]["id"])
        run("link", *scope, first[2]["id"], "about", first[3]["id"])

    @classmethod
    def tearDownClass(cls):
        cls.temp.__exit__(None)

    def copy(self, directory):
        subprocess.run(["cp", "-r", str(self.good), str(directory / "d")], check=True)
        return directory / "d"

    def rows(self, data, kind):
        return [line.split()[0] for line in row_edit(data, 0, "list", kind).splitlines()]

    def assert_found(self, data, check, where):
        before = fingerprint(data)
        told = run_json("verify", "--data", data, code=1)
        self.assertFalse(told["good"])
        self.assertEqual(fingerprint(data), before)
        named = [(f["check"], f["where"]) for f in told["findings"]]
        self.assertTrue(any(c == check and where in w for c, w in named), (check, where, told["findings"]))

    def test_a_good_state_is_found_good_and_no_file_is_changed(self):
        before = fingerprint(self.good)
        told = run_json("verify", "--data", self.good)
        self.assertTrue(told["good"])
        self.assertGreater(told["partitions"][0]["rows"], 6000)
        self.assertEqual(before, fingerprint(self.good))

    def test_a_changed_value_is_found(self):
        for kind, name in (("R", "record row"), ("I", "memory row"), ("K", "key row")):
            with TempDir() as d:
                data = self.copy(d)
                row_edit(data, 0, "flip", self.rows(data, kind)[-1])
                self.assert_found(data, "rows", name)

    def test_a_missing_row_is_found(self):
        for kind, name in (("R", "record row"), ("I", "memory row"), ("L", "link row"), ("A", "agent row")):
            with TempDir() as d:
                data = self.copy(d)
                row_edit(data, 0, "remove", self.rows(data, kind)[0])
                self.assert_found(data, "rows", name)

    def test_a_changed_or_missing_index_row_is_found(self):
        for action in ("flip", "remove"):
            for kind, name in (("D", "columns row"), ("B", "block row"), ("C", "chunk row"), ("F", "fence row")):
                with TempDir() as d:
                    data = self.copy(d)
                    keys = self.rows(data, kind)
                    self.assertTrue(keys, kind)
                    row_edit(data, 0, action, keys[0])
                    # Where a fence divides two terms there is a choice, and without one its blocks are looked for: only
                    # the comparison of rows names it.
                    if kind != "F":
                        self.assert_found(data, "index", f"index's {kind} row")
                    self.assert_found(data, "rows", f"index {name}")

    def test_a_key_row_without_its_event_is_found(self):
        with TempDir() as d:
            data = self.copy(d)
            key = self.rows(data, "K")[0]
            row_edit(data, 0, "copy", key, key[:-2] + ("00" if key[-2:] != "00" else "01"))
            self.assert_found(data, "rows", "key row")

    def test_an_event_that_was_never_applied_is_found(self):
        with TempDir() as d:
            data = self.copy(d)
            end = status(data)["partitions"][0]["log_end"]
            subprocess.run(["rm", "-r", *map(str, data.glob("state-*"))], check=True)
            # A copy of the directory that knows one event less, told to believe that it has applied all.
            run("status", "--data", data)
            scope = ("--namespace", "test", "--agent", "agent-0")
            state = [p for p in data.glob("state-*")][0]
            subprocess.run(["cp", "-r", str(state), str(d / "older")], check=True)
            run("remember", "--data", data, *scope, "--key", "never", "never applied")
            subprocess.run(["rm", "-r", str(state)], check=True)
            (d / "older").rename(state)
            row_edit(data, 0, "position", end + 1)
            self.assert_found(data, "rows", "memory row")
            self.assert_found(data, "digest", f"offset {end + 1}")
            self.assert_found(data, "position", "meta row")

    def test_a_changed_limit_of_the_rules_is_found(self):
        with TempDir() as d:
            data = self.copy(d)
            row_edit(data, 0, "flip", "!rules".encode().hex())
            self.assert_found(data, "rows", "rules row")

    def flip(self, path):
        blob = bytearray(path.read_bytes())
        blob[len(blob) // 2] ^= 0x10
        path.write_bytes(bytes(blob))

    def largest(self, directory, pattern):
        return max(directory.rglob(pattern), key=lambda p: p.stat().st_size if p.is_file() else 0)

    def test_damage_that_reading_the_log_finds_is_a_finding(self):
        with TempDir() as d:
            data = self.copy(d)
            largest = self.largest(data / "log", "*")
            self.flip(largest)
            told = run_json("verify", "--data", data, code=1)
            self.assertEqual([(f["partition"], f["check"]) for f in told["findings"]], [(None, "log")])
            self.assertIn(largest.name, told["findings"][0]["message"])
            self.assertTrue(run("verify", "--data", data, code=1).startswith("log: "))

    def test_damage_that_opening_the_log_finds_is_a_finding(self):
        with TempDir() as d:
            data = self.copy(d)
            manifest = next((data / "log").glob("MANIFEST-*"))
            self.flip(manifest)
            told = run_json("verify", "--data", data, code=1)
            self.assertEqual([(f["partition"], f["check"]) for f in told["findings"]], [(None, "log")])
            self.assertIn(manifest.name, told["findings"][0]["message"])

    def test_a_damaged_file_of_the_projection_is_a_finding(self):
        for damage in (self.flip, lambda path: path.write_bytes(b"")):
            with TempDir() as d:
                data = self.copy(d)
                table = self.largest(state_dir(data), "*.sst")
                damage(table)
                told = run_json("verify", "--data", data, code=1)
                self.assertTrue(any(f["check"] == "rows" and table.name in f["message"] for f in told["findings"]), told)

    def test_what_keeps_verify_from_its_work_is_no_finding(self):
        with TempDir() as d:
            data = self.copy(d)
            self.assertEqual(error("verify", "--data", d / "nowhere")["code"], "NOT_FOUND")
            (d / "file").write_text("no directory")
            refused = error("verify", "--data", data, "--scratch", d / "file")
            self.assertEqual(refused["code"], "UNAVAILABLE")
            for part in (str(d / "file"), "--scratch"):
                self.assertIn(part, refused["message"])
            subprocess.run(["rm", "-r", str(state_dir(data))], check=True)
            refused = error("verify", "--data", data)
            self.assertEqual(refused["code"], "FAILED_PRECONDITION")
            self.assertIn("there is no projection", refused["message"])

    def test_a_scratch_directory_keeps_what_is_in_it(self):
        with TempDir() as d:
            (d / "scratch").mkdir()
            (d / "scratch" / "mine").write_text("mine")
            run("verify", "--data", self.good, "--scratch", d / "scratch")
            self.assertEqual([p.name for p in (d / "scratch").iterdir()], ["mine"])

    def test_a_directory_in_scratch_that_is_not_a_left_over_of_verify_stays(self):
        with TempDir() as d:
            kept = ("verify-replay", "mnemo-verify-", "mnemo-verify-abc", "mnemo-verify-abc.ef", "mnemo-verify-abcdefg")
            for name in (*kept, "mnemo-verify-inUse1", "mnemo-verify-killed"):
                (d / name).mkdir()
                (d / name / "mine").write_text("mine")
            held = os.open(d / "mnemo-verify-inUse1", os.O_RDONLY)
            fcntl.flock(held, fcntl.LOCK_EX)
            run("verify", "--data", self.good, "--scratch", d)
            os.close(held)
            self.assertEqual({p.parent.name for p in d.rglob("mine")}, {*kept, "mnemo-verify-inUse1"})

    def test_how_far_the_projection_is_behind_is_told(self):
        with TempDir() as d:
            data = self.copy(d)
            self.assertNotIn("yet to apply", run("verify", "--data", data))
            kept = state_dir(data).rename(d / "state")
            for text in ("one", "two"):
                run("remember", "--data", data, "--namespace", "test", "--agent", "agent-0", text)
            shutil.rmtree(state_dir(data))
            kept.rename(data / state_dir(self.good).name)
            told = run("verify", "--data", data)
            self.assertIn("the projection has yet to apply 2 records of the log", told)
            self.assertIn("the state is what the log says", told)

    def test_a_comparison_with_nothing_is_refused(self):
        with TempDir() as d:
            data = d / "data"
            server = subprocess.Popen([MNEMO, "serve", "--data", str(data), "--http", "127.0.0.1:0", "--grpc",
                                       "127.0.0.1:0", "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                      text=True)
            url = json.loads(server.stdout.readline())["http"]
            run("remember", "--server", url, "--namespace", "test", "--agent", "agent-0", "one")
            server.kill()
            server.communicate()
            told = error("verify", "--data", data)
            self.assertEqual(told["code"], "FAILED_PRECONDITION")
            self.assertIn("nothing was compared", told["message"])
            run("status", "--data", data)
            self.assertIn("the state is what the log says", run("verify", "--data", data))

    def test_two_share_a_scratch_directory(self):
        with TempDir() as d:
            data = self.copy(d)
            both = [subprocess.Popen([MNEMO, "verify", "--data", str(each), "--scratch", str(d / "scratch")],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                    for each in (self.good, data)]
            for each in both:
                told = each.communicate(timeout=240)[1]
                self.assertEqual(each.returncode, 0, told)
            # The directory itself stays when the one that made it was the first to end.
            left = list((d / "scratch").iterdir()) if (d / "scratch").exists() else []
            self.assertEqual(left, [])

    def test_warnings_of_the_log_are_told(self):
        with TempDir() as d:
            data = self.copy(d)
            blob = bytearray((data / "log" / "ACKED_END").read_bytes())
            blob[10] ^= 1  # of the first of its two slots
            (data / "log" / "ACKED_END").write_bytes(bytes(blob))
            for command in (("verify", "--data", data), ("log", "copy", "--from", data, "--to", d / "copy")):
                done = subprocess.run([MNEMO, *map(str, command), "--json"], capture_output=True, text=True, timeout=240)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("warning: ", done.stderr)
                self.assertIn("ACKED_END", done.stderr)
                json.loads(done.stdout)


if __name__ == "__main__":
    unittest.main()
