"""What can go wrong, one class a code. The codes are gRPC's, as the server sends them."""
from __future__ import annotations

from typing import Any, Mapping, Optional


class MnemoError(Exception):
    """An answer that is an error, or no answer at all.

    code            name of the gRPC code: "INVALID_ARGUMENT"
    message         what happened, and what to do
    details         more, by name
    retryable       the very same request may succeed later
    retry_after_ms  when, where the server knows
    """

    code = "UNKNOWN"

    def __init__(self, message: str, *, code: Optional[str] = None, details: Optional[Mapping[str, Any]] = None,
                 retryable: bool = False, retry_after_ms: Optional[int] = None) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.message = message
        self.details = dict(details or {})
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Cancelled(MnemoError):
    code = "CANCELLED"


class InvalidArgument(MnemoError):
    """The request is wrong; the message names the field. Nothing was written."""
    code = "INVALID_ARGUMENT"


class ArgumentError(InvalidArgument, TypeError, ValueError):
    """An argument that no request can carry, named in the message. Nothing was sent."""


class DeadlineExceeded(MnemoError):
    """No answer in time. A write may have been done: the same key asks what became of it."""
    code = "DEADLINE_EXCEEDED"


class NotFound(MnemoError):
    code = "NOT_FOUND"


class AlreadyExists(MnemoError):
    """The key, or the id, was used before for another request, or for a memory that has been forgotten since."""
    code = "ALREADY_EXISTS"


class PermissionDenied(MnemoError):
    code = "PERMISSION_DENIED"


class Unauthenticated(MnemoError):
    code = "UNAUTHENTICATED"


class ResourceExhausted(MnemoError):
    """Too much at once: retry_after_ms says when to come again."""
    code = "RESOURCE_EXHAUSTED"


class FailedPrecondition(MnemoError):
    code = "FAILED_PRECONDITION"


class PositionLost(FailedPrecondition):
    """The server does not have what a read was to wait for: its log was restored, has lost its end, or is another's.

    `code` is what the server said of it. Where it was what this client has written, it may be gone; the client waits
    for it no more, and the next read is answered with what is there. A log that was made anew and is as long as the old
    one by now cannot be told from it.
    """


class Aborted(MnemoError):
    """`expected_version` is not the version that there is."""
    code = "ABORTED"


class OutOfRange(MnemoError):
    code = "OUT_OF_RANGE"


class Unimplemented(MnemoError):
    code = "UNIMPLEMENTED"


class Internal(MnemoError):
    code = "INTERNAL"


class Unavailable(MnemoError):
    """The server cannot be reached, or takes nothing now."""
    code = "UNAVAILABLE"


class DataLoss(MnemoError):
    code = "DATA_LOSS"


_BY_CODE = {error.code: error for error in MnemoError.__subclasses__()}


def from_answer(status: int, body: Any) -> MnemoError:
    """The error that an answer other than 2xx stands for; `body` is its JSON, or None where it is none."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        retryable = status in (429, 502, 503, 504)
        kind = Unavailable if retryable else MnemoError
        return kind(f"HTTP {status} without an error of mnemo's: is this address a mnemo server?", retryable=retryable)
    return from_info(error)


def from_info(error: Mapping[str, Any]) -> MnemoError:
    code = str(error.get("code", "UNKNOWN"))
    kind = _BY_CODE.get(code, MnemoError)
    return kind(str(error.get("message", "")), code=code, details=error.get("details"),
                retryable=bool(error.get("retryable")), retry_after_ms=error.get("retry_after_ms"))
