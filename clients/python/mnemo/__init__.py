"""mnemo: durable, replayable memory for agents. Client and AsyncClient talk to a server (`mnemo serve`)."""
import pkgutil

# Code that protoc generates for mnemo.v1 lies in a folder of its own on the path, and is found beside the client.
__path__ = pkgutil.extend_path(__path__, __name__)

from ._requests import KEEP
from ._retry import RetryPolicy
from .aio import AsyncClient
from .client import Client
from .errors import (Aborted, AlreadyExists, ArgumentError, Cancelled, DataLoss, DeadlineExceeded, FailedPrecondition,
                     Internal, InvalidArgument, MnemoError, NotFound, OutOfRange, PermissionDenied, PositionLost,
                     ResourceExhausted, Unauthenticated, Unavailable, Unimplemented)
from .models import (Agent, AgentPage, BatchItem, Exported, ExportPage, Forgotten, Hit, Memory, Page, Retrieved,
                     TermShare, Written)

__version__ = "0.1.0"
__all__ = [
    "Aborted", "Agent", "AgentPage", "AlreadyExists", "ArgumentError", "AsyncClient", "BatchItem", "Cancelled",
    "Client", "DataLoss", "DeadlineExceeded", "Exported", "ExportPage", "FailedPrecondition", "Forgotten", "Hit",
    "Internal", "InvalidArgument", "KEEP", "Memory", "MnemoError", "NotFound", "OutOfRange", "Page",
    "PermissionDenied", "PositionLost", "ResourceExhausted", "Retrieved", "RetryPolicy", "TermShare",
    "Unauthenticated", "Unavailable", "Unimplemented", "Written",
]
