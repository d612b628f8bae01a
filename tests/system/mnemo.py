"""What the system tests share: running the binary, temporary directories, generated memories."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

MNEMO = os.environ["MNEMO_BIN"]
VICTIM = os.environ["MNEMO_VICTIM"]
ROW_EDIT = os.environ["MNEMO_ROW_EDIT"]
APPEND_NEWER = os.environ["MNEMO_APPEND_NEWER"]


def run(*args, code=0, **kwargs):
    """Runs mnemo and returns its standard output; any other exit code than `code` is a failure that shows everything."""
    done = subprocess.run([MNEMO, *map(str, args)], capture_output=True, text=True, timeout=240, **kwargs)
    if code is not None and done.returncode != code:
        raise AssertionError(f"mnemo {' '.join(map(str, args))}: exit {done.returncode}, not {code}\n"
                             f"{done.stdout}\n{done.stderr}")
    return done.stdout


def run_json(*args, code=0):
    return json.loads(run(*args, "--json", code=code))


def make(data, *options):
    """An empty data directory."""
    run("import", "-", "--data", data, *options, input="")


def error(*args):
    """The error that mnemo answers with."""
    return json.loads(run(*args, "--json", code=2))["error"]


class TempDir:
    """A directory that goes away with the test that passed, and stays, named, with one that failed."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="mnemo-test-"))
        return self.path

    def __exit__(self, kind, *rest):
        if kind is None:
            shutil.rmtree(self.path)
        else:
            print(f"left for a look: {self.path}")


WORDS = ("tea kettle garden rain Lisbon flight meeting deadline sister violin recipe bread mountain bicycle river "
         "camera letter window library coffee market birthday project server backup invoice doctor train winter").split()


def memories(count, agents=3, seed=1):
    """Memories that repeat from the seed, as import takes them."""
    chance = random.Random(seed)
    for i in range(count):
        yield {"namespace": "test", "agent_id": f"agent-{chance.randrange(agents)}", "idempotency_key": f"key-{seed}-{i}",
               "text": " ".join(chance.choice(WORDS) for _ in range(12)) + f" number {i}",
               "session_id": f"session-{i // 20}", "speaker": chance.choice(["Ada", "Ben"]),
               "tags": chance.sample(["home", "work", "travel"], k=chance.randrange(3)),
               "metadata": {"n": i}, "observed_at": f"2026-03-{1 + i % 28:02}T08:00:00Z"}


def write_jsonl(path, objects):
    with open(path, "w", encoding="utf-8") as file:
        for each in objects:
            file.write(json.dumps(each) + "\n")
    return path


def fingerprint(directory):
    """Of every file's name and bytes, and of the folders."""
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            for path in sorted(pathlib.Path(directory).rglob("*"))}


def state_dir(data):
    found = [p for p in pathlib.Path(data).iterdir() if p.name.startswith("state-")]
    assert len(found) == 1, found
    return found[0]


def status(data):
    return run_json("status", "--data", data)


def append_newer(data, agent):
    """Halts the agent's partition; the position of the record that does."""
    done = subprocess.run([APPEND_NEWER, str(data), agent], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def row_edit(data, partition, *args):
    done = subprocess.run([ROW_EDIT, str(state_dir(data)), str(partition), *map(str, args)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
