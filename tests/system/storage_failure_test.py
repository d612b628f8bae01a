"""A failed sync ends the process: with a code of its own, words about what to do, and every appender told. Nothing that was
acknowledged is lost, and what was not can be sent again."""
import json
import os
import subprocess

from mnemo import TempDir, run, run_json, write_jsonl

VICTIM = os.environ["MNEMO_STORAGE_VICTIM"]


def check(suffix):
    with TempDir() as d:
        data = d / "data"
        done = subprocess.run([VICTIM, str(data), suffix], capture_output=True, text=True, timeout=60)
        said = f"{done.stdout}\n{done.stderr}"
        assert done.returncode == 3, f"exit {done.returncode}: {said}"
        assert "the storage of the log" in done.stderr and "start mnemo again" in done.stderr, said
        told = [line for line in done.stdout.splitlines() if line.startswith("told last UNAVAILABLE")]
        assert len(told) == 1 and "not known" in told[0] and "under the same key" in told[0], said
        acked = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("ack ")}
        assert len(acked) == 20, said
        # In a new process: all of it is there, and the one in doubt acts once.
        again = write_jsonl(d / "again.jsonl", [{"namespace": "storage", "agent_id": "agent", "idempotency_key": "last",
                                                 "text": "memory last"}])
        for _ in range(2):
            assert run_json("import", "--data", data, again)["refused"] == 0
        run("export", "--data", data, "--out", d / "out.jsonl")
        texts = sorted(json.loads(line)["text"] for line in open(d / "out.jsonl", encoding="utf-8"))
        assert texts == sorted(f"memory {key}" for key in acked | {"last"}), texts
        assert run_json("verify", "--data", data)["good"]
        print(f"sync of {suffix} failed: exit 3, everybody told, nothing lost")


if __name__ == "__main__":
    check(".log")
    check("ACKED_END")
