"""One attempt of a request, as httpx sends it, and what its answer or its failure means."""
from __future__ import annotations

import os
import ssl
from typing import Any, Mapping, Optional

import httpx

from ._requests import Request, encoded
from .errors import ArgumentError, DeadlineExceeded, MnemoError, Unavailable, from_answer

DEFAULT_URL = "http://127.0.0.1:7070"
TIMEOUT_MIN = 0.001  # seconds


def default_headers(api_key: Optional[str]) -> Mapping[str, str]:
    api_key = api_key or os.environ.get("MNEMO_API_KEY")
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def arguments(request: Request, left: float) -> Mapping[str, Any]:
    """For httpx's request(); `left`: seconds until the deadline, which the server is told, too."""
    left = max(left, TIMEOUT_MIN)
    headers = {**request.headers, "Grpc-Timeout": f"{max(1, int(left * 1000))}m"}
    body = None if request.json is None else encoded(request.json)
    if body is not None:
        headers["Content-Type"] = "application/json"
    return {"method": request.method, "url": request.path, "content": body, "params": list(request.params),
            "headers": headers, "timeout": httpx.Timeout(left + 1.0, connect=min(left, 5.0), pool=left)}


def answer_of(request: Request, response: httpx.Response) -> Any:
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.status_code >= 300 or body is None:
        raise request.failed(from_answer(response.status_code, body))
    return request.parse(body)


def failure_of(error: httpx.HTTPError, base_url: str) -> MnemoError:
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return DeadlineExceeded(f"no answer from {base_url} in time", retryable=True)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Unavailable(f"nobody whom this machine trusts vouches for {base_url}, or its certificate is of another "
                           f"name: give verify=FILE or MNEMO_CA_CERT ({error})")
    hint = "Is `mnemo serve` running there?"
    if isinstance(error, httpx.RemoteProtocolError):
        hint = "A server with TLS is asked at https://, and the port is that of HTTP, not of gRPC."
    return Unavailable(f"cannot reach {base_url}: {error or type(error).__name__}. {hint}",
                       retryable=isinstance(error, httpx.TransportError))


def checked_url(url: Optional[str]) -> str:
    url = url or os.environ.get("MNEMO_SERVER") or DEFAULT_URL
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ArgumentError(f"not an address of a server: {url!r}; write it like http://127.0.0.1:7070")
    return url.rstrip("/")


def trust(verify: Any) -> Any:
    """For httpx: a file with the certificates to trust becomes what it holds."""
    verify = verify if verify is not None else os.environ.get("MNEMO_CA_CERT") or True
    if not isinstance(verify, (str, os.PathLike)):
        return verify
    try:
        return ssl.create_default_context(cafile=verify)
    except (OSError, ssl.SSLError) as error:
        raise ArgumentError(f"{os.fspath(verify)} (verify, or MNEMO_CA_CERT) is no PEM file of certificates: "
                            f"{error}") from error
