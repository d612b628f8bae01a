"""One attempt of a request, as httpx sends it, and what its answer or its failure means."""
from __future__ import annotations

from typing import Any, Mapping, Optional

import httpx

from ._requests import Request
from .errors import DeadlineExceeded, MnemoError, Unavailable, from_answer

TIMEOUT_MIN = 0.001  # seconds


def default_headers(api_key: Optional[str]) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def arguments(request: Request, left: float) -> Mapping[str, Any]:
    """For httpx's request(); `left`: seconds until the deadline, which the server is told, too."""
    left = max(left, TIMEOUT_MIN)
    headers = {**request.headers, "Grpc-Timeout": f"{max(1, int(left * 1000))}m"}
    return {"method": request.method, "url": request.path, "json": request.json, "params": list(request.params),
            "headers": headers, "timeout": httpx.Timeout(left + 1.0, connect=min(left, 5.0), pool=left)}


def answer_of(request: Request, response: httpx.Response) -> Any:
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.status_code >= 300 or body is None:
        raise from_answer(response.status_code, body)
    return request.parse(body)


def failure_of(error: httpx.HTTPError, base_url: str) -> MnemoError:
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return DeadlineExceeded(f"no answer from {base_url} in time", retryable=True)
    return Unavailable(f"cannot reach {base_url}: {error or type(error).__name__}. Is `mnemo serve` running there?",
                       retryable=isinstance(error, httpx.TransportError))


def checked_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"not an address of a server: {url!r}; write it like http://127.0.0.1:7070")
    return url.rstrip("/")
