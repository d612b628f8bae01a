"""mnemo: durable, replayable memory for agents. Client and AsyncClient talk to a server (`mnemo serve`)."""
from ._requests import KEEP
from ._retry import RetryPolicy
from .aio import AsyncClient
from .client import Client
from .errors import (Aborted, AlreadyExists, Cancelled, DataLoss, DeadlineExceeded, FailedPrecondition, Internal,
                     InvalidArgument, MnemoError, NotFound, OutOfRange, PermissionDenied, ResourceExhausted,
                     Unauthenticated, Unavailable, Unimplemented)
from .models import BatchItem, Forgotten, Hit, Memory, Page, Retrieved, TermShare, Written

__version__ = "0.1.0"
__all__ = [
    "Aborted", "AlreadyExists", "AsyncClient", "BatchItem", "Cancelled", "Client", "DataLoss", "DeadlineExceeded",
    "FailedPrecondition", "Forgotten", "Hit", "Internal", "InvalidArgument", "KEEP", "Memory", "MnemoError", "NotFound",
    "OutOfRange", "Page", "PermissionDenied", "ResourceExhausted", "RetryPolicy", "Retrieved", "TermShare",
    "Unauthenticated", "Unavailable", "Unimplemented", "Written",
]
