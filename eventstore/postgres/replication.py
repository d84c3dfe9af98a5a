"""Standbys: which there are, how far behind, and what a failover to one would lose.

An append is acknowledged when its commit is as safe as two settings say: `synchronous_commit`, and
`synchronous_standby_names`, which names the standbys that a commit waits for. Without such names
every standby is asynchronous: it follows as fast as it can, and a failover to it loses what it had
not received, though it was acknowledged.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from eventstore.postgres.findings import Finding, Level
from eventstore.postgres.queries import query

__all__ = ["replication"]

_KEPT_BYTES_MAX: Final = 1 << 30
"""More WAL than this, kept for a slot that nobody reads, deserves a word."""

_WAITED_FOR: Final = frozenset({"sync", "quorum"})

# What of an acknowledged append can be lost although a synchronous standby is named.
_WAITS: Final = {
    "local": (
        Level.ERROR,
        "local waits for no standby at all: a failover loses acknowledged appends",
    ),
    "remote_write": (
        Level.WARNING,
        "remote_write waits for no standby's disk: two power cuts can lose acknowledged appends",
    ),
}


async def replication(
    connection: asyncpg.Connection[asyncpg.Record],
    *,
    standby: bool,
    synchronous_names: str,
    synchronous_commit: str,
) -> list[Finding]:
    """Look at the standbys of a primary, or at the standby itself.

    Raises:
        asyncpg.PostgresError, OSError: the server gave no answer.
    """
    if standby:
        return [await _progress(connection)]
    standbys = await connection.fetch(query("standbys"))
    slots = await connection.fetch(query("replication_slots"))
    return [
        _named(synchronous_names, synchronous_commit, standbys),
        *map(_standby, standbys),
        *map(_slot, slots),
    ]


def _named(names: str, commit: str, standbys: list[asyncpg.Record]) -> Finding:
    name = "synchronous_standby_names"
    if not names:
        advice = "losing this machine loses what no standby or backup has"
        if standbys:
            advice = (
                "no commit waits for a standby: a failover loses acknowledged appends that the "
                "standby had not received"
            )
        return Finding(name=name, value="none", advice=advice)
    # Who may not see a standby's state does not know that there is none.
    if not any(one["sync_state"] in {*_WAITED_FOR, None} for one in standbys):
        return Finding(
            name=name,
            value=names,
            level=Level.ERROR,
            advice="no such standby is connected, so every append waits for one, without end: "
            "connect it, or take its name out",
        )
    level, advice = _WAITS.get(commit, (Level.OK, ""))
    return Finding(name=name, value=names, level=level, advice=advice)


def _standby(row: asyncpg.Record) -> Finding:
    name = f"standby {row['application_name']}"
    if row["state"] is None:
        return Finding(
            name=name,
            value="connected",
            advice="how far it is can be seen with the role pg_monitor",
        )
    waited = "a commit may wait for it" if row["sync_state"] in _WAITED_FOR else "asynchronous"
    behind = row["behind_bytes"]
    value = f"{row['state']} from {row['address']}, {waited}, "
    value += "nothing flushed yet" if behind is None else f"{_size(behind)} behind on disk"
    if row["replay_seconds"] is not None:
        value += f", shows commits {row['replay_seconds']:.3f} s late"
    if row["state"] == "streaming":
        return Finding(name=name, value=value)
    return Finding(
        name=name,
        value=value,
        level=Level.WARNING,
        advice="it is not following yet: no failover to it until it is streaming",
    )


def _slot(row: asyncpg.Record) -> Finding:
    kept = row["kept_bytes"]
    value = f"{'read' if row['active'] else 'read by nobody'}, keeps {_size(kept)} of WAL"
    if row["wal_status"] == "lost":
        return Finding(
            name=f"slot {row['slot_name']}",
            value="what it was to keep is gone",
            level=Level.WARNING,
            advice="whoever reads it has to begin anew: make the standby again, drop the slot",
        )
    filling = not row["active"] and kept > _KEPT_BYTES_MAX
    return Finding(
        name=f"slot {row['slot_name']}",
        value=value,
        level=Level.WARNING if filling else Level.OK,
        advice="it fills the disk until somebody reads it: drop it if nobody will"
        if filling
        else "",
    )


async def _progress(connection: asyncpg.Connection[asyncpg.Record]) -> Finding:
    row = await connection.fetchrow(query("standby_progress"))
    assert row is not None, "one row, always"  # noqa: S101
    unreplayed = row["unreplayed_bytes"]
    value = "not receiving" if row["receiving"] is None else str(row["receiving"])
    if unreplayed is not None:
        value += f", {_size(unreplayed)} not replayed yet"
    if row["last_commit_seconds"] is not None:
        value += f", the last commit that it shows is {row['last_commit_seconds']:.1f} s old"
    return Finding(
        name="replication",
        value=value,
        level=Level.OK if row["receiving"] == "streaming" else Level.WARNING,
        advice="" if row["receiving"] == "streaming" else "it does not follow its primary",
    )


def _size(size: int) -> str:
    """Write bytes as people read them."""
    amount = float(max(0, size))
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:  # noqa: PLR2004 - of the next unit
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
