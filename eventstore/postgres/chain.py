"""Compute the chain of hashes over a log again, and say where it does not fit.

Each batch of appends is a link: the sha256 of the link before it (32 zero bytes before the first)
and of the leaves of its events, in order. A leaf is the sha256 of a line of nine fields, separated
by spaces (position, version, event id, microseconds since 1970, and how many bytes stream, type,
tags, data and metadata have in UTF-8), a newline, and then these five texts without a separator;
tags are separated by spaces. It is computed by the server as events are appended and here when the
log is verified, so neither can be wrong alone. Of an event that is archived, data and metadata are
read from the file; of one that is retired, the leaf is kept, and nothing is left to compute it of.

The chain shows any change of what is below its last hash, but not to somebody who may have computed
all of it again: for him, sign a head (`eventstore.postgres.signed_head`) and keep it elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from eventstore.config import DEFAULT_LOG
from eventstore.errors import ArchiveDamaged, EventStoreError
from eventstore.postgres.archive_file import Payload
from eventstore.postgres.archived import Shelf
from eventstore.postgres.chain_leaf import leaf
from eventstore.postgres.engine import TIMEOUT_SECONDS, check_schema, connect
from eventstore.postgres.queries import query
from eventstore.postgres.translate import read_failed
from eventstore.stream import Position

__all__ = ["GENESIS", "ChainFault", "ChainReport", "Link", "verify_chain"]

GENESIS: Final = bytes(32)
"""The hash before the first link."""

_NOTHING: Final = "null"
_PAGE: Final = 1000
_CLOSE_SECONDS: Final = 2.0


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One link: the batch of events that ends at ``position``, and the hash up to there."""

    position: Position
    events: int
    hash: bytes


class ChainFault(msgspec.Struct, frozen=True, kw_only=True):
    """The first place where the log is not what was appended: from ``first`` to ``last``.

    A hash stands for all events of a link, so the fault may be in any of these.
    """

    first: Position
    last: Position
    reason: str


class ChainReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was verified: so many events in so many links, up to ``position`` with ``hash``.

    ``archived`` of them were read from files; of the ``retired`` ones only the leaf is left.
    """

    events: int
    links: int
    position: Position
    hash: bytes
    archived: int = 0
    retired: int = 0
    fault: ChainFault | None = None


async def verify_chain(
    url: str,
    *,
    log: str = DEFAULT_LOG,
    expected: Link | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    progress: Callable[[int, int], None] | None = None,
    archive_folder: Path | None = None,
) -> ChainReport:
    """Read a whole log, on a primary or a standby, and compute its chain again.

    ``expected`` is a link that the chain must contain, such as one of a head that was signed.
    ``progress`` is told, after each page, the position that was reached and the last one there was.
    ``archive_folder`` is where the files of archives are; else they are looked for where they were
    written.

    Raises:
        ConfigError: the URL cannot be used.
        StoreUnavailable: no connection could be made.
        SchemaMismatch: the log is not migrated to the revision of this code.
        ReadFailed: the connection was lost on the way.
        ArchiveMissing: the file of an archive is not at hand, so nothing is known of the log.
    """
    connection = await connect(
        url,
        timeout_seconds=timeout_seconds,
        statement_seconds=timeout_seconds,
        application="eventstore verify-log",
        primary=False,
    )
    try:
        await check_schema(connection, log)
        head: int = await connection.fetchval(query("head", log))
        walk = _Walk(connection, log, expected, Shelf(archive_folder))
        while (fault := await walk.next_page()) is None and not walk.ended:
            if progress is not None:
                progress(walk.position, max(head, walk.position))
        return walk.report(fault)
    except EventStoreError:
        raise
    except Exception as error:
        raise read_failed(error) from error
    finally:
        with suppress(Exception):
            await connection.close(timeout=_CLOSE_SECONDS)


class _Walk:
    """Goes through events and links side by side."""

    def __init__(
        self,
        connection: asyncpg.Connection[asyncpg.Record],
        log: str,
        expected: Link | None,
        shelf: Shelf,
    ) -> None:
        self.position = 0
        self.ended = False
        self._connection = connection
        self._log = log
        self._shelf = shelf
        self._archived = 0
        self._retired = 0
        self._reread = -1
        self._expected = expected
        self._expected_found = expected is None or expected.position == 0
        self._links: list[asyncpg.Record] = []
        self._linked = 0
        self._count = 0
        self._hash = GENESIS
        self._open = sha256(GENESIS)

    def report(self, fault: ChainFault | None) -> ChainReport:
        return ChainReport(
            events=self._linked,
            links=self._count,
            position=Position(self._linked),
            hash=self._hash,
            archived=self._archived,
            retired=self._retired,
            fault=fault,
        )

    async def next_page(self) -> ChainFault | None:
        """Verify the next page, and say what does not fit."""
        rows = await self._connection.fetch(query("chain_events", self._log), self.position, _PAGE)
        gone = [row["position"] for row in rows if row["data"] is None]
        try:
            payloads = (
                await self._shelf.payloads_on(gone, self._connection, self._log) if gone else {}
            )
        except ArchiveDamaged as error:
            return _fault(gone[0], gone[-1], str(error).rstrip("."))
        if self._reread < self.position and _retired_meanwhile(rows, payloads):
            self._reread = self.position
            return await self.next_page()
        for row in rows:
            data, metadata = payloads.get(row["position"]) or (row["data"], row["metadata"])
            if fault := await self._event({**row, "data": data, "metadata": metadata}):
                return fault
        self._archived += len(gone)
        return None if len(rows) == _PAGE else await self._end(appended=bool(rows))

    async def _end(self, *, appended: bool) -> ChainFault | None:
        """Say what does not fit where the events end, if they do."""
        link = await self._link()
        if link is None:
            self.ended = True
            return self._missing_head()
        if appended or await self._connection.fetch(
            query("chain_events", self._log), self.position, 1
        ):
            return None  # it was appended meanwhile
        return _fault(
            self.position + 1, link["last_position"], "the chain goes on, but no event is there"
        )

    async def _event(self, row: Mapping[str, Any]) -> ChainFault | None:
        position = self.position + 1
        if row["position"] != position:
            return _fault(position, row["position"] - 1, "there is no such event")
        if wrong := _contradiction(row):
            return _fault(position, position, wrong)
        link = await self._link()
        if link is None:
            return _fault(position, position, "the chain ends before it")
        if link["last_position"] - link["events"] != self._linked:
            return _fault(
                self._linked + 1, link["last_position"], "the chain lacks a link, or has one twice"
            )
        if row["retired_leaf"] is not None:
            self._retired += 1
        self._open.update(row["retired_leaf"] or leaf(row))
        self.position = position
        return self._close(link) if position == link["last_position"] else None

    def _close(self, link: asyncpg.Record) -> ChainFault | None:
        computed = self._open.digest()
        if computed != link["hash"]:
            return _fault(
                self._linked + 1,
                link["last_position"],
                "what is stored there, or the hash over it, is not what was appended",
            )
        self._links.pop()
        self._hash, self._open = computed, sha256(computed)
        self._linked = link["last_position"]
        self._count += 1
        return self._compare(computed)

    def _compare(self, computed: bytes) -> ChainFault | None:
        expected = self._expected
        if expected is None or self._expected_found or self._linked < expected.position:
            return None
        self._expected_found = True
        if (self._linked, computed) == (expected.position, expected.hash):
            return None
        return _fault(1, expected.position, "the log up to there is not the one that was signed")

    async def _link(self) -> asyncpg.Record | None:
        if not self._links:
            found = await self._connection.fetch(
                query("chain_links", self._log), self._linked, _PAGE
            )
            self._links = found[::-1]
        return self._links[-1] if self._links else None

    def _missing_head(self) -> ChainFault | None:
        if self._expected is None or self._expected_found:
            return None
        return _fault(
            self._linked + 1,
            self._expected.position,
            "the log ends before the head that was signed",
        )


def _retired_meanwhile(
    rows: Sequence[asyncpg.Record], payloads: Mapping[Position, Payload]
) -> bool:
    """Whether events may have been retired after their rows were read, and before their file."""
    kept = [payloads.get(row["position"]) for row in rows if row["retired_leaf"] is None]
    return any(one is not None and one[0] == _NOTHING and "retired" in one[1] for one in kept)


def _contradiction(row: Mapping[str, Any]) -> str | None:
    """Say where an event and what the other tables have of it disagree."""
    if not row["is_named"]:
        return "its stream's number belongs to another stream"
    if not row["is_tagged"]:
        return "it is not found by one of its tags"
    if row["retired_leaf"] is not None and row["data"] != _NOTHING:
        return "it was retired, and says something again"
    return None


def _fault(first: int, last: int, reason: str) -> ChainFault:
    return ChainFault(first=Position(first), last=Position(last), reason=reason)
