"""What reading one history may cost: a file from a stranger must not exhaust the machine."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["MAX_DEPTH", "MAX_TIME", "ReadLimits"]

MAX_DEPTH: Final = 100
"""How deeply values may nest. Models compare and hash values recursively, so it stays small."""

MAX_TIME: Final = 2**63 - 1
"""The largest time, and the negative of the smallest: in nanoseconds, three centuries."""


class ReadLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on one file, in bytes after decompression (a small .gz may unfold to anything)."""

    max_bytes: int = 16 * 1024**3
    max_line_bytes: int = 64 * 1024**2

    @classmethod
    def within(cls, memory_bytes: int) -> ReadLimits:
        """Read what fits in so much memory: half of it, for operations take about as much again."""
        return cls(max_bytes=min(cls().max_bytes, memory_bytes // 2))
