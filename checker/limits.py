"""What a check may cost before it answers unknown."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["DEFAULT_MEMORY_BYTES", "DEFAULT_TIMEOUT_SECONDS", "Limits"]

DEFAULT_TIMEOUT_SECONDS: Final = 60.0
DEFAULT_MEMORY_BYTES: Final = 4 * 1024**3


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The budget of one history: wall-clock seconds, bytes that searches may keep, and threads.

    ``jobs`` counts the threads that decide; 0 is one for each core.
    """

    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    jobs: int = 0
