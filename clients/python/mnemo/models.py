"""What the server answers, as values. Fields that a newer server adds are left out, never an error."""
from __future__ import annotations

import dataclasses
import datetime
import re
from typing import Any, Dict, Iterator, List, Mapping, Optional, Type, TypeVar, Union

from .errors import AlreadyExists, ArgumentError, MnemoError, from_info

Value = Union[str, float, bool]
T = TypeVar("T")

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")


def time_from(text: Optional[str]) -> Optional[datetime.datetime]:
    """RFC 3339 with or without a fraction; None for none."""
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    seconds, fraction, zone = match.groups()
    micros = (fraction or "0").ljust(6, "0")[:6]
    return datetime.datetime.fromisoformat(f"{seconds}.{micros}{'+00:00' if zone == 'Z' else zone}")


def time_text(time: Union[str, datetime.datetime]) -> str:
    """As the server takes it. A datetime without a zone would mean another time on another machine: it is refused."""
    if isinstance(time, str):
        return time
    if not isinstance(time, datetime.datetime):
        raise ArgumentError(f"{time!r} is no time: give a datetime with a time zone, or text such as "
                            "2026-03-02T08:00:00Z")
    if time.tzinfo is None:
        raise ArgumentError("a datetime without a time zone: use datetime.now(timezone.utc) or .replace(tzinfo=...)")
    return time.isoformat(timespec="milliseconds")


def _known(kind: Type[T], json: Mapping[str, Any], **given: Any) -> T:
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{**{name: value for name, value in json.items() if name in names}, **given})


@dataclasses.dataclass(frozen=True)
class Memory:
    id: str
    namespace: str = ""
    agent_id: str = ""
    version: int = 0
    text: str = ""
    session_id: str = ""
    speaker: str = ""
    memory_class: str = "episodic"
    kind: str = "event"
    tier: str = "short"
    tags: List[str] = dataclasses.field(default_factory=list)
    metadata: Dict[str, Value] = dataclasses.field(default_factory=dict)
    content: Any = None
    source: str = ""
    observed_at: Optional[datetime.datetime] = None
    created_at: Optional[datetime.datetime] = None
    recorded_at: Optional[datetime.datetime] = None
    expires_at: Optional[datetime.datetime] = None
    importance: Optional[float] = None
    pinned: bool = False
    superseded: bool = False
    event_id: str = ""

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> "Memory":
        times = {name: time_from(json.get(name)) for name in ("observed_at", "created_at", "recorded_at", "expires_at")}
        return _known(cls, json, memory_class=json.get("class", "episodic"), **times)


@dataclasses.dataclass(frozen=True)
class Written:
    """What became of a write.

    pending    durable, and not applied when the deadline passed: it will be. The same key asks again.
    duplicate  the key had acted before; `memory` is as it is now, or None with `forgotten`, which an update answers:
               what was to be remembered again and was forgotten is AlreadyExists
    """
    position: str
    event_id: str = ""
    memory_id: str = ""
    memory: Optional[Memory] = None
    duplicate: bool = False
    forgotten: bool = False
    pending: bool = False
    key: str = ""  # that the request was sent with

    @classmethod
    def from_json(cls, json: Mapping[str, Any], key: str) -> "Written":
        memory = Memory.from_json(json["memory"]) if json.get("memory") else None
        memory_id = json.get("memory_id") or (memory.id if memory else "")
        return _known(cls, json, memory=memory, memory_id=memory_id, key=key)

    @classmethod
    def remembered(cls, json: Mapping[str, Any], key: str) -> "Written":
        """Of a remember. AlreadyExists, where the same request made a memory before that is gone: nothing was written."""
        written = cls.from_json(json, key)
        if not written.forgotten:
            return written
        raise AlreadyExists(f"nothing was remembered: memory {written.memory_id} was made by the same request, has been "
                            "forgotten or has expired since, and does not come back: give another id or key")


@dataclasses.dataclass(frozen=True)
class Forgotten:
    """How many memories a forget removed; with `pending` they are hidden and their removal goes on: the same call with
    this `key` tells how far it is."""
    forgotten: int
    position: str = ""
    event_id: str = ""
    duplicate: bool = False
    pending: bool = False
    dry_run: bool = False
    key: str = ""  # that the request was sent with

    @classmethod
    def from_json(cls, json: Mapping[str, Any], key: str) -> "Forgotten":
        return _known(cls, json, forgotten=int(json.get("forgotten", 0)), key=key)


_ONE = 2**20  # of what the server has in fixed point


@dataclasses.dataclass(frozen=True)
class TermShare:
    """share: what the word adds to the score. raw_share: the same in fixed point."""
    term: str
    documents: int = 0
    count: int = 0
    raw_share: int = 0

    @property
    def share(self) -> float:
        return self.raw_share / _ONE

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> "TermShare":
        return _known(cls, json, raw_share=int(json.get("share", 0)))


@dataclasses.dataclass(frozen=True)
class Hit:
    """score: comparable within one answer. raw_score: the same as the server has it, in fixed point: 2**20 is 1."""
    memory: Memory
    raw_score: int = 0
    explain: List[TermShare] = dataclasses.field(default_factory=list)

    @property
    def score(self) -> float:
        return self.raw_score / _ONE

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> "Hit":
        return cls(Memory.from_json(json["memory"]), int(json.get("score", 0)),
                   [TermShare.from_json(share) for share in json.get("explain") or []])


@dataclasses.dataclass(frozen=True)
class Retrieved:
    """Best first. Iterates over its hits."""
    hits: List[Hit]
    context: str = ""
    position: str = ""
    cached: bool = False
    degraded: bool = False
    truncated: bool = False
    explain: Optional[Mapping[str, Any]] = None

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> "Retrieved":
        return _known(cls, json, hits=[Hit.from_json(hit) for hit in json.get("results") or []])


@dataclasses.dataclass(frozen=True)
class Page:
    memories: List[Memory]
    next_cursor: str = ""
    truncated: bool = False
    position: str = ""
    degraded: bool = False

    def __iter__(self) -> Iterator[Memory]:
        return iter(self.memories)

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> "Page":
        return _known(cls, json, memories=[Memory.from_json(memory) for memory in json.get("memories") or []])


@dataclasses.dataclass(frozen=True)
class Agent:
    """memories: how many a read shows."""
    namespace: str
    agent_id: str
    memories: int = 0

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> "Agent":
        return _known(cls, json, memories=int(json.get("memories", 0)))


@dataclasses.dataclass(frozen=True)
class AgentPage:
    agents: List[Agent]
    next_cursor: str = ""
    truncated: bool = False
    degraded: bool = False

    def __iter__(self) -> Iterator[Agent]:
        return iter(self.agents)

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> "AgentPage":
        return _known(cls, json, agents=[Agent.from_json(agent) for agent in json.get("agents") or []])


@dataclasses.dataclass(frozen=True)
class Exported:
    """embeddings: each {"model": ..., "values": [...]}, as the server keeps them."""
    memory: Memory
    embeddings: List[Mapping[str, Any]] = dataclasses.field(default_factory=list)

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> "Exported":
        return cls(Memory.from_json(json["memory"]), list(json.get("embeddings") or []))


@dataclasses.dataclass(frozen=True)
class ExportPage:
    """links: each {"from": id, "type": ..., "to": id}; they come after the memories."""
    memories: List[Exported]
    links: List[Mapping[str, str]] = dataclasses.field(default_factory=list)
    next_cursor: str = ""
    truncated: bool = False
    position: str = ""
    degraded: bool = False

    def __iter__(self) -> Iterator[Exported]:
        return iter(self.memories)

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> "ExportPage":
        memories = [Exported.from_json(exported) for exported in json.get("memories") or []]
        return _known(cls, json, memories=memories, links=list(json.get("links") or []))


@dataclasses.dataclass(frozen=True)
class BatchItem:
    """Either of the two, in the place that the memory had in the request."""
    written: Optional[Written] = None
    error: Optional[MnemoError] = None

    @classmethod
    def from_json(cls, json: Mapping[str, Any], key: str) -> "BatchItem":
        if json.get("error"):
            return cls(error=from_info(json["error"]))
        try:
            return cls(written=Written.remembered(json, key))
        except AlreadyExists as error:
            return cls(error=error)
