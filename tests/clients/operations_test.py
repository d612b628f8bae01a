#!/usr/bin/env python3
"""Operations of several steps over a real server and a real directory: commands, rights, and kill -9 between steps."""
import json
import os
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

from served import BINARY, Served


def call(url, path, body=None, key=None, token=None):
    """The status and the JSON of an answer."""
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Idempotency-Key"] = key
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url + path, headers=headers, data=None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def mnemo(*arguments, code=0):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MNEMO_")}
    done = subprocess.run([BINARY, *map(str, arguments), "--json"], capture_output=True, text=True, timeout=120, env=kept)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def log_ends(url):
    return [partition["log_end"] for partition in call(url, "/v1/status")[1]["partitions"]]


class OperationsTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.data = self.directory.name + "/data"

    def served(self, *options):
        server = Served(self.data, *options).start()
        self.addCleanup(server.process_kill)
        server.ready()
        return server

    def check_commands(self, *where):
        self.assertEqual(mnemo("policy", "get", "--namespace", "demo", *where)["version"], 0)
        set_once = mnemo("policy", "set", "--namespace", "demo", "--ttl", "7d", "--key", "k", *where)
        self.assertEqual((set_once["version"], set_once["pending"]), (1, False))
        self.assertEqual(mnemo("policy", "set", "--namespace", "demo", "--ttl", "7d", "--key", "k", *where), set_once)
        error = mnemo("policy", "set", "--namespace", "demo", "--ttl", "8d", "--key", "k", *where, code=2)["error"]
        self.assertEqual(error["code"], "ALREADY_EXISTS")
        error = mnemo("policy", "set", "--namespace", "demo", "--ttl", "week", *where, code=2)["error"]
        self.assertEqual(error["code"], "INVALID_ARGUMENT")
        error = mnemo("policy", "set", "--namespace", "demo", "--ttl", "none", "--record-access", *where, code=2)["error"]
        self.assertEqual(error["code"], "UNIMPLEMENTED")
        self.assertIn("record_access comes with a later version", error["message"])
        again = mnemo("policy", "set", "--namespace", "demo", "--ttl", "none", *where)
        self.assertEqual(mnemo("policy", "get", "--namespace", "demo", *where),
                         {"namespace": "demo", "version": 2, "ttl_ms": 0, "record_access": False})
        listed = mnemo("journal", *where)
        self.assertEqual([o["id"] for o in listed["operations"]], [again["operation"], set_once["operation"]])
        page = mnemo("journal", "--limit", "1", *where)
        self.assertTrue(page["truncated"])
        rest = mnemo("journal", "--limit", "1", "--cursor", page["next_cursor"], *where)
        self.assertEqual([o["id"] for o in rest["operations"]], [set_once["operation"]])
        shown = mnemo("journal", set_once["operation"], *where)
        self.assertEqual((shown["state"], shown["kind"], shown["namespace"]), ("done", "policy", "demo"))
        self.assertEqual(shown["steps"], shown["steps_done"])
        self.assertLessEqual(shown["started_at"], shown["finished_at"])
        self.assertEqual(mnemo("journal", "0" * 32, *where, code=2)["error"]["code"], "NOT_FOUND")
        rules = mnemo("rules", *where)
        self.assertEqual(rules["missing_kinds"], [])
        self.assertIn("PolicyUpdated", rules["active_kinds"])
        self.assertEqual(mnemo("rules", "activate", *where)["activated_in"], [])

    def test_commands_over_a_server(self):
        server = self.served()
        self.check_commands("--server", server.url)
        self.assertEqual(server.stop(), 0)
        # What the server did the directory tells, and goes on from.
        self.assertEqual(mnemo("policy", "get", "--namespace", "demo", "--data", self.data)["version"], 2)

    def test_commands_on_a_directory(self):
        mnemo("import", "/dev/null", "--data", self.data)
        self.check_commands("--data", self.data)

    def test_a_ttl_that_is_set_makes_memories_expire(self):
        server = self.served()
        mnemo("policy", "set", "--namespace", "demo", "--ttl", "1h", "--server", server.url)
        status, told = call(server.url, "/v1/memories", {"namespace": "demo", "agent_id": "a", "text": "soon gone"})
        self.assertEqual(status, 201)
        self.assertIn("expires_at", told["memory"])
        status, told = call(server.url, "/v1/memories", {"namespace": "other", "agent_id": "a", "text": "stays"})
        self.assertNotIn("expires_at", told["memory"])

    def test_rights(self):
        keys = self.directory.name + "/keys"
        token = {}
        for name, namespaces, rights in (("all", "", "read admin"), ("acme", "acme", "read admin"),
                                         ("reader", "acme", "read"), ("writer", "acme", "write")):
            options = [o for right in rights.split() for o in ("--right", right)]
            options += [o for namespace in namespaces.split() for o in ("--namespace", namespace)]
            token[name] = mnemo("auth", "add", "--file", keys, "--name", name, *options)["key"]
        server = self.served("--auth", keys)
        ours = call(server.url, "/v1/admin/policy", {"namespace": "acme", "ttl_ms": 1000}, token=token["acme"])
        self.assertEqual(ours[0], 200)
        theirs = call(server.url, "/v1/admin/policy", {"namespace": "other", "ttl_ms": 1000}, token=token["all"])
        self.assertEqual(theirs[0], 200)
        for name, path, expected in (
                ("acme", f"/v1/journal/{theirs[1]['operation']}", 404), ("reader", f"/v1/journal/{ours[1]['operation']}", 200),
                ("writer", f"/v1/journal/{ours[1]['operation']}", 403), ("writer", "/v1/journal", 403),
                ("reader", "/v1/journal?namespace=other", 404), ("reader", "/v1/admin/policy?namespace=acme", 200),
                ("reader", "/v1/admin/policy?namespace=other", 404), ("reader", "/v1/admin/rules", 403),
                ("all", "/v1/admin/rules", 200)):
            self.assertEqual(call(server.url, path, token=token[name])[0], expected, (name, path))
        self.assertEqual(len(call(server.url, "/v1/journal", token=token["reader"])[1]["operations"]), 1)
        self.assertEqual(len(call(server.url, "/v1/journal", token=token["all"])[1]["operations"]), 2)
        for name, namespace, expected in (("reader", "acme", 403), ("acme", "other", 404), ("writer", "acme", 403)):
            body = {"namespace": namespace, "ttl_ms": 1}
            self.assertEqual(call(server.url, "/v1/admin/policy", body, token=token[name])[0], expected, name)

    def test_a_policy_that_was_killed_between_steps_goes_on_at_the_start_and_is_done_once(self):
        partitions = 200  # so many steps that it can be met between them
        server = self.served("--partitions", partitions, "--memory", "1GiB")
        body = {"namespace": "demo", "ttl_ms": 86400000}
        asking = threading.Thread(target=self.ask_and_be_cut_off, args=(server.url, body))
        asking.start()
        met = {"steps_done": 0}
        while met["steps_done"] < 3:
            operations = call(server.url, "/v1/journal")[1]["operations"]
            met = operations[0] if operations else met
        self.assertEqual(met["state"], "running", "it was done before it could be killed: take more partitions")
        server.kill()
        asking.join()

        server = self.served("--memory", "1GiB")
        found = {"state": "running"}
        while found["state"] == "running":
            found = call(server.url, f"/v1/journal/{met['id']}")[1]["operation"]
        self.assertEqual((found["state"], found["steps"], found["steps_done"]), ("done", partitions, partitions))
        in_force = call(server.url, "/v1/admin/policy?namespace=demo")[1]
        self.assertEqual((in_force["version"], in_force["ttl_ms"]), (1, "86400000"))
        # One event a partition, and on the operation's home its start, its steps and its end: nothing twice.
        genesis = 2
        written = sum(int(end.split("-")[2]) for end in log_ends(server.url)) - partitions * genesis
        self.assertEqual(written, partitions + 1 + partitions + 1)
        status = call(server.url, "/v1/status")[1]
        self.assertEqual({p["skipped"] for p in status["partitions"]}, {"0"})
        self.assertEqual(call(server.url, "/v1/admin/policy", body, key="k")[1]["operation"], met["id"])

        before = log_ends(server.url)
        self.assertEqual(server.stop(), 0)
        server = self.served("--memory", "1GiB")
        self.assertEqual(call(server.url, "/v1/admin/policy", body, key="k")[1]["pending"], False)
        self.assertEqual(log_ends(server.url), before, "what is finished does not go on")

    @staticmethod
    def ask_and_be_cut_off(url, body):
        try:
            call(url, "/v1/admin/policy", body, key="k")
        except OSError:
            pass  # killed


if __name__ == "__main__":
    unittest.main()
