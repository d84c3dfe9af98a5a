"""The digest of one event in the chain of hashes, as the server computes it too."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

__all__ = ["leaf"]


def leaf(row: Mapping[str, Any]) -> bytes:
    """Compute the digest of one event, of a row of ``chain_events`` or of an archive.

    It is the sha256 of a line of nine fields, a newline, and five texts; see
    `eventstore.postgres.chain`. Tags are one text, separated by spaces.
    """
    texts = [row[name].encode() for name in ("stream", "type", "tags", "data", "metadata")]
    fields = [
        row["position"],
        row["version"],
        row["event_id"],
        row["microseconds"],
        *map(len, texts),
    ]
    return sha256(b"".join((" ".join(map(str, fields)).encode(), b"\n", *texts))).digest()
