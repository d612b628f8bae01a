"""verify finds what is not as the log says, names it, and changes nothing."""
import hashlib
import subprocess
import unittest

from mnemo import MNEMO, TempDir, memories, row_edit, run, run_json, status, write_jsonl


def fingerprint(directory):
    """Of every file's name and bytes."""
    sums = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            sums[str(path.relative_to(directory))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return sums


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
        told = run_json("verify", "--data", data, code=1)
        self.assertFalse(told["good"])
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
            for kind, name in (("D", "columns"), ("B", "block"), ("C", "chunk"), ("F", "fence")):
                with TempDir() as d:
                    data = self.copy(d)
                    keys = self.rows(data, kind)
                    self.assertTrue(keys, kind)
                    row_edit(data, 0, action, keys[0])
                    self.assert_found(data, "index", "")
                    self.assert_found(data, "rows", name)

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
            self.assert_found(data, "rows", "row")
            self.assert_found(data, "digest", "")

    def test_a_damaged_log_is_found(self):
        with TempDir() as d:
            data = self.copy(d)
            largest = max((data / "log").rglob("*"), key=lambda p: p.stat().st_size if p.is_file() else 0)
            blob = bytearray(largest.read_bytes())
            blob[len(blob) // 2] ^= 0x10
            largest.write_bytes(bytes(blob))
            done = subprocess.run([MNEMO, "verify", "--data", str(data)], capture_output=True, text=True)
            self.assertIn(done.returncode, (1, 2))
            self.assertIn(largest.name, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
