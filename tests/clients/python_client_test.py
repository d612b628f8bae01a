#!/usr/bin/env python3
"""The Python client against a real server."""
import asyncio
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest
import unittest.mock

import mnemo

from served import Served

UTC = datetime.timezone.utc


class PythonClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.server = Served(cls.directory.name + "/data").start()
        cls.server.ready()

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        cls.directory.cleanup()
        assert code == 0, f"the server ended with {code}"

    def client(self, **options):
        client = mnemo.Client(self.server.url, **{"agent_id": self.id(), **options})
        self.addCleanup(client.close)
        return client

    def test_what_was_remembered_is_found_at_once(self):
        memory = self.client()
        written = memory.remember("Nina is allergic to walnuts.", tags=["health"], metadata={"sure": True, "grade": 2})
        found = memory.retrieve("What is Nina allergic to?")
        self.assertEqual([hit.memory.text for hit in found], ["Nina is allergic to walnuts."])
        self.assertGreater(found.hits[0].score, 0)
        self.assertIsInstance(found.hits[0].score, float)
        self.assertEqual(found.hits[0].raw_score, found.hits[0].score * 2**20)
        self.assertEqual(found.hits[0].memory.metadata, {"sure": True, "grade": 2})
        self.assertEqual(found.hits[0].memory.id, written.memory_id)

    def test_fields_come_back_as_they_were_sent(self):
        memory = self.client()
        at = datetime.datetime(2024, 2, 29, 12, 30, 15, 250000, tzinfo=UTC)
        memory.remember("The train leaves at noon.", id="train", session_id="s1", speaker="Nina", kind="message",
                        memory_class="semantic", observed_at=at, importance=0.75, pinned=True, source="mail",
                        content={"from": ["Bern", 7, None]}, tags=["travel"])
        got = memory.get("train")
        self.assertEqual((got.session_id, got.speaker, got.kind, got.memory_class, got.source, got.tags),
                         ("s1", "Nina", "message", "semantic", "mail", ["travel"]))
        self.assertEqual((got.observed_at, got.importance, got.pinned), (at, 0.75, True))
        self.assertEqual(got.content, {"from": ["Bern", 7, None]})
        self.assertEqual((got.version, got.agent_id), (1, self.id()))

    def test_the_same_key_remembers_once(self):
        memory = self.client()
        first = memory.remember("The keys are under the mat.", key="k1")
        again = memory.remember("The keys are under the mat.", key="k1")
        self.assertEqual((first.duplicate, again.duplicate), (False, True))
        self.assertEqual(first.memory_id, again.memory_id)
        self.assertEqual(len(memory.list().memories), 1)
        with self.assertRaises(mnemo.AlreadyExists):
            memory.remember("The keys are in the car.", key="k1")

    def test_a_memory_with_an_id_may_be_sent_again(self):
        memory = self.client()
        first = memory.remember("Runa is the nurse.", id="nurse")
        again = memory.remember("Runa is the nurse.", id="nurse")
        self.assertEqual((first.duplicate, again.duplicate), (False, True))
        items = memory.remember_batch([{"text": "Runa is the nurse.", "id": "nurse"}])
        self.assertTrue(items[0].written.duplicate)

    def test_a_batch_says_of_each_what_became_of_it(self):
        items = self.client().remember_batch([{"text": "one"}, {"text": ""}, {"text": "three", "key": "three"}])
        self.assertEqual([item.error is None for item in items], [True, False, True])
        self.assertIsInstance(items[1].error, mnemo.InvalidArgument)
        self.assertEqual(items[2].written.key, "three")

    def test_update_history_and_forget(self):
        memory = self.client()
        memory.remember("Room 11.", id="room")
        self.assertEqual(memory.update("room", text="Room 12.", expected_version=1).memory.version, 2)
        with self.assertRaises(mnemo.MnemoError) as refused:
            memory.update("room", text="Room 13.", expected_version=1)
        self.assertIn(refused.exception.code, ("ABORTED", "FAILED_PRECONDITION"))
        self.assertEqual([version.text for version in memory.history("room")], ["Room 12.", "Room 11."])
        self.assertEqual(memory.forget("room").forgotten, 1)
        with self.assertRaises(mnemo.NotFound):
            memory.get("room")

    def test_remembering_what_was_forgotten_is_already_exists(self):
        memory = self.client()
        for how in ({"id": "gone"}, {"key": "gone"}):
            memory.forget(memory.remember("Room 11.", **how).memory_id)
            with self.assertRaisesRegex(mnemo.AlreadyExists, "forgotten or has expired since"):
                memory.remember("Room 11.", **how)
            gone, other = memory.remember_batch([{"text": "Room 11.", **how}, {"text": "Room 12."}])
            self.assertIsInstance(gone.error, mnemo.AlreadyExists)
            self.assertIsNone(other.error)

    def test_forget_by_filter_counts_exactly(self):
        memory = self.client()
        for n in range(30):
            memory.remember(f"number {n}", tags=["even" if n % 2 == 0 else "odd"])
        self.assertEqual(memory.forget_where({"tag": "even"}, dry_run=True).forgotten, 15)
        forgotten = memory.forget_where({"tag": "even"})
        self.assertEqual((forgotten.forgotten, forgotten.duplicate), (15, False))
        again = memory.forget_where({"tag": "even"}, key=forgotten.key)
        self.assertEqual((again.forgotten, again.duplicate), (15, True))
        self.assertEqual(len(memory.list(limit=100).memories), 15)

    def test_pages_hold_everything_once(self):
        memory = self.client()
        for n in range(25):
            memory.remember(f"number {n}")
        seen, cursor = [], None
        while True:
            page = memory.list(limit=10, cursor=cursor)
            seen += [m.text for m in page]
            cursor = page.next_cursor
            if not cursor:
                break
        self.assertEqual(seen, [f"number {n}" for n in reversed(range(25))])

    def test_links(self):
        memory = self.client()
        memory.remember("cause", id="a")
        memory.remember("effect", id="b")
        self.assertTrue(memory.link("a", "causes", "b").position)
        self.assertTrue(memory.unlink("a", "causes", "b").position)

    def test_errors_are_typed_and_say_what_to_do(self):
        memory = self.client()
        with self.assertRaises(mnemo.InvalidArgument) as refused:
            memory.retrieve("tea", filter={"colour": "red"})
        self.assertIn("colour", refused.exception.message)
        self.assertFalse(refused.exception.retryable)
        with self.assertRaises(mnemo.NotFound):
            memory.get("nobody")

    def test_an_argument_that_cannot_be_sent_is_named(self):
        memory = self.client()
        naive = datetime.datetime(2024, 1, 1)
        wrong = [("tags", lambda: memory.remember("t", tags="health")), ("tags", lambda: memory.remember("t", tags=7)),
                 ("metadata", lambda: memory.remember("t", metadata=7)),
                 ("metadata", lambda: memory.update("m", metadata=[1])),
                 ("time zone", lambda: memory.remember("t", observed_at=naive)),
                 ("no time", lambda: memory.remember("t", expires_at=7)),
                 ("no time", lambda: memory.retrieve("t", reference_time=7)),
                 ("JSON", lambda: memory.remember("t", content=object())),
                 ("JSON", lambda: memory.remember("t", content=float("nan"))),
                 ("JSON", lambda: memory.remember("\ud800")),
                 ("'colour'", lambda: memory.remember("t", colour="red")),
                 ("text", lambda: memory.remember(None)), ("id", lambda: memory.get(7)),
                 ("id", lambda: memory.forget("")), ("agent_id", lambda: memory.get("m", agent_id=7)),
                 ("memories", lambda: memory.remember_batch(7)), ("memories", lambda: memory.remember_batch(["t"])),
                 ("text", lambda: memory.remember_batch([{"id": "m"}])),
                 ("agent", lambda: mnemo.Client(self.server.url).retrieve("of whom?")),
                 ("address", lambda: mnemo.Client("memory.example:7070")),
                 ("PEM", lambda: mnemo.Client(self.server.url, verify="/nonexistent"))]
        for named, call in wrong:
            with self.subTest(named), self.assertRaises(mnemo.ArgumentError) as refused:
                call()
            self.assertIsInstance(refused.exception, (mnemo.InvalidArgument, TypeError, ValueError))
            self.assertIn(named, refused.exception.message)

    def test_the_environment_names_server_key_and_certificates(self):
        with unittest.mock.patch.dict(os.environ, {"MNEMO_SERVER": self.server.url, "MNEMO_API_KEY": "k"}):
            with mnemo.Client(agent_id=self.id()) as memory:
                self.assertEqual(len(memory.list().memories), 0)
                self.assertEqual(memory._http.headers["Authorization"], "Bearer k")
        with unittest.mock.patch.dict(os.environ, {"MNEMO_CA_CERT": "/nonexistent.pem"}):
            with self.assertRaises(mnemo.ArgumentError) as refused:
                mnemo.Client(agent_id="a")
            self.assertIn("MNEMO_CA_CERT", refused.exception.message)

    def test_generated_messages_are_found_beside_the_client(self):
        generated = pathlib.Path(self.directory.name) / "generated"
        (generated / "mnemo/v1").mkdir(parents=True)
        (generated / "mnemo/v1/service_pb2.py").write_text("DESCRIPTOR = 'service.proto'\n")
        for path in (str(generated), os.pathsep.join((mnemo.__path__[0] + "/..", str(generated)))):
            done = subprocess.run([sys.executable, "-c", "import mnemo; from mnemo.v1 import service_pb2; "
                                   "print(mnemo.Client.__name__, service_pb2.DESCRIPTOR)"],
                                  env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.stdout, "Client service.proto\n", done.stderr)

    def test_nobody_there_is_unavailable(self):
        with mnemo.Client("http://127.0.0.1:1", agent_id="a", timeout=0.5) as memory:
            with self.assertRaises(mnemo.Unavailable) as refused:
                memory.retrieve("tea")
        self.assertIn("mnemo serve", refused.exception.message)

    def test_a_packed_context_keeps_its_budget(self):
        memory = self.client()
        for n in range(20):
            memory.remember(f"Nina drank tea number {n} in the garden.")
        found = memory.retrieve("tea", limit=20, context_token_budget=60)
        self.assertIn("tea", found.context)
        self.assertLess(len(found.context), 600)

    def reads_of(self, memory, id):
        return [lambda **given: memory.retrieve("Bern", **given), memory.list, lambda **given: memory.get(id, **given),
                lambda **given: memory.history(id, **given)]

    def test_a_read_waits_for_what_another_client_wrote(self):
        written = self.client().remember("Nina moved to Bern.")
        partition, epoch, offset = written.position.split("-")
        other = self.client()
        for read in self.reads_of(other, written.memory_id):
            read(min_position=written.position)
            read(min_position=[written.position])
            with self.assertRaises(mnemo.PositionLost) as lost:
                read(min_position=f"{partition}-{epoch}-{int(offset) + 1000}")
            self.assertEqual(lost.exception.code, "DATA_LOSS")
        for wrong in ([7], 7, b"0-1-1"):
            with self.assertRaises(mnemo.ArgumentError):
                other.list(min_position=wrong)

    def test_a_wrong_position_of_others_leaves_the_own_one(self):
        memory = self.client()
        own = memory.remember("Nina moved to Bern.").position
        partition, epoch, offset = own.split("-")
        with self.assertRaises(mnemo.PositionLost):
            memory.list(min_position=f"{partition}-{epoch}-{int(offset) + 1000}")
        with self.assertRaises(mnemo.InvalidArgument):
            memory.list(min_position=f"{(int(partition) + 1) % 8}-{epoch}-0")
        self.assertEqual(memory._requests._positions.of(("default", self.id())), [own])

    def test_an_own_position_that_the_log_does_not_have_is_told_once(self):
        memory = self.client()
        written = memory.remember("Nina moved to Bern.")
        partition, epoch, offset = (int(part) for part in written.position.split("-"))
        lost = {"DATA_LOSS": (partition, epoch, offset + 1000),  # of a log that has lost its end
                "FAILED_PRECONDITION": (partition, epoch + 1, offset),  # restored since
                "INVALID_ARGUMENT": ((partition + 1) % 8, epoch, offset)}  # copied to other partitions
        for code, position in lost.items():
            for read in self.reads_of(memory, written.memory_id):
                memory._requests._positions.merge(("default", self.id()), "-".join(map(str, position)))
                with self.assertRaises(mnemo.PositionLost) as told:
                    read()
                self.assertEqual(told.exception.code, code)
                read()
        memory.remember("Nina moved to Bern again.")
        self.assertEqual(len(memory.list().memories), 2)

    def test_after_the_log_was_made_anew_the_first_read_says_what_is_lost_and_the_next_one_answers(self):
        with tempfile.TemporaryDirectory() as directory:
            with Served(directory + "/first") as first, mnemo.Client(first.url, agent_id="nina") as memory:
                for n in range(3):
                    memory.remember(f"number {n}")
                first.kill()
                first.data = pathlib.Path(directory + "/second")
                first._http = first.url.removeprefix("http://")
                first.start().ready()
                with self.assertRaises(mnemo.PositionLost):
                    memory.list()
                self.assertEqual(memory.list().memories, [])

    def test_a_list_is_filtered(self):
        memory = self.client()
        memory.remember_batch([{"text": "one", "tags": ["odd"]}, {"text": "two"}])
        self.assertEqual([m.text for m in memory.list(filter={"tag": "odd"})], ["one"])

    def test_agents_and_all_that_one_remembers(self):
        memory = self.client(namespace=self.id())
        vector = [0.25, -0.5, 1.0]
        memory.remember("cause", id="a", embedding={"model": "words-1", "values": vector})
        memory.remember("effect", id="b")
        memory.link("a", "causes", "b")
        self.assertEqual([(agent.agent_id, agent.memories) for agent in memory.agents()], [(self.id(), 2)])
        everywhere = [agent.namespace for agent in memory.agents(namespace="", limit=1000)]
        self.assertIn(self.id(), everywhere)
        first = memory.export(limit=1)
        self.assertEqual([exported.memory.id for exported in first], ["a"])
        for sent, kept in zip(vector, first.memories[0].embeddings[0]["values"]):
            self.assertAlmostEqual(sent, kept, delta=0.01)
        rest = memory.export(cursor=first.next_cursor)
        self.assertEqual([exported.memory.id for exported in rest.memories], ["b"])
        self.assertEqual(rest.links, [{"from": "a", "type": "causes", "to": "b"}])

    def test_many_threads_read_what_they_wrote(self):
        memory, failures = self.client(), []

        def work(thread):
            for n in range(20):
                written = memory.remember(f"thread {thread} wrote line {n}", agent_id=f"{self.id()}-{thread}")
                got = memory.list(agent_id=f"{self.id()}-{thread}", limit=1).memories
                if got[0].id != written.memory_id:
                    failures.append((thread, n))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_the_client_for_asyncio_does_the_same(self):
        async def work():
            async with mnemo.AsyncClient(self.server.url, agent_id=self.id()) as memory:
                await asyncio.gather(*(memory.remember(f"Nina saw bird {n}.") for n in range(10)))
                return await memory.retrieve("bird", limit=20)
        self.assertEqual(len(asyncio.run(work()).hits), 10)


if __name__ == "__main__":
    unittest.main()
