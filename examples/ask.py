#!/usr/bin/env python3
"""Asks an agent of a running server a question, and prints the memories that answer it.

    ask.py URL NAMESPACE AGENT QUESTION

Needs the client: pip install ./clients/python
"""
import sys

from mnemo import Client


def main():
    url, namespace, agent, question = sys.argv[1:]
    with Client(url, namespace=namespace, agent_id=agent) as memory:
        for hit in memory.retrieve(question, limit=3):
            print(f"{hit.score:8.4f}  {hit.memory.text}")


if __name__ == "__main__":
    main()
