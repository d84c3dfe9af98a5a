"""Every mutant by name: what its bug is, where it is planted, and what must be found.

A mutant that breaks the store is a wrapper in the clients' process; one that breaks the database is
a statement run before the traffic; one that breaks relay, projector or feed is another program in
its place, ``python -m verification.mutants ROLE``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from verification.mutants.stores import (
    FalseSuccess,
    LostAppend,
    StaleRead,
    TornBatch,
    UnjustifiedConflict,
)
from verification.workloads.requests import WorkloadStore

__all__ = ["MUTANTS", "Mutant", "naive_append"]

_SQL: Final = Path(__file__).with_name("sql")


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """One planted bug.

    ``anomalies`` are the names under which it may be convicted; a run that finds none of them has
    let it go. ``store`` wraps the clients' store, given a seed; ``database`` makes a statement for
    the migrated database; ``relay``, ``projector`` and ``feed`` are roles of ``python -m
    verification.mutants``.
    """

    name: str
    summary: str
    anomalies: frozenset[str]
    store: Callable[[WorkloadStore, int], WorkloadStore] | None = None
    database: Callable[[], str] | None = None
    relay: str | None = None
    projector: str | None = None
    feed: str | None = None


def naive_append() -> str:
    """Read the statement that replaces the append function by one without a lock on the log."""
    return (_SQL / "naive_append.sql").read_text(encoding="utf-8")


def _draw(seed: int) -> random.Random:
    return random.Random(f"mutant/{seed}")  # noqa: S311  # chooses victims, not secrets


_ALL: Final = (
    Mutant(
        name="lost-append",
        summary="an acknowledged append vanishes: it was never stored",
        anomalies=frozenset({"lost-append"}),
        store=lambda store, seed: LostAppend(store, _draw(seed)),
    ),
    Mutant(
        name="stale-read",
        summary="streams are read through a cache that appends do not evict",
        anomalies=frozenset({"stale-read"}),
        store=lambda store, _seed: StaleRead(store, time.monotonic),
    ),
    Mutant(
        name="naive-cursor",
        summary="positions are seen before they commit in order, and the relay polls past them",
        anomalies=frozenset({"skipped-event", "late-position"}),
        database=naive_append,
        relay="naive-relay",
    ),
    Mutant(
        name="cursor-before-apply",
        summary="the projector commits its checkpoint before its changes, and dies in between",
        anomalies=frozenset({"skipped-event"}),
        projector="cursor-before-apply",
    ),
    Mutant(
        name="unjustified-conflict",
        summary="an append is refused as a conflict though the stream is where it was expected",
        anomalies=frozenset({"unjustified-conflict"}),
        store=lambda store, seed: UnjustifiedConflict(store, _draw(seed)),
    ),
    Mutant(
        name="duplicate-publish",
        summary="the relay publishes again what it had published before it was killed",
        anomalies=frozenset({"duplicate-event"}),
        relay="forgetful-relay",
    ),
    Mutant(
        name="torn-batch",
        summary="a batch is stored event by event: others get in between, or it stays half",
        anomalies=frozenset({"torn-read", "divergent", "overlap", "aborted-visible"}),
        store=lambda store, _seed: TornBatch(store),
    ),
    Mutant(
        name="false-success",
        summary="an append whose request failed is answered with success",
        anomalies=frozenset({"lost-append"}),
        store=lambda store, _seed: FalseSuccess(store),
    ),
    Mutant(
        name="skipped-change",
        summary="a feed that was away goes on where its database is, not where its stream is",
        anomalies=frozenset({"skipped-change"}),
        feed="skipping-feed",
    ),
)

MUTANTS: Final[Mapping[str, Mutant]] = MappingProxyType({mutant.name: mutant for mutant in _ALL})
"""All mutants, in the order in which they are listed."""
