"""An import that is killed at ten random moments and run again ends where an undisturbed one does."""
import random
import signal
import subprocess
import time
import unittest

from mnemo import MNEMO, TempDir, memories, run, run_json, status, write_jsonl


class KilledImport(unittest.TestCase):
    def test_ten_kills_leave_no_trace(self):
        seed = random.randrange(1 << 32)
        print("seed", seed)
        chance = random.Random(seed)
        with TempDir() as d:
            path = write_jsonl(d / "in.jsonl", memories(20000, agents=5))
            started = time.monotonic()
            run("import", "--data", d / "calm", path)
            whole = time.monotonic() - started
            kills = 0
            for _ in range(10):
                child = subprocess.Popen([MNEMO, "import", "--data", str(d / "killed"), str(path)],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0.02, whole * 0.9))
                kills += child.poll() is None
                child.send_signal(signal.SIGKILL)
                child.wait()
            print("killed while it ran:", kills)
            run("import", "--data", d / "killed", path)
            calm, killed = status(d / "calm"), status(d / "killed")
            self.assertGreaterEqual(kills, 5)
            self.assertEqual((calm["memories"], calm["content"]), (20000, killed["content"]))
            self.assertEqual(killed["memories"], 20000)
            again = run_json("import", "--data", d / "killed", path)
            self.assertEqual((again["remembered"], again["duplicates"]), (0, 20000))
            run("verify", "--data", d / "killed")


if __name__ == "__main__":
    unittest.main()
