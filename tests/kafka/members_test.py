"""Members of one log on Kafka: each serves reads and writes, and all come to the same."""
import json
import sys
import threading
import time
import unittest

from broker import Broker
from members import KafkaLog, Refused, agree, run


def setUpModule():
    global broker
    broker = Broker()
    unittest.addModuleCleanup(broker.__exit__, None)
    broker.start()


class Members(unittest.TestCase):
    def await_told(self, member, words):
        until = time.monotonic() + 30
        while words not in member.told() and time.monotonic() < until:
            time.sleep(0.1)
        self.assertIn(words, member.told())

    def test_a_retry_at_another_member_is_a_duplicate_and_a_write_is_read_there(self):
        with KafkaLog(broker, prefix="retry") as log:
            one, two = log.member("one"), log.member("two")
            first = one.remember("Runa is the school nurse", idempotency_key="k")
            again = two.remember("Runa is the school nurse", idempotency_key="k")
            self.assertEqual((first["duplicate"], again["duplicate"]), (False, True))
            self.assertEqual(first["memory_id"], again["memory_id"])
            with self.assertRaises(Refused) as refused:
                two.remember("Runa is the dentist", idempotency_key="k")
            self.assertEqual(refused.exception.code, "ALREADY_EXISTS")
            for i in range(50):
                writer, reader = (one, two) if i % 2 else (two, one)
                written = writer.remember(f"the code word of day {i} is w{i}x")
                found = reader.retrieve(f"w{i}x", min_position=[written["position"]])["results"]
                self.assertEqual([r["memory"]["id"] for r in found[:1]], [written["memory_id"]])
            digests = agree([one, two])
            self.assertEqual(digests[0], digests[1])
            self.assertEqual(one.status()["log"], "kafka")

    def test_a_member_that_comes_late_or_was_killed_comes_to_the_same(self):
        with KafkaLog(broker, prefix="late") as log:
            one, two = log.member("one"), log.member("two")
            for i in range(300):
                one.remember(f"text {i}", agent_id=f"agent-{i % 13}", idempotency_key=str(i))
                if i == 150:
                    two.kill()
            two.start().ready()
            three = log.member("three")
            digests = agree([one, two, three])
            self.assertEqual(digests[0], digests[1])
            self.assertEqual(digests[0], digests[2])
            self.assertEqual(sum(int(p["seq"]) for p in digests[0]), 300)

    def test_what_was_acknowledged_survives_a_killed_broker_and_writes_go_on_by_themselves(self):
        with KafkaLog(broker, prefix="killed") as log:
            one, two = log.member("one"), log.member("two")
            acknowledged, stop = {}, threading.Event()

            def write(member, name):
                for i in range(1_000_000):
                    if stop.is_set():
                        return
                    key = f"{name}-{i}"
                    while not stop.is_set():
                        try:
                            done = member.remember(f"what {key} says", agent_id=name, idempotency_key=key)
                            if not done["pending"]:
                                acknowledged[key] = done["memory_id"]
                                break
                        except Refused as refused:
                            self.assertTrue(refused.retryable, refused)
                        time.sleep(0.02)

            writers = [threading.Thread(target=write, args=(m, n)) for m, n in ((one, "w1"), (two, "w2"))]
            for writer in writers:
                writer.start()
            for _ in range(3):
                time.sleep(1.5)
                had = len(acknowledged)
                broker.kill()
                # Without a broker, what is there is still answered.
                self.assertTrue(one.retrieve("what says", agent_id="w1")["results"])
                broker.start()
                until = time.monotonic() + 60
                while len(acknowledged) <= had and time.monotonic() < until:
                    time.sleep(0.05)
                self.assertGreater(len(acknowledged), had, "writes do not go on")
            stop.set()
            for writer in writers:
                writer.join()
            digests = agree([one, two])
            self.assertEqual(digests[0], digests[1])
            for key, memory in acknowledged.items():
                name = key.split("-")[0]
                self.assertEqual(two.ask(f"/v1/memories/{memory}?namespace=test&agent_id={name}")["memory"]["text"],
                                 f"what {key} says")

    def test_a_member_starts_and_answers_while_no_broker_does(self):
        with KafkaLog(broker, prefix="alone") as log:
            one = log.member("one")
            one.remember("the ferry leaves at nine")
            one.stop()
            broker.kill()
            try:
                one.start()
                found = one.retrieve("ferry")
                self.assertEqual(found["results"][0]["memory"]["text"], "the ferry leaves at nine")
                self.assertTrue(found["degraded"])
                self.await_told(one, "log in trouble")
            finally:
                broker.start()
            one.ready()
            self.await_told(one, "log in order")
            self.assertFalse(one.remember("and comes back at noon")["pending"])

    def test_another_secret_another_kind_and_a_topic_that_is_no_log_are_refused_by_name(self):
        with KafkaLog(broker, prefix="refused") as log:
            log.member("one").stop()
            other = log.directory / "other.key"
            other.write_text("0" * 64 + "\n")
            other.chmod(0o600)
            ports = ("--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")

            def refused(*options):
                return run("serve", *ports, *options, code=2).stderr

            kafka = ("--log", "kafka", "--kafka-brokers", broker.address)
            self.assertIn("fingerprint key is not the one", refused(
                *kafka, "--topic-prefix", "refused", "--data", log.directory / "two", "--fingerprint-key", other))
            self.assertIn("--fingerprint-key", refused(
                *kafka, "--topic-prefix", "refused", "--data", log.directory / "three"))
            self.assertIn("follows a log on Kafka", refused("--data", log.directory / "one"))
            self.assertIn("--topic-prefix", refused(
                *kafka, "--topic-prefix", "absent", "--data", log.directory / "one"))
            self.assertIn("topics create", refused(
                *kafka, "--topic-prefix", "absent", "--data", log.directory / "four"))
            run("remember", "--data", log.directory / "embedded", "--agent", "a", "words")
            self.assertIn("holds a log of its own", refused(
                *kafka, "--topic-prefix", "refused", "--data", log.directory / "embedded"))
            broker.topics("--create", "--topic", "plain.events", "--partitions", "1")
            self.assertIn("retention.ms=604800000", refused(
                *kafka, "--topic-prefix", "plain", "--data", log.directory / "five"))

    def test_topics_create_makes_what_is_missing_alone(self):
        with KafkaLog(broker, prefix="missing", partitions=3) as log:
            def create():
                return json.loads(run("topics", "create", *log.options()[2:], "--json").stdout)

            self.assertEqual(create()["made"], [])
            broker.topics("--delete", "--topic", "missing.digests")
            until = time.monotonic() + 20
            while "missing.digests" in broker.topics("--list") and time.monotonic() < until:
                time.sleep(0.1)
            again = create()
            self.assertEqual((again["made"], again["partitions"]), (["missing.digests"], 3))
            self.assertIn("PartitionCount: 3", broker.topics("--describe", "--topic", "missing.digests"))

    def test_a_topic_that_was_deleted_and_made_again_is_not_taken_for_the_log(self):
        with KafkaLog(broker, prefix="again") as log:
            one = log.member("one")
            one.remember("what was before")
            broker.topics("--delete", "--topic", "again.events")
            time.sleep(2)
            run("topics", "create", *log.options()[2:], "--partitions", "4")
            until = time.monotonic() + 30
            told = ""
            while "deleted" not in told and time.monotonic() < until:
                try:
                    one.remember("what comes after")
                except Refused as refused:
                    told = str(refused)
                time.sleep(0.2)
            self.assertIn("deleted and made again", told)
            self.assertEqual(one.retrieve("before")["results"][0]["memory"]["text"], "what was before")


if __name__ == "__main__":
    sys.argv[1:] = sys.argv[2:]  # the first was the binary's path
    unittest.main()
