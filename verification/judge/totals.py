"""What the projection ``stream-totals`` promises, stated a second time.

The projection's own fold would agree with its own mistakes, so the judge has one of its own, made
from the description alone: per stream the number of events, version and position of the last, and
the digest of all ids in order (32 hexadecimal digits: zeros for the empty stream, then BLAKE2b-128
of the digest so far and the next id, 16 bytes each).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from verification.artefacts import LogRow

__all__ = ["totals_of"]


def totals_of(rows: Iterable[LogRow]) -> dict[str, dict[str, Any]]:
    """Fold log rows, in log order, into the rows that the read model must have, by stream."""
    ids: dict[str, list[UUID]] = {}
    last: dict[str, LogRow] = {}
    for row in rows:
        ids.setdefault(row.stream, []).append(UUID(row.id))
        last[row.stream] = row
    return {
        stream: {
            "events": len(ids[stream]),
            "version": row.version,
            "position": row.position,
            "digest": _digest(ids[stream]),
        }
        for stream, row in last.items()
    }


def _digest(ids: Iterable[UUID]) -> str:
    digest = bytes(16)
    for event_id in ids:
        digest = hashlib.blake2b(digest + event_id.bytes, digest_size=16).digest()
    return digest.hex()
