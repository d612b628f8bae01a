"""scripts/tidy finds long functions, deep ones and defects, honours the allowance, and reuses only valid results.

Runs the real script and the real .clang-tidy on a small project of its own.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONG = "int many(int n) {\n" + "  n += 1;\n" * 61 + "  return n;\n}\n"
DEEP = "int deep(int n) { if (n) { while (n) { if (n > 1) { for (;;) { return --n; } } } } return n; }\n"
SHORT = "int few(int n) { return n + 1; }\n"
DEFECT = "#include <string>\nstd::string twice(std::string s) { std::string t = std::move(s); return t + s; }\n"


class FunctionsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("scripts", "tests/tidy", "events"):
            (self.root / name).mkdir(parents=True)
        shutil.copy(ROOT / "scripts/tidy", self.root / "scripts/tidy")
        shutil.copy(ROOT / ".clang-tidy", self.root / ".clang-tidy")
        (self.root / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(planted CXX)\nset(CMAKE_CXX_STANDARD 20)\n"
            "include_directories(${CMAKE_SOURCE_DIR})\nadd_library(planted OBJECT events/a.cc)\n")
        self.allow("")

    def allow(self, text):
        (self.root / "tests/tidy/allowance.txt").write_text(text)

    def tidy(self, source, header=""):
        """(exit code, output) of scripts/tidy on a project of one translation unit and one header."""
        (self.root / "events/a.h").write_text("#pragma once\n" + header)
        (self.root / "events/a.cc").write_text('#include "events/a.h"\n' + source)
        build = self.root / "build"
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.root / "cache"), "CCACHE_DISABLE": "1"}
        for command in (["cmake", "-G", "Ninja", "-B", build, "-DCMAKE_CXX_COMPILER=clang++-19",
                         "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", self.root], ["ninja", "-C", build]):
            subprocess.run(command, check=True, capture_output=True)
        run = subprocess.run([self.root / "scripts/tidy", "-p", build], capture_output=True, text=True, env=environment)
        return run.returncode, run.stdout + run.stderr

    def results(self):
        return len(list((self.root / "cache/mnemo-tidy").iterdir()))

    def test_a_short_function_passes(self):
        code, output = self.tidy(SHORT)
        self.assertEqual(code, 0, output)
        self.assertIn("1 files, 0 with findings, 0 long functions", output)

    def test_a_long_and_a_deep_function_fail_unless_listed(self):
        code, output = self.tidy(LONG + DEEP)
        self.assertEqual(code, 1, output)
        self.assertIn("events/a.cc: many is over", output)
        self.assertIn("events/a.cc: deep is over", output)
        self.allow("events/a.cc:many  one table\nevents/a.cc:deep  a search in four dimensions\n")
        code, output = self.tidy(LONG + DEEP)
        self.assertEqual(code, 0, output)

    def test_an_allowance_no_longer_needed_fails(self):
        self.allow("events/a.cc:few  was long\n")
        code, output = self.tidy(SHORT)
        self.assertEqual(code, 1, output)
        self.assertIn("events/a.cc:few is within the limits now", output)

    def test_an_allowance_without_a_reason_fails(self):
        self.allow("events/a.cc:few\n")
        code, output = self.tidy(SHORT)
        self.assertNotEqual(code, 0)
        self.assertIn("write 'file:function  why it may be long'", output)

    def test_a_defect_fails_and_is_printed_and_is_not_remembered_as_good(self):
        for _ in range(2):
            code, output = self.tidy(DEFECT)
            self.assertEqual(code, 1, output)
            self.assertIn("bugprone-use-after-move", output)
        self.assertEqual(self.results(), 0)

    def test_a_known_result_is_reused_until_an_included_header_changes(self):
        self.assertEqual(self.tidy(SHORT)[0], 0)
        self.assertEqual(self.tidy(SHORT)[0], 0)
        self.assertEqual(self.results(), 1)
        code, output = self.tidy(SHORT, header="inline " + LONG)
        self.assertEqual(code, 1, output)
        self.assertIn("events/a.h: many is over", output)
        self.assertEqual(self.results(), 2)


if __name__ == "__main__":
    unittest.main()
