"""Look at a server before trusting it: role, schema, durability, clock, and the log itself.

Each finding says what is so, how bad it is, and what to do. It changes nothing, and it cannot see
what lies below PostgreSQL: a disk or a hypervisor that acknowledges a flush it did not do.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import asyncpg

from eventstore.config import DEFAULT_LOG
from eventstore.errors import EventStoreError
from eventstore.postgres.archive_condition import archive_findings
from eventstore.postgres.archived import archives_of, superseded_of
from eventstore.postgres.engine import TIMEOUT_SECONDS, connected, revision_of
from eventstore.postgres.findings import Finding, Level
from eventstore.postgres.queries import query
from eventstore.postgres.replication import replication
from eventstore.postgres.schema import REVISION
from eventstore.postgres.translate import read_failed
from eventstore.postgres.unfinished import unfinished_findings

__all__ = ["preflight"]

VERSION_MIN: Final = 150_000
RECENT_POSITIONS: Final = 100_000
"""How much of the log's end is looked through, unless the whole is asked for."""

_READ_ONLY: Final = Finding(
    name="default_transaction_read_only",
    value="on",
    level=Level.ERROR,
    advice="every append is refused: set it to off, for the server, the database and our user",
)

_CLOCK_SAMPLES: Final = 5
_CLOCK_OFFSET_SECONDS_MAX: Final = 1.0
_FULL_SECONDS: Final = 3600.0


async def preflight(
    url: str,
    *,
    log: str = DEFAULT_LOG,
    whole_log: bool = False,
    timeout_seconds: float = TIMEOUT_SECONDS,
    archive_folder: Path | None = None,
    export_folder: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> list[Finding]:
    """Look at the server and the log at ``url``; ``clock`` is ours, in seconds since the epoch.

    ``archive_folder`` is where the files of archives are; else they are looked for where they were
    written. What killed commands left is looked for there and in ``export_folder``.

    Raises:
        ConfigError: the URL cannot be used.
        StoreUnavailable: no connection could be made.
        ReadFailed: the connection was lost on the way.
    """
    async with connected(
        url,
        timeout_seconds=timeout_seconds,
        statement_seconds=_FULL_SECONDS if whole_log else timeout_seconds,
        application="eventstore doctor",
        primary=False,
    ) as connection:
        try:
            return await _looked_at(
                connection,
                log,
                whole=whole_log,
                archive_folder=archive_folder,
                export_folder=export_folder,
                clock=clock,
            )
        except EventStoreError:
            raise
        except Exception as error:
            raise read_failed(error) from error


async def _looked_at(
    connection: asyncpg.Connection[asyncpg.Record],
    log: str,
    *,
    whole: bool,
    archive_folder: Path | None,
    export_folder: Path | None,
    clock: Callable[[], float],
) -> list[Finding]:
    (row,) = await connection.fetch(query("preflight"))
    revision = await revision_of(connection, log)
    findings = [
        *_server(row),
        _schema(revision, log),
        *_durability(row),
        *await replication(
            connection,
            standby=row["standby"],
            synchronous_names=row["synchronous_standby_names"],
            synchronous_commit=row["synchronous_commit"],
        ),
        await _clock_offset(connection, clock),
    ]
    if revision is not None:
        findings += await _log(connection, log, whole=whole)
    if revision == REVISION:
        findings += await _archives(connection, log, archive_folder, export_folder, whole=whole)
    return findings


def _server(row: asyncpg.Record) -> list[Finding]:
    old = row["version_number"] < VERSION_MIN
    return [
        Finding(
            name="version",
            value=f"PostgreSQL {row['version']}",
            level=Level.WARNING if old else Level.OK,
            advice="this version is not tested; use PostgreSQL 15 or newer" if old else "",
        ),
        Finding(
            name="role",
            value="standby" if row["standby"] else "primary",
            level=Level.ERROR if row["standby"] else Level.OK,
            advice="a standby may show an older log: name the primary" if row["standby"] else "",
        ),
        *([_READ_ONLY] if row["read_only"] and not row["standby"] else []),
    ]


def _schema(revision: str | None, log: str) -> Finding:
    if revision == REVISION:
        return Finding(name="schema", value=f"revision {revision}")
    ahead = revision is not None and revision > REVISION
    command = "eventstore migrate" + ("" if log == DEFAULT_LOG else f" --log {log}")
    return Finding(
        name="schema",
        value=f"revision {revision}" if revision else "none",
        level=Level.ERROR,
        advice=f"this version works with {REVISION}: "
        + ("install a newer version" if ahead else f"run `{command}`"),
    )


def _durability(row: asyncpg.Record) -> list[Finding]:
    commit = row["synchronous_commit"]
    return [
        _setting(
            "fsync",
            good=row["fsync"],
            bad=Level.ERROR,
            loss="a power cut or a crash of the system can lose or corrupt the whole log",
        ),
        Finding(
            name="synchronous_commit",
            value=commit,
            level=Level.ERROR if commit == "off" else Level.OK,
            advice="a crash loses the last acknowledged appends, and gives their positions again"
            if commit == "off"
            else "",
        ),
        _setting(
            "full_page_writes",
            good=row["full_page_writes"],
            bad=Level.ERROR,
            loss="a power cut can leave half-written pages that recovery cannot mend",
        ),
        _setting(
            "data_checksums",
            good=row["data_checksums"],
            bad=Level.WARNING,
            loss="a page that the disk corrupted is read as if it were right",
        ),
        Finding(
            name="wal_level",
            value=row["wal_level"],
            level=Level.WARNING if row["wal_level"] == "minimal" else Level.OK,
            advice="no standby and no point-in-time recovery is possible"
            if row["wal_level"] == "minimal"
            else "",
        ),
    ]


def _setting(name: str, *, good: bool, bad: Level, loss: str) -> Finding:
    if good:
        return Finding(name=name, value="on")
    return Finding(name=name, value="off", level=bad, advice=loss)


async def _clock_offset(
    connection: asyncpg.Connection[asyncpg.Record], clock: Callable[[], float]
) -> Finding:
    """Bound the difference of the clocks: the server read its own within the round trip."""
    low, high = float("-inf"), float("inf")
    for _ in range(_CLOCK_SAMPLES):
        sent = clock()
        now: dt.datetime = await connection.fetchval(query("server_time"))
        received = clock()
        low = max(low, now.timestamp() - received)
        high = min(high, now.timestamp() - sent)
    offset, error = (low + high) / 2, abs(high - low) / 2
    far = abs(offset) - error > _CLOCK_OFFSET_SECONDS_MAX
    return Finding(
        name="clock",
        value=f"{offset:+.4f} s from ours, give or take {error:.4f} s",
        level=Level.WARNING if far else Level.OK,
        advice="recorded_at is the server's clock: synchronise both clocks (NTP)" if far else "",
    )


async def _archives(
    connection: asyncpg.Connection[asyncpg.Record],
    log: str,
    folder: Path | None,
    export_folder: Path | None,
    *,
    whole: bool,
) -> list[Finding]:
    archives = archives_of(await connection.fetch(query("archives", log)))
    superseded = superseded_of(
        await connection.fetch(query("archives_superseded", log)), archives, folder
    )
    folders = {folder, export_folder, *(one.path_in(folder).parent for one in archives)}
    return [
        *await asyncio.to_thread(archive_findings, archives, superseded, folder, whole=whole),
        *await asyncio.to_thread(unfinished_findings, [one for one in folders if one is not None]),
    ]


async def _log(
    connection: asyncpg.Connection[asyncpg.Record], log: str, *, whole: bool
) -> list[Finding]:
    head: int = await connection.fetchval(query("head", log))
    after = 0 if whole else max(0, head - RECENT_POSITIONS)
    gap: int | None = await connection.fetchval(query("first_gap", log), after)
    looked_at = f"positions {after + 1} to {head}" if head else "empty"
    findings = [
        Finding(name="positions", value=f"{looked_at}, without a hole")
        if gap is None
        else Finding(
            name="positions",
            value=f"position {gap} is missing",
            level=Level.VIOLATION,
            advice="find out who writes to eventstore.events; restore what is lost from a backup",
        )
    ]
    if whole and (broken := await connection.fetchrow(query("first_broken_stream", log))):
        findings.append(
            Finding(
                name="versions",
                value=f"stream {broken['stream']!r} lacks version {broken['version']}",
                level=Level.VIOLATION,
                advice="find out who writes to eventstore.events",
            )
        )
    elif whole:
        findings.append(Finding(name="versions", value="every stream is 1, 2, 3 ..."))
    return findings
