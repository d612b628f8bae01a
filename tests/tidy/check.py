"""Reads the checkout and fails on every habit of rules.py that is broken. Usage: check.py [ROOT]"""
import pathlib
import sys

import rules


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    tree = rules.Tree(root)
    if not tree.sources(*rules.ARROWS):
        raise SystemExit(f"no sources of ours below {root}")
    found = 0
    for rule in rules.RULES:
        for path, line, message in rule(tree):
            print(f"{path}:{line}: {message} [{rule.__name__}]")
            found += 1
    print(f"{len(tree.paths)} files, {len(rules.RULES)} rules, {found} broken")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
