"""Servers of mnemo that follow one log on a broker of the tests."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from broker import _end_with_parent

MNEMO = sys.argv[1] if len(sys.argv) > 1 else "mnemo"


def run(*args, code=0):
    done = subprocess.run([MNEMO, *map(str, args)], capture_output=True, text=True, timeout=120)
    if done.returncode != code:
        raise AssertionError(f"mnemo {args}: exit {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}")
    return done


class Refused(Exception):
    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]
        self.retryable = error["retryable"]


class Member:
    """One server with a data directory of its own."""

    def __init__(self, log, name, *options):
        self.log = log
        self.data = log.directory / name
        self.options = options
        self.process = None
        self.base = None

    def start(self):
        self.errors = (self.log.directory / f"{self.data.name}.log").open("a+")
        self.process = subprocess.Popen(
            [MNEMO, "serve", "--json", "--data", self.data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0",
             *self.log.options(), *self.options],
            stdout=subprocess.PIPE, stderr=self.errors, text=True, preexec_fn=_end_with_parent)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(30)
            raise AssertionError(f"{self.data.name} does not start: {self.told()[-2000:]}")
        self.base = json.loads(line)["http"]
        return self

    def told(self):
        self.errors.flush()
        return pathlib.Path(self.errors.name).read_text()

    def ask(self, path, body=None, timeout=60):
        request = urllib.request.Request(self.base + path, None if body is None else json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)["error"]) from None

    def ready(self, within=30):
        until = time.monotonic() + within
        while True:
            try:
                with urllib.request.urlopen(self.base + "/readyz", timeout=10):
                    return self
            except urllib.error.HTTPError as error:
                if time.monotonic() > until:
                    raise AssertionError(error.read()) from None
            time.sleep(0.05)

    def remember(self, text, **fields):
        return self.ask("/v1/memories", {"namespace": "test", "agent_id": "a", "text": text, **fields})

    def retrieve(self, query, **fields):
        return self.ask("/v1/retrieve", {"namespace": "test", "agent_id": "a", "query": query, **fields})

    def status(self):
        return self.ask("/v1/status")

    def digests(self):
        return self.ask("/v1/digests")["partitions"]

    def stop(self):
        self.process.terminate()
        if self.process.wait(30) != 0:
            raise AssertionError(self.told()[-2000:])

    def kill(self):
        self.process.kill()
        self.process.wait()


class KafkaLog:
    """A log on a broker, made by `mnemo topics create`, and its members."""

    def __init__(self, broker, partitions=4, prefix="mnemo"):
        self.broker = broker
        self.prefix = prefix
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mnemo-members-"))
        self.key = self.directory / "fingerprint.key"
        self.members = []
        run("topics", "create", *self.options()[2:], "--partitions", partitions)

    def options(self):
        return ("--log", "kafka", "--kafka-brokers", self.broker.address, "--topic-prefix", self.prefix,
                "--fingerprint-key", self.key)

    def member(self, name, *options):
        self.members.append(Member(self, name, *options).start().ready())
        return self.members[-1]

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        for member in self.members:
            if member.process.poll() is None:
                member.kill()
        if kind is None:
            shutil.rmtree(self.directory, ignore_errors=True)
        else:
            print(f"the members' files stay in {self.directory}", file=sys.stderr)


def agree(members, within=20):
    """Waits until every member has applied all of the log, and gives their digests, one a member."""
    until = time.monotonic() + within
    while True:
        behind = [p for m in members for p in m.status()["partitions"] if p["lag"] != "0"]
        if not behind:
            digests = [m.digests() for m in members]
            if all(d == digests[0] for d in digests) or time.monotonic() > until:
                return digests
        if time.monotonic() > until:
            raise AssertionError(f"behind: {behind}")
        time.sleep(0.05)
