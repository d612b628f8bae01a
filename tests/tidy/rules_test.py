"""Each rule finds what it is for when it is planted, and leaves alone what only looks like it."""
import pathlib
import subprocess
import tempfile
import unittest

import rules


class RulesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def plant(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def found(self, rule):
        return [(path, line) for path, line, _ in rule(rules.Tree(self.root))]

    def plant_headers(self):
        for folder in (*rules.ARROWS, "tests", "bench"):
            self.plant(f"{folder}/a.h", "#pragma once\n")

    def test_every_arrow_that_is_not_drawn_is_found_and_every_drawn_one_is_not(self):
        self.plant_headers()
        expected = set()
        for origin, allowed in rules.ARROWS.items():
            for target in (*rules.ARROWS, "tests", "bench"):
                path = f"{origin}/to_{target.replace('/', '_')}.cc"
                self.plant(path, f'\n#include "{target}/a.h"\n')
                if target not in allowed:
                    expected.add((path, 2))
        self.assertEqual(set(self.found(rules.include_arrows)), expected)
        self.assertIn(("query/to_projector.cc", 2), expected)
        self.assertIn(("events/to_projector_store.cc", 2), expected)

    def test_tests_and_benchmarks_may_include_anything(self):
        self.plant_headers()
        for folder in ("tests/query", "bench"):
            self.plant(f"{folder}/any.cc", "".join(f'#include "{target}/a.h"\n' for target in rules.ARROWS))
        self.assertEqual(self.found(rules.include_arrows), [])

    def test_bare_relative_absent_and_angle_includes_of_ours_are_found(self):
        self.plant_headers()
        self.plant("events/b.cc", '#include "a.h"\n#include "../query/a.h"\n#include "events/gone.h"\n'
                                  "#include <events/a.h>\n  #  include \"a.h\"\n")
        self.assertEqual(self.found(rules.include_arrows), [("events/b.cc", line) for line in (1, 2, 3, 4, 5)])

    def test_generated_and_library_includes_are_fine(self):
        self.plant("events/b.cc", '#include "mnemo/v1/event.pb.h"\n#include <vector>\n#include <rocksdb/db.h>\n')
        self.assertEqual(self.found(rules.include_arrows), [])

    def test_everything_impure_is_found_in_the_projector(self):
        impure = ["std::chrono::system_clock::now()", "std::chrono::steady_clock::now()", "::time(nullptr)",
                  "std::time(0)", "rand()", "std::random_device device;", "std::mt19937 generator;",
                  'std::getenv("HOME")', "std::unordered_map<int, int> map;", "absl::flat_hash_map<int, int> map;",
                  "float heat;", "double heat;", "std::unordered_set<int> set;", "clock_gettime(0, &now)"]
        for path in ("projector/apply.cc", "projector/store/commit.h"):
            self.plant(path, "".join(f"  {line}\n" for line in impure))
        self.assertEqual(set(self.found(rules.pure_projector)),
                         {(path, line) for path in ("projector/apply.cc", "projector/store/commit.h")
                          for line in range(1, len(impure) + 1)})

    def test_what_only_looks_impure_is_left_alone(self):
        self.plant("projector/apply.cc", '// a double of the clock: system_clock, rand()\nauto s = "float getenv";\n'
                                         "event_time(1); event.time(); record->time(); brand(2); doubled = 1'000;\n"
                                         "/* unordered_map\n double */ int doubles;\n")
        self.plant("query/engine.cc", "double share = 0.5; std::unordered_map<int, int> cache;\n")
        self.assertEqual(self.found(rules.pure_projector), [])

    def test_code_after_a_comment_and_a_literal_is_still_seen(self):
        self.plant("projector/apply.cc", "auto s = R\"(text \" // )\"; /* x */ double heat;\nchar c = '\"'; float f;\n")
        self.assertEqual(self.found(rules.pure_projector), [("projector/apply.cc", 1), ("projector/apply.cc", 2)])

    def test_database_reads_are_found_above_the_store_only(self):
        read = "#include <rocksdb/db.h>\nvoid f(rocksdb::DB* db) { db->Get(rocksdb::ReadOptions(), key, &value); }\n"
        for path in ("projector/machine.cc", "query/gather.cc", "projector/store/view.cc", "events/log.cc"):
            self.plant(path, read)
        self.assertEqual(set(self.found(rules.reads_through_views)),
                         {("projector/machine.cc", 1), ("projector/machine.cc", 2),
                          ("query/gather.cc", 1), ("query/gather.cc", 2)})

    def test_a_default_over_event_kinds_is_found_and_other_defaults_are_not(self):
        self.plant("projector/apply.cc", """
void f() {
  switch (kind) {
    case v1::Event::kRemembered: { switch (n) { case 1: break; } break; }
    default: break;
  }
  switch (number) { case 1: break; default: g(); }
}
""")
        self.plant("events/kinds.cc", "switch (k) { case v1::EVENT_KIND_TICKED: return 1; default: return 0; }\n")
        self.plant("events/fine.cc", "switch (n) { case 1: switch (k) { case E::kLinked: break; } default: break; }\n")
        self.assertEqual(set(self.found(rules.no_default_over_kinds)), {("projector/apply.cc", 3), ("events/kinds.cc", 1)})

    def test_the_kinds_of_the_rule_are_those_of_the_contract(self):
        contract = pathlib.Path(__file__).resolve().parents[2] / "events/proto/mnemo/v1/event.proto"
        block = contract.read_text().split("enum EventKind {")[1].split("}")[0]
        names = [line.split("=")[0].strip().removeprefix("EVENT_KIND_") for line in block.splitlines() if "= " in line]
        kinds = ["k" + name.title().replace("_", "") for name in names if name != "UNSPECIFIED"]
        self.assertGreater(len(kinds), 15)
        for kind in kinds:
            self.assertRegex(f"case v1::Event::{kind}:", rules.EVENT_KIND_LABEL)

    def test_long_files_are_found_unless_listed_with_a_reason(self):
        self.plant("events/long.cc", "\n" * 401)
        self.plant("events/fits.cc", "\n" * 400)
        self.plant("events/long.h", "\n" * 201)
        self.plant("events/listed.h", "\n" * 300)
        self.plant(rules.LONG_FILES, "# why\nevents/listed.h  one table\n")
        self.assertEqual(self.found(rules.file_length), [("events/long.cc", 401), ("events/long.h", 201)])

    def test_allowances_without_a_reason_no_longer_needed_or_for_no_file_are_found(self):
        self.plant("events/listed.h", "\n" * 300)
        self.plant("events/short.h", "\n")
        self.plant(rules.LONG_FILES, "events/listed.h\nevents/short.h  was long\nevents/gone.h  was there\n")
        self.assertEqual(self.found(rules.file_length),
                         [(rules.LONG_FILES, 1), ("events/short.h", 1), (rules.LONG_FILES, 1)])

    def test_a_folder_without_its_readme_is_found(self):
        self.plant("events/a.h", "")
        self.plant("query/a.h", "")
        self.plant("query/README.md", "what it is for")
        self.assertEqual(self.found(rules.folder_readme), [("events/README.md", 1)])

    def test_words_of_another_place_are_found_in_any_file(self):
        words = ["cd /wor" + "k/main", "https://registr" + "y.npmjs.org/x", "pyp" + "i.org", "see issu" + "e 3",
                 "fixes #" + "12.", "// TOD" + "O: later", "TEST(A, DISABLE" + "D_B)", "https://rep" + "o1.maven.org"]
        self.plant("docs/a.md", "".join(word + "\n" for word in words))
        self.plant("scripts/b", "".join(word + "\n" for word in words))
        self.assertEqual(set(self.found(rules.foreign_words)),
                         {(path, line) for path in ("docs/a.md", "scripts/b") for line in range(1, len(words) + 1)})

    def test_words_that_only_resemble_them_are_left_alone(self):
        self.plant("docs/a.md", "the network/wor" + "k/ratio, $deps/wor" + "k/source, an issue, # 1 heading, &#39; page#3x\n")
        self.plant("tests/golden/v1.jsonl", "see issu" + "e 3\n")
        self.assertEqual(self.found(rules.foreign_words), [])

    def test_a_case_name_used_twice_in_a_folder_is_found(self):
        self.plant("tests/log/a_test.cc", "TEST(Log, Opens) {}\nTEST_P(Log, Closes) {}\n")
        self.plant("tests/log/b_test.cc", "\nTEST_F(Log, Opens) {}\n// TEST(Log, Closes)\n")
        self.plant("tests/query/a_test.cc", "TEST(Log, Opens) {}\n")
        self.assertEqual(self.found(rules.unique_test_names), [("tests/log/b_test.cc", 2)])

    def test_two_classes_of_one_name_in_one_namespace_are_found(self):
        self.plant("events/a.h", "namespace mnemo {\nstruct Call {\n  int a;\n};\nclass Other;\n}\n")
        self.plant("query/b.h", "namespace mnemo {\nclass Other : public Base {\n};\nclass Call final : public Base {\n};\n}\n")
        self.plant("query/c.h", "namespace mnemo::inner {\nstruct Call {\n};\n}\n")
        self.plant("query/d.cc", "namespace mnemo {\nnamespace {\nstruct Call {\n};\n}\n}\n")
        self.assertEqual(self.found(rules.one_class_a_name), [("query/b.h", 4)])

    def test_git_decides_which_files_count(self):
        self.plant(".gitignore", "/build/\n")
        self.plant("build/a.cc", "")
        self.plant("events/new.cc", "")
        self.plant("events/gone.cc", "")
        for command in (["init", "-q"], ["add", "events/gone.cc"]):
            subprocess.run(["git", *command], cwd=self.root, check=True)
        (self.root / "events/gone.cc").unlink()
        self.assertEqual(rules.Tree(self.root).paths, [".gitignore", "events/new.cc"])


if __name__ == "__main__":
    unittest.main()
