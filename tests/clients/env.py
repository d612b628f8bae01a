#!/usr/bin/env python3
"""Makes a virtual environment in DIR with the Python client installed from its source, as a user would.

    env.py DIR
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import venv

CLIENT = pathlib.Path(__file__).resolve().parents[2] / "clients/python"


def main():
    target = pathlib.Path(sys.argv[1])
    if not (target / "bin/pip").exists():
        venv.create(target, with_pip=True)
    # pip builds where the source is; the checkout stays as it is.
    with tempfile.TemporaryDirectory() as scratch:
        source = shutil.copytree(CLIENT, pathlib.Path(scratch) / "client")
        subprocess.run([target / "bin/pip", "install", "--quiet", "--disable-pip-version-check", source], check=True)


if __name__ == "__main__":
    main()
