"""Requests as data, and answers from it: what both clients share. No I/O here."""
from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import json
import secrets
import urllib.parse
from typing import Any, Callable, Dict, Generic, List, Mapping, Optional, Sequence, TypeVar, Union

from . import models
from ._positions import Agent, Positions
from .errors import ArgumentError, DataLoss, FailedPrecondition, MnemoError, PositionLost

T = TypeVar("T")
Time = Union[str, datetime.datetime]
MinPosition = Union[None, str, Sequence[str]]
BATCH_MAX = 1000


class Keep:
    """Of an update: leave the field as it is."""

    def __repr__(self) -> str:
        return "KEEP"


KEEP: Any = Keep()


@dataclasses.dataclass(frozen=True)
class Request(Generic[T]):
    method: str
    path: str
    parse: Callable[[Any], T]
    json: Any = None
    params: Sequence[tuple] = ()
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    failed: Callable[[MnemoError], MnemoError] = lambda error: error  # what an answer that is an error is raised as


def new_key() -> str:
    return secrets.token_hex(16)


def _set(**fields: Any) -> Dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _time(value: Optional[Time]) -> Optional[str]:
    return None if value is None else models.time_text(value)


def checked_text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ArgumentError(f"{name} must be a string, not {value!r}")


def _tags(tags: Any) -> List[str]:
    if isinstance(tags, str) or not isinstance(tags, collections.abc.Iterable):
        raise ArgumentError(f"tags must be a list of strings, not {tags!r}")
    return list(tags)


def _metadata(metadata: Any) -> Dict[str, models.Value]:
    if not isinstance(metadata, collections.abc.Mapping):
        raise ArgumentError(f"metadata must be a dict of strings, numbers and booleans, not {metadata!r}")
    return dict(metadata)


# What has a form of its own in a request; everything else goes as it is.
_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "tags": _tags, "metadata": _metadata, "observed_at": models.time_text, "expires_at": models.time_text}
FIELDS = ("id", "session_id", "speaker", "memory_class", "kind", "tags", "metadata", "content", "source", "observed_at",
          "expires_at", "importance", "pinned", "tier", "embedding")


def _field(name: str, value: Any) -> Any:
    return value if value is None or name not in _FORMS else _FORMS[name](value)


def _json_name(name: str) -> str:
    return "class" if name == "memory_class" else name


def memory_json(agent: Agent, text: str, **fields: Any) -> Dict[str, Any]:
    """A memory as the server takes it; what is None is left to the server's default."""
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise ArgumentError(f"a memory has no field {unknown[0]!r}: there are {', '.join(FIELDS)}")
    given = {_json_name(name): _field(name, value) for name, value in fields.items() if value is not None}
    return {"namespace": agent[0], "agent_id": agent[1], "text": checked_text("text", text), **given}


def encoded(body: Any) -> bytes:
    """JSON, as the server takes it."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except (TypeError, ValueError) as error:  # of a value somewhere in it; a lone surrogate is a ValueError
        raise ArgumentError(f"the request holds what JSON cannot: {error}") from error


def _memory_path(id: str, rest: str = "") -> str:
    if not checked_text("id", id):
        raise ArgumentError("the id of a memory is empty")
    return "/v1/memories/" + urllib.parse.quote(id, safe="") + rest


class Requests:
    """Makes requests, and notes the positions that their answers carry."""

    def __init__(self, positions: Optional[Positions]) -> None:
        self._positions = positions

    def _seen(self, agent: Agent, answer: T) -> T:
        if self._positions is not None:
            self._positions.merge(agent, getattr(answer, "position", ""))
        return answer

    def _written_before(self, agent: Agent) -> List[str]:
        return self._positions.of(agent) if self._positions is not None else []

    def _scope(self, agent: Agent, **more: Any) -> List[tuple]:
        scope = [("namespace", agent[0]), ("agent_id", agent[1]), *_set(**more).items()]
        return scope

    def _read(self, agent: Agent, path: str, parse: Callable[[Any], T], min_position: MinPosition,
              **more: Any) -> Request[T]:
        wait_for = self._wait_for(agent, min_position)
        params = self._scope(agent, **more) + [("min_position", position) for position in wait_for]
        return Request("GET", path, parse, params=params, failed=self._forgets(agent, wait_for))

    def _wait_for(self, agent: Agent, min_position: MinPosition) -> List[str]:
        given = [] if min_position is None else [min_position] if isinstance(min_position, str) else min_position
        if not isinstance(given, (list, tuple)):
            raise ArgumentError(f"min_position must be a string or a list of strings, not {given!r}")
        return [checked_text("min_position", position) for position in given] + self._written_before(agent)

    def _forgets(self, agent: Agent, wait_for: Sequence[str]) -> Callable[[MnemoError], MnemoError]:
        """A position that the server says it does not have is not sent again."""

        def failed(error: MnemoError) -> MnemoError:
            own = set(self._written_before(agent))
            lost = [position for position in wait_for if error.message.startswith(f"min_position {position} ")]
            # A log with another number of partitions calls a position of this client's an invalid one.
            known = isinstance(error, (FailedPrecondition, DataLoss)) or own.intersection(lost)
            if not lost or not known:
                return error
            if self._positions is not None:
                for position in lost:
                    self._positions.drop(agent, position)
            return PositionLost(error.message, code=error.code, details=error.details)

        return failed

    def _write(self, agent: Agent, method: str, path: str, key: Optional[str], *, json: Any = None,
               params: Sequence[tuple] = (), parse: Callable[[Any, str], T], make_key: bool = True) -> Request[T]:
        sent = key or (new_key() if make_key else "")
        return Request(method, path, lambda body: self._seen(agent, parse(body, sent)), json, params,
                       {"Idempotency-Key": sent} if sent else {})

    def remember(self, agent: Agent, memory: Mapping[str, Any], key: Optional[str]) -> Request[models.Written]:
        # An id makes a retry as safe as a key does, and lets a program be run again.
        return self._write(agent, "POST", "/v1/memories", key, json=memory, parse=models.Written.remembered,
                           make_key="id" not in memory)

    def remember_batch(self, memories: Sequence[Mapping[str, Any]]) -> Request[List[models.BatchItem]]:
        """Each memory has a key of its own, or an id."""
        sent = [memory if "id" in memory or "idempotency_key" in memory else {**memory, "idempotency_key": new_key()}
                for memory in memories]

        def parse(body: Any) -> List[models.BatchItem]:
            items = [models.BatchItem.from_json(result, memory.get("idempotency_key", ""))
                     for result, memory in zip(body["results"], sent)]
            for item, memory in zip(items, sent):
                if item.written:
                    self._seen((memory["namespace"], memory["agent_id"]), item.written)
            return items

        return Request("POST", "/v1/memories:batch", parse, {"memories": sent})

    def update(self, agent: Agent, id: str, changes: Mapping[str, Any], expected_version: Optional[int],
               key: Optional[str]) -> Request[models.Written]:
        """What is KEEP stays; None removes."""
        body = {_json_name(name): _field(name, value) for name, value in changes.items() if value is not KEEP}
        body.update(_set(expected_version=expected_version))
        return self._write(agent, "PATCH", _memory_path(id), key, json=body, params=self._scope(agent),
                           parse=models.Written.from_json)

    def forget(self, agent: Agent, id: str, expected_version: Optional[int],
               key: Optional[str]) -> Request[models.Forgotten]:
        return self._write(agent, "DELETE", _memory_path(id), key,
                           params=self._scope(agent, expected_version=expected_version),
                           parse=models.Forgotten.from_json)

    def forget_where(self, agent: Agent, filter: Mapping[str, Any], dry_run: bool,
                     key: Optional[str]) -> Request[models.Forgotten]:
        body = {"namespace": agent[0], "agent_id": agent[1], "filter": filter, "dry_run": dry_run}
        return self._write(agent, "POST", "/v1/forget", key, json=body,
                           parse=models.Forgotten.from_json)

    def link(self, agent: Agent, method: str, id: str, type: str, to: str,
             key: Optional[str]) -> Request[models.Written]:
        return self._write(agent, method, _memory_path(id, "/links"), key, json={"type": type, "to": to},
                           params=self._scope(agent), parse=models.Written.from_json)

    def get(self, agent: Agent, id: str, min_position: MinPosition) -> Request[models.Memory]:
        return self._read(agent, _memory_path(id), lambda body: models.Memory.from_json(body["memory"]), min_position)

    def history(self, agent: Agent, id: str, min_position: MinPosition) -> Request[List[models.Memory]]:
        return self._read(agent, _memory_path(id, "/history"),
                          lambda body: [models.Memory.from_json(version) for version in body["versions"]],
                          min_position)

    def list(self, agent: Agent, limit: int, cursor: Optional[str], filter: Optional[Mapping[str, Any]],
             min_position: MinPosition) -> Request[models.Page]:
        return self._read(agent, "/v1/memories", models.Page.from_json, min_position, limit=limit, cursor=cursor,
                          filter=None if filter is None else encoded(filter).decode("utf-8"))

    def agents(self, namespace: Optional[str], limit: int, cursor: Optional[str]) -> Request[models.AgentPage]:
        return Request("GET", "/v1/agents", models.AgentPage.from_json,
                       params=list(_set(namespace=namespace, limit=limit, cursor=cursor).items()))

    def export(self, agent: Agent, limit: int, cursor: Optional[str]) -> Request[models.ExportPage]:
        return Request("GET", "/v1/export", models.ExportPage.from_json,
                       params=self._scope(agent, limit=limit, cursor=cursor))

    def retrieve(self, agent: Agent, query: Optional[str], *, limit: Optional[int] = None,
                 filter: Optional[Mapping[str, Any]] = None, session_id: Optional[str] = None,
                 reference_time: Optional[Time] = None, explain: bool = False, no_cache: bool = False,
                 context_token_budget: Optional[int] = None,
                 min_position: MinPosition = None) -> Request[models.Retrieved]:
        body = _set(namespace=agent[0], agent_id=agent[1], query=query, limit=limit, filter=filter,
                    session_id=session_id, reference_time=_time(reference_time), explain=explain or None,
                    no_cache=no_cache or None, context_token_budget=context_token_budget)
        wait_for = self._wait_for(agent, min_position)
        if wait_for:
            body["min_position"] = wait_for
        return Request("POST", "/v1/retrieve", models.Retrieved.from_json, body, failed=self._forgets(agent, wait_for))

    @staticmethod
    def status() -> Request[Mapping[str, Any]]:
        return Request("GET", "/v1/status", lambda body: body)

    @staticmethod
    def digests() -> Request[Mapping[str, Any]]:
        return Request("GET", "/v1/digests", lambda body: body)
