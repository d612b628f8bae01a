"""The client for asyncio: the same calls, awaited."""
from __future__ import annotations

import asyncio
import time
from typing import Any, Optional

import httpx

from . import _transport
from ._calls import Calls
from ._requests import Request
from ._retry import RetryPolicy
from .errors import MnemoError


class AsyncClient(Calls):
    """As Client, for one event loop.

        async with AsyncClient(agent_id="nina") as memory:
            await memory.remember("Nina is allergic to walnuts.")
    """

    def __init__(self, url: Optional[str] = None, *, namespace: str = "default", agent_id: Optional[str] = None,
                 api_key: Optional[str] = None, timeout: float = 30.0, retry: RetryPolicy = RetryPolicy(),
                 read_your_writes: bool = True, verify: Any = None) -> None:
        super().__init__(namespace, agent_id, read_your_writes)
        self._url = _transport.checked_url(url)
        self._timeout = timeout
        self._retry = retry
        self._http = httpx.AsyncClient(base_url=self._url, verify=_transport.trust(verify), trust_env=False,
                                       headers=_transport.default_headers(api_key))

    async def _call(self, request: Request) -> Any:
        deadline = time.monotonic() + self._timeout
        failed = 0
        while True:
            try:
                return await self._attempt(request, deadline - time.monotonic())
            except MnemoError as error:
                failed += 1
                pause = self._retry.pause(failed, error, deadline - time.monotonic())
                if pause is None:
                    raise
            await asyncio.sleep(pause)

    async def _attempt(self, request: Request, left: float) -> Any:
        try:
            response = await self._http.request(**_transport.arguments(request, left))
        except httpx.HTTPError as error:
            raise _transport.failure_of(error, self._url) from error
        return _transport.answer_of(request, response)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.aclose()
