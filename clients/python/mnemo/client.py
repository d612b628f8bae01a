"""The blocking client."""
from __future__ import annotations

import time
from typing import Any, Optional

import httpx

from . import _transport
from ._calls import Calls
from ._requests import Request
from ._retry import RetryPolicy
from .errors import MnemoError


class Client(Calls):
    """Talks to one mnemo server, over connections that it keeps. Thread-safe.

        with Client(agent_id="nina") as memory:
            memory.remember("Nina is allergic to walnuts.")
            for hit in memory.retrieve("What must she not eat?"):
                print(hit.memory.text)

    url               default: $MNEMO_SERVER, else http://127.0.0.1:7070
    api_key           default: $MNEMO_API_KEY
    timeout           seconds for a call with all its retries
    read_your_writes  reads wait until what this client has written to the agent is applied
    verify            of https: True, False, or a file with the certificates to trust; default: $MNEMO_CA_CERT, else
                      those that the system trusts
    """

    def __init__(self, url: Optional[str] = None, *, namespace: str = "default", agent_id: Optional[str] = None,
                 api_key: Optional[str] = None, timeout: float = 30.0, retry: RetryPolicy = RetryPolicy(),
                 read_your_writes: bool = True, verify: Any = None) -> None:
        super().__init__(namespace, agent_id, read_your_writes)
        self._url = _transport.checked_url(url)
        self._timeout = timeout
        self._retry = retry
        self._http = httpx.Client(base_url=self._url, verify=_transport.trust(verify), trust_env=False,
                                  headers=_transport.default_headers(api_key))

    def _call(self, request: Request) -> Any:
        deadline = time.monotonic() + self._timeout
        failed = 0
        while True:
            try:
                return self._attempt(request, deadline - time.monotonic())
            except MnemoError as error:
                failed += 1
                pause = self._retry.pause(failed, error, deadline - time.monotonic())
                if pause is None:
                    raise
            time.sleep(pause)

    def _attempt(self, request: Request, left: float) -> Any:
        try:
            response = self._http.request(**_transport.arguments(request, left))
        except httpx.HTTPError as error:
            raise _transport.failure_of(error, self._url) from error
        return _transport.answer_of(request, response)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
