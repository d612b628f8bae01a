#!/usr/bin/env python3
"""Every filter of docs/filters.md, against the sample: each finds something there."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from served import BINARY, Served

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/filters.md").read_text()
SCOPE = ("--namespace", "sample", "--agent", "iris")


def block(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL).group(1)


class FiltersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.server = Served(cls.directory.name + "/data").start()
        cls.server.ready()
        cls.env = {name: value for name, value in os.environ.items() if not name.startswith("MNEMO_")}
        cls.env["MNEMO_SERVER"] = cls.server.url
        subprocess.run([BINARY, "import", ROOT / "examples/sample/two-weeks.jsonl"], env=cls.env, check=True,
                       stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        cls.directory.cleanup()
        assert code == 0, f"the server ended with {code}"

    def ids(self, *arguments):
        done = subprocess.run([BINARY, "list", *SCOPE, "--limit", "1000", "--json", *arguments], env=self.env,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        ids = [memory["id"] for memory in json.loads(done.stdout)["memories"]]
        self.assertTrue(ids, arguments)
        self.assertLess(len(ids), 320, arguments)
        return ids

    def test_every_short_form_is_the_same_as_its_filter(self):
        rows = re.findall(r"^\| `(--\w+) ([^`]+)`[^|]*\| `(\{.*\})` \|$", PAGE, re.MULTILINE)
        self.assertEqual(len(rows), 5)
        for option, value, same in rows:
            self.assertEqual(self.ids(option, value), self.ids("--filter", same), option)

    def test_every_form_finds_something(self):
        lines = block("json").splitlines()
        self.assertEqual(len(lines), 5)
        for line in lines:
            self.ids("--filter", re.split(r"\s{2,}", line)[0])

    def test_every_command_finds_something(self):
        function, *commands = [line for line in block("sh").splitlines() if line]
        self.assertEqual(len(commands), 4)
        for command in commands:
            script = function.replace("build/mnemo", f"'{BINARY}'") + "\n" + command
            done = subprocess.run(["bash", "-c", script], env=self.env, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, command + done.stdout + done.stderr)
            self.assertNotRegex(done.stdout, "nothing (there|found)|would forget 0", command)


if __name__ == "__main__":
    unittest.main()
