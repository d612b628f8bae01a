"""What this client has written, so that it reads it again wherever it asks next."""
from __future__ import annotations

import collections
import threading
from typing import List, Tuple

Agent = Tuple[str, str]
AGENTS_MAX = 10_000


def _order(position: str) -> Tuple[int, ...]:
    """partition-epoch-offset; of one agent, all are of one partition, unless the log is another one."""
    return tuple(int(part) for part in position.split("-"))


class Positions:
    """The latest position of each agent that was written to. Of more than AGENTS_MAX, the one written to longest ago
    is dropped: a read of it no longer waits. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: "collections.OrderedDict[Agent, str]" = collections.OrderedDict()

    def merge(self, agent: Agent, position: str) -> None:
        if not position:
            return
        with self._lock:
            known = self._latest.get(agent)
            if known is None or _order(position) > _order(known) or _order(position)[0] != _order(known)[0]:
                self._latest[agent] = position
            self._latest.move_to_end(agent)
            while len(self._latest) > AGENTS_MAX:
                self._latest.popitem(last=False)

    def drop(self, agent: Agent, position: str) -> None:
        """No read waits for it any more."""
        with self._lock:
            if self._latest.get(agent) == position:
                del self._latest[agent]

    def of(self, agent: Agent) -> List[str]:
        with self._lock:
            position = self._latest.get(agent)
        return [position] if position else []
