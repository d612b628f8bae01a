"""A server of its own for a test: the real binary on a directory, on ports that are free."""
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

BINARY = os.environ["MNEMO_BIN"]


class Served:
    """With `with`: stopped at the end, and must then have ended well, unless it was killed."""

    def __init__(self, data, *options, http="127.0.0.1:0", stderr=None):
        self.data = pathlib.Path(data)
        self._options = [str(option) for option in options]
        self._http = http
        self._stderr = stderr
        self.process = None
        self.url = None
        self.grpc = None

    def start(self):
        """Returns when the doors are open."""
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", str(self.data), "--http", self._http, "--grpc", "127.0.0.1:0", "--json",
             *self._options], stdout=subprocess.PIPE, stderr=self._stderr, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the server ended with {self.process.wait()} before it served")
        said = json.loads(line)
        if "http" not in said:
            raise AssertionError(f"the server said {line!r}")
        self.url, self.grpc = said["http"], said["grpc"]
        return self

    def ready(self, seconds=30):
        """Seconds until /readyz said so."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            try:
                with urllib.request.urlopen(self.url + "/readyz", timeout=5):
                    return time.monotonic() - began
            except urllib.error.HTTPError:
                time.sleep(0.01)
        raise AssertionError(f"not ready after {seconds} s")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def process_kill(self):
        """Whatever happens to the test, its server ends with it."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()

    def stop(self, seconds=30):
        """Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=seconds)
        self.process.stdout.close()
        return code

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            code = self.stop()
            assert kind is not None or code == 0, f"the server ended with {code}"
