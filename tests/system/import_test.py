"""What import takes and export gives: large memories, conversations, embeddings, links, numbers, refusals."""
import contextlib
import datetime
import json
import os
import pathlib
import pty
import random
import signal
import struct
import subprocess
import unittest

from mnemo import MNEMO, TempDir, error, fingerprint, run, run_json, status, write_jsonl

A = ("--namespace", "test", "--agent", "agent-0")
CONVERSATIONS = pathlib.Path(__file__).resolve().parent / "fixtures" / "conversations.json"


def memory(number, **more):
    # With its time: a time that is not given is that of the import, and an export gives it.
    return {"namespace": "test", "agent_id": "agent-0", "id": f"m{number}", "text": f"memory number {number}",
            "observed_at": "2026-03-01T08:00:00.000Z", **more}


def link(source, kind, target):
    return {"namespace": "test", "agent_id": "agent-0", "link": {"from": source, "type": kind, "to": target}}


def exported(data, *scope):
    return [json.loads(line) for line in run("export", "--data", data, *scope).splitlines()]


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


class LargeMemories(unittest.TestCase):
    def test_a_file_whose_every_200_lines_exceed_one_append_is_imported(self):
        with TempDir() as t:
            texts = {f"m{i}": f"number {i} " + "word " * 12000 for i in range(200)}
            path = write_jsonl(t / "in.jsonl", (memory(i, text=texts[f"m{i}"]) for i in range(200)))
            self.assertGreater(path.stat().st_size, 200 * 60000)
            self.assertEqual(run_json("import", "--data", t / "data", path)["remembered"], 200)
            self.assertEqual({m["id"]: m["text"] for m in exported(t / "data")}, texts)

    def test_memories_as_large_as_may_be_are_imported(self):
        with TempDir() as t:
            lines = [memory(i, text="t" * 65536, content={"c": "c" * 262000}) for i in range(40)]
            self.assertEqual(run_json("import", "--data", t / "data", write_jsonl(t / "in.jsonl", lines))["remembered"], 40)
            run("verify", "--data", t / "data")


class Terminal(unittest.TestCase):
    def test_the_bar_of_a_file_without_a_last_newline_ends_full(self):
        with TempDir() as t:
            path = t / "in.jsonl"
            path.write_text('{"agent_id":"a","text":"x"}')
            master, slave = pty.openpty()
            done = subprocess.run([MNEMO, "import", "--data", str(t / "data"), str(path)],
                                  stdout=subprocess.PIPE, stderr=slave, text=True, timeout=60)
            os.close(slave)
            drawn = os.read(master, 65536).decode()
            os.close(master)
            self.assertEqual(done.returncode, 0, drawn)
            self.assertIn("[" + "#" * 40 + "] 1 read", drawn)
            self.assertIn("1 remembered", done.stdout)


class Conversations(unittest.TestCase):
    def expected(self):
        """One memory a turn, of the sessions from 1 on without a gap, a second between two turns."""
        for sample in json.loads(CONVERSATIONS.read_text()):
            talk, number = sample["conversation"], 1
            while f"session_{number}" in talk:
                start = datetime.datetime.strptime(talk[f"session_{number}_date_time"], "%I:%M %p on %d %B, %Y")
                for i, turn in enumerate(talk[f"session_{number}"]):
                    caption = f" [{turn['blip_caption']}]" if turn.get("blip_caption") else ""
                    at = (start + datetime.timedelta(seconds=i)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
                    yield {"agent_id": sample["sample_id"], "session_id": f"session_{number}", "speaker": turn["speaker"],
                           "text": turn["text"] + caption, "observed_at": at, "class": "episodic", "kind": "message",
                           "metadata": {"dia_id": turn["dia_id"]}}
                number += 1

    def test_every_turn_becomes_one_memory(self):
        with TempDir() as t:
            told = run_json("import", "--data", t / "data", "--format", "locomo", CONVERSATIONS)
            wanted = list(self.expected())
            self.assertEqual((told["remembered"], len(wanted)), (8, 8))
            got = exported(t / "data", "--namespace", "locomo")
            self.assertEqual([{name: m[name] for name in wanted[0]} for m in got if m["agent_id"] == "talk-1"],
                             [m for m in wanted if m["agent_id"] == "talk-1"])
            self.assertEqual([m["observed_at"] for m in got if m["agent_id"] == "talk-2"], ["2024-02-29T08:15:00.000Z"])

    def test_a_turn_has_the_key_that_a_client_gives_it(self):
        with TempDir() as t:
            run("import", "--data", t / "data", "--format", "locomo", "--namespace", "other", CONVERSATIONS)
            turn = next(self.expected())
            again = run_json("remember", "--data", t / "data", "--namespace", "other", "--agent", "talk-1",
                             "--key", "talk-1/D1:1", "--session", turn["session_id"], "--speaker", turn["speaker"],
                             "--observed-at", turn["observed_at"], "--class", "episodic", "--kind", "message",
                             "--metadata", '{"dia_id": "D1:1"}', turn["text"])
            self.assertTrue(again["duplicate"])
            self.assertEqual(run_json("import", "--data", t / "data", "--format", "locomo", "--namespace", "other",
                                      CONVERSATIONS)["duplicates"], 8)

    def test_what_is_no_conversation_is_named(self):
        with TempDir() as t:
            turn = {"speaker": "Ola", "dia_id": "D1:1", "text": "Hm."}
            for samples, told in (
                    ({}, "list of conversations"),
                    (["x"], "conversation 1"),
                    ([{"sample_id": "a"}], "conversation 1"),
                    ([{"sample_id": "a", "conversation": {"session_1": [turn]}}], "session_1, turn 1"),
                    ([{"sample_id": "a", "conversation": {"session_1_date_time": "noon", "session_1": [turn]}}], "noon"),
                    ([{"sample_id": "a", "conversation": {"session_1_date_time": "9:00 am on 2 May, 2024",
                                                          "session_1": [{"speaker": "Ola"}]}}], "session_1, turn 1")):
                path = t / "in.json"
                path.write_text(json.dumps(samples))
                refused = error("import", "--data", t / "data", "--format", "locomo", path)
                self.assertEqual(refused["code"], "INVALID_ARGUMENT", samples)
                self.assertIn(told, refused["message"])


class RoundTrips(unittest.TestCase):
    """Exported, imported elsewhere, and exported again: the same lines, and the same content."""

    def round_trip(self, directory, lines):
        run("import", "--data", directory / "first", write_jsonl(directory / "in.jsonl", lines))
        run("export", "--data", directory / "first", "--out", directory / "out.jsonl")
        run("import", "--data", directory / "second", directory / "out.jsonl")
        run("export", "--data", directory / "second", "--out", directory / "again.jsonl")
        self.assertEqual((directory / "out.jsonl").read_text(), (directory / "again.jsonl").read_text())
        self.assertEqual(status(directory / "first")["content"], status(directory / "second")["content"])
        run("verify", "--data", directory / "second")
        return exported(directory / "second")

    def test_every_field_comes_back(self):
        with TempDir() as t:
            whole = memory(1, session_id="s", speaker="Ada", **{"class": "semantic"}, kind="fact", tier="long",
                           tags=["b", "a", "b"], metadata={"n": 4, "x": "y", "f": False, "h": 0.5},
                           content={"deep": [1, 2.5, None, {"z": "é"}]}, source="notebook",
                           observed_at="2026-03-01T08:00:00.123Z", expires_at="2999-01-01T00:00:00.000Z",
                           importance=0.375, pinned=True)
            self.assertEqual(self.round_trip(t, [whole]), [whole])

    def test_numbers_come_back_as_they_were_given(self):
        numbers = {"four": 4, "zero": 0, "negative": -17, "largest": 2 ** 53, "least": -2 ** 53, "half": 0.5,
                   "third": 1 / 3, "huge": 1e300, "tiny": -5e-324, "minus_zero": -0.0, "beyond": 2.0 ** 60}
        with TempDir() as t:
            back = self.round_trip(t, [memory(1, metadata=numbers)])[0]["metadata"]
            self.assertEqual({name: repr(value) for name, value in back.items()},
                             {name: repr(value) for name, value in numbers.items()})

    def test_embeddings_come_back_as_the_same_stored_vectors(self):
        seed = random.randrange(1 << 32)
        print("seed", seed)
        chance = random.Random(seed)
        normal_min, largest = 2.0 ** -126, (2 - 2.0 ** -23) * 2.0 ** 127
        vectors = [[0.0, 0.0], [1.0], [-1.0, 1.0], [largest, -largest, largest / 2], [normal_min, -normal_min, 0.0],
                   [normal_min * 1.7, normal_min], [normal_min * 3, normal_min * 1.01, -normal_min * 2], [2.0 ** -149],
                   [quantum / 127 for quantum in range(-127, 128)],
                   [(quantum + 0.5) / 127 for quantum in range(-127, 127)] + [1.0]]
        for scale in (1, 1e-30, 1e30, 0.07):
            vectors += [[chance.gauss(0, scale) for _ in range(384)] for _ in range(10)]
        lines = [memory(i, embedding={"model": "m-1", "values": v}) for i, v in enumerate(vectors)]
        with TempDir() as t:
            back = {m["id"]: m["embedding"] for m in self.round_trip(t, lines)}
            for i, vector in enumerate(vectors):
                values = back[f"m{i}"]["values"]
                self.assertEqual((back[f"m{i}"]["model"], len(values)), ("m-1", len(vector)))
                top = max(abs(float32(v)) for v in vector)
                for given, kept in zip(vector, values):
                    self.assertEqual(float32(kept), float32(float32(kept)))
                    self.assertLessEqual(abs(given - kept), top / 127 + normal_min, (i, given, kept))

    def test_further_embeddings_of_a_memory_follow_it(self):
        with TempDir() as t:
            lines = [memory(1, embedding={"model": "b", "values": [1, 2]}),
                     {"namespace": "test", "agent_id": "agent-0",
                      "attach": {"id": "m1", "embedding": {"model": "a", "values": [3, 4, 5]}}}]
            back = self.round_trip(t, lines)
            self.assertEqual(back[0]["embedding"]["model"], "a")
            self.assertEqual(back[1]["attach"]["id"], "m1")
            self.assertEqual(back[1]["attach"]["embedding"]["model"], "b")

    def test_links_come_back_and_those_of_forgotten_memories_do_not(self):
        with TempDir() as t:
            lines = [memory(i) for i in range(4)]
            lines += [link("m1", "corrects", "m0"), link("m0", "about", "m1"), link("m2", "about", "m3")]
            path = write_jsonl(t / "in.jsonl", lines)
            told = run_json("import", "--data", t / "data", path)
            self.assertEqual((told["remembered"], told["linked"], told["refused"]), (4, 3, 0))
            again = run_json("import", "--data", t / "data", path)
            self.assertEqual((again["remembered"], again["linked"], again["duplicates"]), (0, 0, 7))
            run("forget", "--data", t / "data", *A, "m3")
            run("unlink", "--data", t / "data", *A, "m0", "about", "m1")
            lines = exported(t / "data")
            self.assertEqual([line["link"] for line in lines if "link" in line],
                             [{"from": "m1", "type": "corrects", "to": "m0"}])
            self.assertEqual(self.round_trip(t, lines), lines)

    def test_an_export_of_one_scope_holds_no_other(self):
        with TempDir() as t:
            lines = [{"namespace": n, "agent_id": a, "text": "words"} for n in ("n1", "n2") for a in ("a", "b")]
            run("import", "--data", t / "data", write_jsonl(t / "in.jsonl", lines))
            for scope, wanted in (((), 4), (("--namespace", "n1"), 2), (("--namespace", "n2", "--agent", "b"), 1)):
                self.assertEqual(len(exported(t / "data", *scope)), wanted, scope)
            self.assertEqual(run("export", "--data", t / "data", "--agent", "a", code=1), "")
            told = run("export", "--data", t / "data", "--out", t / "out.jsonl")
            self.assertIn("4 memories written", told)


class Again(unittest.TestCase):
    """An export comes back to the directory that it is of."""

    def test_an_export_of_a_directory_is_there_already(self):
        with TempDir() as t:
            d = t / "data"
            lines = [memory(0), {"namespace": "test", "agent_id": "agent-0", "text": "no id"},
                     {"namespace": "test", "agent_id": "agent-0", "idempotency_key": "k", "text": "a key", "tags": ["x"]},
                     memory(1, metadata={"b": 1, "a": 0.5}, content={"z": 1}, importance=0.3, pinned=True,
                            embedding={"model": "m", "values": [1, 0.3]}),
                     {"namespace": "test", "agent_id": "agent-0",
                      "attach": {"id": "m1", "embedding": {"model": "n", "values": [3, 4]}}},
                     link("m0", "about", "m1"), memory(2)]
            run("import", "--data", d, write_jsonl(t / "in.jsonl", lines))
            run("update", "--data", d, *A, "m2", "another text")
            late = {"namespace": "test", "agent_id": "agent-0",
                    "attach": {"id": "m2", "version": 2, "embedding": {"model": "m", "values": [0.1]}}}
            run("import", "--data", d, write_jsonl(t / "late.jsonl", [late, {**late, "attach": {
                **late["attach"], "embedding": {"model": "n", "values": [0.2]}}}]))
            run("export", "--data", d, "--out", t / "out.jsonl")
            before = status(d)
            told = run_json("import", "--data", d, t / "out.jsonl")
            wanted = len((t / "out.jsonl").read_text().splitlines())
            self.assertEqual((told["duplicates"], told["remembered"], told["attached"], told["linked"], told["refused"]),
                             (wanted, 0, 0, 0, 0), told)
            after = status(d)
            self.assertEqual([p["state"] for p in after["partitions"]], [p["state"] for p in before["partitions"]])
            run("export", "--data", d, "--out", t / "again.jsonl")
            self.assertEqual((t / "out.jsonl").read_text(), (t / "again.jsonl").read_text())
            # What was given first is known by its own request as before, but for what has changed since.
            self.assertEqual(run_json("import", "--data", d, t / "in.jsonl")["duplicates"], 6)

    def test_what_is_there_with_other_content_is_named_with_the_fields_that_differ(self):
        with TempDir() as t:
            d = t / "data"
            run("import", "--data", d, write_jsonl(t / "in.jsonl", [memory(0), memory(1)]))
            line = exported(d)[1]
            path = write_jsonl(t / "changed.jsonl", [exported(d)[0], {**line, "text": "changed", "tags": ["new"]}])
            told = run_json("import", "--data", d, path, code=1)
            self.assertEqual((told["duplicates"], told["refused"]), (1, 1))
            self.assertIn("line 2: memory m1 is there already, and differs in text, tags", told["refusals"][0])
            # With a key of its own the line is a new request, and the key must not act on what it did not make.
            path = write_jsonl(t / "key.jsonl", [{**line, "idempotency_key": "new"}])
            self.assertIn("line 1: ", run_json("import", "--data", d, path, code=1)["first_refusal"])

    def test_what_is_forgotten_stays_so_and_is_counted_apart(self):
        with TempDir() as t:
            d = t / "data"
            run("import", "--data", d, write_jsonl(t / "in.jsonl", [memory(i) for i in range(3)]))
            run("export", "--data", d, "--out", t / "out.jsonl")
            run("forget", "--data", d, *A, "m1")
            for name in ("in.jsonl", "out.jsonl"):
                told = run_json("import", "--data", d, t / name)
                self.assertEqual((told["duplicates"], told["forgotten"], told["refused"]), (2, 1, 0), name)
            self.assertIn("1 forgotten or expired since", run("import", "--data", d, t / "out.jsonl"))
            self.assertEqual(len(exported(d)), 2)


class Stops(unittest.TestCase):
    def test_an_import_that_stops_says_how_far_everything_is_durable(self):
        with TempDir() as t:
            d = t / "data"
            path = write_jsonl(t / "in.jsonl", [memory(i) for i in range(450)] + [{"colour": "red"}, memory(450)])
            done = subprocess.run([MNEMO, "import", "--data", d, path], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 2)
            self.assertIn("450 remembered, 0 already there, 0 refused", done.stdout)
            self.assertIn("line 451: 'colour'", done.stderr)
            self.assertIn("all up to line 450 is durable: see to that, in the file where it is a line's fault, and run the "
                          "import again", done.stderr)
            told = run_json("import", "--data", d, path, code=2)
            self.assertEqual((told["error"]["code"], told["duplicates"], told["durable_up_to"]),
                             ("INVALID_ARGUMENT", 450, "line 450"))
            told = run_json("import", "--data", d, write_jsonl(t / "bad.jsonl", [{"colour": "red"}]), code=2)
            self.assertIn("nothing was imported", told["error"]["message"])

    def test_the_first_refusals_are_told_and_all_are_counted(self):
        with TempDir() as t:
            lines = [memory(0)] + [link("m0", "about", f"m{i}") for i in range(1, 16)]
            path = write_jsonl(t / "in.jsonl", lines)
            told = run("import", "--data", t / "data", path, code=1)
            self.assertIn("15 refused", told)
            self.assertEqual([line.split(":")[1] for line in told.splitlines() if line.startswith("refused: line")],
                             [f" line {i}" for i in range(2, 12)])
            self.assertIn("refused: 5 more", told)

    def test_an_interrupted_import_ends_what_it_began_and_goes_on_later(self):
        with TempDir() as t:
            d = t / "data"
            os.mkfifo(t / "pipe")
            lines = [json.dumps(memory(i, text=f"{i} " + "word " * 200)) + "\n" for i in range(1000)]
            importing = subprocess.Popen([MNEMO, "import", "--data", d, t / "pipe"], stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True)
            with open(t / "pipe", "wb", buffering=0) as pipe:
                # More than a pipe holds: most of it has been read when this returns.
                pipe.write(("".join(lines[:500]) + lines[500][:20]).encode())
                importing.send_signal(signal.SIGINT)
                with contextlib.suppress(BrokenPipeError):
                    pipe.write("".join(lines[501:]).encode())
            out, err = importing.communicate(timeout=60)
            self.assertEqual(importing.returncode, 2, err)
            self.assertIn("CANCELLED: the import was stopped", err)
            remembered = int(out.split()[0])
            self.assertLess(remembered, 1000)
            if remembered:
                self.assertIn(f"all up to line {remembered} is durable", err)
            self.assertEqual(status(d)["memories"], remembered)
            told = run_json("import", "--data", d, write_jsonl(t / "in.jsonl", map(json.loads, lines)))
            self.assertEqual((told["duplicates"], told["remembered"]), (remembered, 1000 - remembered))


class ExportFiles(unittest.TestCase):
    def test_an_export_that_fails_leaves_the_file_as_it_was(self):
        with TempDir() as t:
            run("import", "--data", t / "data", write_jsonl(t / "in.jsonl", [memory(i) for i in range(200)]))
            (t / "out").mkdir()
            (t / "out" / "x.jsonl").write_text("of yesterday\n")
            (t / "file").write_text("no directory")
            for limit, data in (("ulimit -f 8; trap '' XFSZ; ", t / "data"), ("", t / "file")):
                done = subprocess.run(["/bin/sh", "-c", limit + 'exec "$@"', "sh", MNEMO, "export", "--data", str(data),
                                       "--out", str(t / "out" / "x.jsonl")], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 2, done)
                self.assertEqual([(p.name, p.read_text()) for p in (t / "out").iterdir()], [("x.jsonl", "of yesterday\n")])

    def test_an_export_replaces_the_file_where_links_lead_and_keeps_its_mode(self):
        with TempDir() as t:
            run("import", "--data", t / "data", write_jsonl(t / "in.jsonl", [memory(1)]))
            (t / "real.jsonl").write_text("old\n" * 1000)
            (t / "real.jsonl").chmod(0o640)
            (t / "link.jsonl").symlink_to("real.jsonl")
            run("export", "--data", t / "data", "--out", t / "link.jsonl")
            self.assertTrue((t / "link.jsonl").is_symlink())
            self.assertEqual((t / "real.jsonl").read_text(), run("export", "--data", t / "data"))
            self.assertEqual((t / "real.jsonl").stat().st_mode & 0o777, 0o640)
            self.assertEqual(run("export", "--data", t / "data", "--out", "/dev/stdout").count("\n"), 2)

    def test_an_export_into_the_data_directory_is_refused(self):
        with TempDir() as t:
            run("import", "--data", t / "data", write_jsonl(t / "in.jsonl", [memory(1)]))
            (t / "link").symlink_to(t / "data")
            before = fingerprint(t)
            for name in ("data/log/ACKED_END", "data/export.jsonl", "link/log/CURRENT", "data/FORMAT"):
                told = error("export", "--data", t / "data", "--out", t / name)
                self.assertEqual(told["code"], "INVALID_ARGUMENT")
                self.assertIn("data directory", told["message"])
            self.assertEqual(fingerprint(t), before)


class Refusals(unittest.TestCase):
    def test_a_line_that_is_wrong_is_named_with_what_is_wrong(self):
        with TempDir() as t:
            for line, told in (
                    (memory(1, metadata={"n": 2 ** 53 + 1}), "metadata.n"),
                    (memory(1, metadata={"n": -2 ** 53 - 1}), "metadata.n"),
                    (memory(1, metadata={"n": 2 ** 64 - 1}), "metadata.n"),
                    (memory(1, embedding={"model": "m", "values": [1e39]}), "single precision"),
                    (memory(1, embedding={"model": "m", "values": ["1"]}), "embedding.values"),
                    (memory(1, embedding={"values": [1]}), "model"),
                    (memory(1, importance=1.5), "importance"),
                    (memory(1, pinned=1), "pinned"),
                    ({"agent_id": "a", "link": {"from": "x", "to": "y", "kind": "z"}}, "'kind'"),
                    ({"agent_id": "a", "link": {"from": 1, "to": "y", "type": "z"}}, "link.from"),
                    ({"agent_id": "a", "link": {"from": "x", "to": "y"}}, "type"),
                    ({"agent_id": "a", "link": "x"}, "a link"),
                    ({"agent_id": "a", "text": "t", "link": {"from": "x", "to": "y", "type": "z"}}, "'text'"),
                    ({"agent_id": "a", "attach": {"id": "x", "version": 2 ** 32 + 1}}, "attach.version"),
                    ({"agent_id": "a", "attach": {"id": "x", "embedding": {}}}, "embedding")):
                told_by = error("import", "--data", t / "data", write_jsonl(t / "in.jsonl", [memory(0), line]))
                self.assertEqual(told_by["code"], "INVALID_ARGUMENT", line)
                self.assertTrue(told_by["message"].startswith("line 2: "), told_by)
                self.assertIn(told, told_by["message"])

    def test_json_that_would_lose_something_is_refused(self):
        with TempDir() as t:
            for text, told in (('{"agent_id": "a", "text": "one", "text": "two"}', "'text' is given twice"),
                               ('{"agent_id": "a", "text": "x", "metadata": {"n": 1e400}}', "1e400"),
                               ('{"agent_id": "a", "text": ', "at byte"),
                               ('{"agent_id": "a", "text": "x", "content": ' + "[" * 40 + "]" * 40 + "}", "32 levels")):
                (t / "in.jsonl").write_text(text + "\n")
                self.assertIn(told, error("import", "--data", t / "data", t / "in.jsonl")["message"])
            twice = error("list", "--data", t / "data", *A, "--filter", '{"tag": "a", "tag": "b"}')
            self.assertIn("given twice", twice["message"])

    def test_a_whole_number_that_64_bits_do_not_hold_is_refused(self):
        with TempDir() as t:
            for number in (2 ** 64, -2 ** 63 - 1, 10 ** 30):
                for more in ({"metadata": {"n": number}}, {"content": [1.5, {"x": number}]},
                             {"content": {'a "quoted" \\': number}}):
                    told = error("import", "--data", t / "data", write_jsonl(t / "in.jsonl", [memory(1, **more)]))
                    self.assertEqual(told["code"], "INVALID_ARGUMENT")
                    self.assertIn(f"line 1: {number} is a whole number", told["message"])
                told = error("list", "--data", t / "data", *A, "--filter", json.dumps({"metadata.n": number}))
                self.assertIn(f"--filter: {number} is a whole number", told["message"])
            self.assertEqual(run_json("status", "--data", t / "data")["memories"], 0)

    def test_content_comes_back_with_the_numbers_that_it_had(self):
        content = {"whole": [2 ** 64 - 1, -2 ** 63, 2 ** 53 + 1, 0], "other": [1e300, 0.1, -5e-324, 1e20],
                   "text": "18446744073709551616 \\\" 99999999999999999999"}
        with TempDir() as t:
            run("import", "--data", t / "data", write_jsonl(t / "in.jsonl", [memory(1, content=content)]))
            self.assertEqual(repr(run_json("get", "--data", t / "data", *A, "m1")["memory"]["content"]), repr(content))

    def test_what_the_state_refuses_is_told_with_its_line(self):
        with TempDir() as t:
            lines = [memory(0), link("m0", "about", "m1"), memory(1)]
            told = run_json("import", "--data", t / "data", write_jsonl(t / "in.jsonl", lines), code=1)
            self.assertEqual((told["remembered"], told["refused"]), (2, 1))
            self.assertTrue(told["first_refusal"].startswith("line 2: "), told)
            # In the right order, the same line is taken: its refusal was not the last word.
            told = run_json("import", "--data", t / "data", write_jsonl(t / "in.jsonl", [lines[0], lines[2], lines[1]]))
            self.assertEqual((told["duplicates"], told["linked"]), (2, 1))
            late = {"namespace": "test", "agent_id": "agent-0",
                    "attach": {"id": "m0", "version": 2, "embedding": {"model": "m", "values": [1]}}}
            told = run_json("import", "--data", t / "data", write_jsonl(t / "in.jsonl", [late]), code=1)
            self.assertIn("version", told["first_refusal"])

    def test_a_file_that_cannot_be_read_is_named_with_the_reason(self):
        with TempDir() as t:
            for name, told in (("absent", "No such file"), (".", "directory")):
                for command in (("import",), ("import", "--format", "locomo"), ("retrieve", *A, "--file")):
                    self.assertIn(told, error(*command, t / name, "--data", t / "data")["message"])
            self.assertIn("No such file", error("export", "--data", t / "data", "--out", t / "no" / "x")["message"])


if __name__ == "__main__":
    unittest.main()
