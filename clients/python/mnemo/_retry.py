"""Whether to send a request again, and when."""
from __future__ import annotations

import dataclasses
import random
from typing import Callable, Optional

from .errors import DeadlineExceeded, MnemoError, ResourceExhausted, Unavailable


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """Full jitter: the pause before the n-th retry is random below first_pause * 2**(n-1), at most longest_pause, on
    top of what the server asks for. Every write carries a key, so sending it again makes no second memory."""

    attempts: int = 6  # the first one included
    first_pause: float = 0.05  # seconds
    longest_pause: float = 2.0
    draw: Callable[[], float] = random.random

    def pause(self, failed: int, error: MnemoError, left: float) -> Optional[float]:
        """Seconds until the next attempt after `failed` ones, with `left` seconds to go; None: give up."""
        if failed >= self.attempts or not self.is_transient(error):
            return None
        pause = self.draw() * min(self.longest_pause, self.first_pause * 2 ** (failed - 1))
        pause += (error.retry_after_ms or 0) / 1000
        return pause if pause < left else None

    @staticmethod
    def is_transient(error: MnemoError) -> bool:
        return error.retryable and isinstance(error, (Unavailable, ResourceExhausted, DeadlineExceeded))
