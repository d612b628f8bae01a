"""The methods that both clients have: Client answers from each at once, AsyncClient has them awaited.

A call goes to the agent that the client was made for, unless `namespace` or `agent_id` name another. A read (but for
`agents` and `export`, which wait for nothing) waits for what this client has written to the agent, and for
`min_position`, one position or several, which another client's writes were answered with: PositionLost, where the
server does not have them. Every write takes `key`, the idempotency key; without one a new key is made, and the same
is sent with each retry. A process that may die between a write and what it does next should choose keys of its own,
from what the memory is about: then doing everything again makes nothing twice.
"""
from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from . import models
from ._positions import Agent, Positions
from ._requests import BATCH_MAX, KEEP, MinPosition, Request, Requests, Time, checked_text, memory_json
from .errors import ArgumentError


class Calls:
    _requests: Requests

    def __init__(self, namespace: str, agent_id: Optional[str], read_your_writes: bool) -> None:
        self._namespace = namespace
        self._agent_id = agent_id
        self._requests = Requests(Positions() if read_your_writes else None)

    def _call(self, request: Request) -> Any:
        raise NotImplementedError

    def _agent(self, namespace: Optional[str], agent_id: Optional[str]) -> Agent:
        agent = agent_id if agent_id is not None else self._agent_id
        if not agent:
            raise ArgumentError("which agent? Give agent_id to the client or to the call")
        name = namespace if namespace is not None else self._namespace
        return (checked_text("namespace", name), checked_text("agent_id", agent))

    def remember(self, text: str, *, key: Optional[str] = None, namespace: Optional[str] = None,
                 agent_id: Optional[str] = None, **fields: Any) -> Any:
        """Makes a memory and returns it as Written.

        Fields: id, session_id, speaker, memory_class ("episodic", "semantic", "procedural", "working"), kind, tags,
        metadata ({name: str, number or bool}), content (any JSON), source, observed_at, expires_at (datetime with a
        zone, or RFC 3339), importance (0 to 1), pinned, tier, embedding ({"model": ..., "values": [floats]}).
        """
        agent = self._agent(namespace, agent_id)
        return self._call(self._requests.remember(agent, memory_json(agent, text, **fields), key))

    def remember_batch(self, memories: Sequence[Mapping[str, Any]], *, namespace: Optional[str] = None,
                       agent_id: Optional[str] = None) -> Any:
        """Up to 1,000 memories as dicts of remember()'s arguments (`text` and `key` among them), in order.

        Returns a BatchItem for each: what failed says so in its place, and the others stand.
        """
        if not isinstance(memories, (list, tuple)) or not all(isinstance(memory, Mapping) for memory in memories):
            raise ArgumentError("memories must be a list of dicts, each with remember()'s arguments")
        if not 1 <= len(memories) <= BATCH_MAX:
            raise ArgumentError(f"a batch has 1 to {BATCH_MAX} memories, not {len(memories)}")
        return self._call(self._requests.remember_batch(
            [self._batch_entry(dict(memory), namespace, agent_id) for memory in memories]))

    def _batch_entry(self, memory: dict, namespace: Optional[str], agent_id: Optional[str]) -> Mapping[str, Any]:
        agent = self._agent(memory.pop("namespace", namespace), memory.pop("agent_id", agent_id))
        key = memory.pop("key", None)
        if "text" not in memory:
            raise ArgumentError("a memory of the batch has no text")
        entry = memory_json(agent, **memory)
        return {**entry, "idempotency_key": key} if key else entry

    def retrieve(self, query: Optional[str] = None, *, namespace: Optional[str] = None, agent_id: Optional[str] = None,
                 limit: Optional[int] = None, filter: Optional[Mapping[str, Any]] = None,
                 session_id: Optional[str] = None, reference_time: Optional[Time] = None, explain: bool = False,
                 no_cache: bool = False, context_token_budget: Optional[int] = None,
                 min_position: MinPosition = None) -> Any:
        """The memories that matter for `query`, best first, as Retrieved; without one, the newest.

        With `context_token_budget`, `.context` holds them as text for a prompt.
        """
        return self._call(self._requests.retrieve(
            self._agent(namespace, agent_id), query, limit=limit, filter=filter, session_id=session_id,
            reference_time=reference_time, explain=explain, no_cache=no_cache,
            context_token_budget=context_token_budget, min_position=min_position))

    def get(self, id: str, *, namespace: Optional[str] = None, agent_id: Optional[str] = None,
            min_position: MinPosition = None) -> Any:
        """One Memory; NotFound when it is not there, forgotten or expired."""
        return self._call(self._requests.get(self._agent(namespace, agent_id), id, min_position))

    def history(self, id: str, *, namespace: Optional[str] = None, agent_id: Optional[str] = None,
                min_position: MinPosition = None) -> Any:
        """Every version, newest first."""
        return self._call(self._requests.history(self._agent(namespace, agent_id), id, min_position))

    def list(self, *, limit: int = 100, cursor: Optional[str] = None, filter: Optional[Mapping[str, Any]] = None,
             namespace: Optional[str] = None, agent_id: Optional[str] = None,
             min_position: MinPosition = None) -> Any:
        """A Page, newest first; pass its next_cursor for the next one."""
        return self._call(self._requests.list(self._agent(namespace, agent_id), limit, cursor, filter, min_position))

    def agents(self, *, limit: int = 100, cursor: Optional[str] = None, namespace: Optional[str] = None) -> Any:
        """An AgentPage of the agents that are known in a namespace (the client's own, unless another is named; "" is
        every one)."""
        name = checked_text("namespace", namespace if namespace is not None else self._namespace)
        return self._call(self._requests.agents(name or None, limit, cursor))

    def export(self, *, limit: int = 100, cursor: Optional[str] = None, namespace: Optional[str] = None,
               agent_id: Optional[str] = None) -> Any:
        """An ExportPage of all that the agent remembers, oldest first, with embeddings and links."""
        return self._call(self._requests.export(self._agent(namespace, agent_id), limit, cursor))

    def update(self, id: str, *, expected_version: Optional[int] = None, key: Optional[str] = None,
               namespace: Optional[str] = None, agent_id: Optional[str] = None, text: Any = KEEP,
               session_id: Any = KEEP, speaker: Any = KEEP, memory_class: Any = KEEP, kind: Any = KEEP,
               tags: Any = KEEP, metadata: Any = KEEP, content: Any = KEEP, source: Any = KEEP,
               observed_at: Any = KEEP, expires_at: Any = KEEP, importance: Any = KEEP, pinned: Any = KEEP,
               tier: Any = KEEP) -> Any:
        """Makes a new version. What is not given stays; expires_at=None and content=None remove.

        Aborted, where expected_version is not the one there is.
        """
        changes = {"text": text, "session_id": session_id, "speaker": speaker, "memory_class": memory_class,
                   "kind": kind, "tags": tags, "metadata": metadata, "content": content, "source": source,
                   "observed_at": observed_at, "expires_at": expires_at, "importance": importance, "pinned": pinned,
                   "tier": tier}
        return self._call(self._requests.update(self._agent(namespace, agent_id), id, changes, expected_version, key))

    def forget(self, id: str, *, expected_version: Optional[int] = None, key: Optional[str] = None,
               namespace: Optional[str] = None, agent_id: Optional[str] = None) -> Any:
        """Removes a memory and its versions; returns Forgotten."""
        return self._call(self._requests.forget(self._agent(namespace, agent_id), id, expected_version, key))

    def forget_where(self, filter: Mapping[str, Any], *, dry_run: bool = False, key: Optional[str] = None,
                     namespace: Optional[str] = None, agent_id: Optional[str] = None) -> Any:
        """Removes what the filter matches; with dry_run only counts."""
        return self._call(self._requests.forget_where(self._agent(namespace, agent_id), filter, dry_run, key))

    def link(self, id: str, type: str, to: str, *, key: Optional[str] = None, namespace: Optional[str] = None,
             agent_id: Optional[str] = None) -> Any:
        """Links a memory to another of the same agent."""
        return self._call(self._requests.link(self._agent(namespace, agent_id), "POST", id, type, to, key))

    def unlink(self, id: str, type: str, to: str, *, key: Optional[str] = None, namespace: Optional[str] = None,
               agent_id: Optional[str] = None) -> Any:
        return self._call(self._requests.link(self._agent(namespace, agent_id), "DELETE", id, type, to, key))

    def status(self) -> Any:
        """How far each partition is, as a dict."""
        return self._call(self._requests.status())

    def digests(self) -> Any:
        """What a replica must have too, as a dict."""
        return self._call(self._requests.digests())
