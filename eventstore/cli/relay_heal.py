"""`eventstore relay heal`: hold the whole stream against the log, and mend what may be mended.

What is only damaged is made anew. What diverged is never touched without an operator's word, since
the stream may hold the only copy of events that the log lost; they can be saved, in the format of
`eventstore export`, and imported, or left behind by beginning a new epoch.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Final

import msgspec

from eventstore import wire
from eventstore.cli.transfer import writing
from eventstore.config import archive_folder
from eventstore.epoch import Epoch
from eventstore.errors import ConfigError, ForeignMessage
from eventstore.export_file import event_line, header_line, trailer_line
from eventstore.jetstream import Connection, connect
from eventstore.postgres.epochs import record_epoch_at
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.relay.jetstream_audit import Audit, audit, lost_events
from eventstore.relay.jetstream_stream import inspect, replace
from eventstore.stream import Position

__all__ = ["DIVERGED", "UNREADABLE", "Healing", "heal", "text"]

NO_STREAM: Final = "no stream: a relay makes it"
WHOLE: Final = "whole"
HEALED: Final = "made anew: a relay fills it"
DIVERGED: Final = "diverged"
UNREADABLE: Final = "the log has an event that cannot be decoded"
NEW_EPOCH: Final = "a new epoch began: a relay fills it"


class Healing(msgspec.Struct, frozen=True, kw_only=True):
    """What was found and done.

    ``compared`` messages are the log's, up to position ``agrees_to``; ``missing`` are lost.
    ``differs_at`` is the first sequence whose message is not the log's. ``saved`` events that the
    log does not hold are in the file, ``foreign`` messages are no events and could not be.
    ``unreadable_at`` is the position of an event that cannot be decoded where the log has it, for
    ``reason``; nothing was done, and nothing behind it was looked at.
    """

    state: str
    compared: int = 0
    agrees_to: int = 0
    missing: int = 0
    differs_at: int | None = None
    saved: int | None = None
    foreign: int = 0
    epoch: int | None = None
    unreadable_at: int | None = None
    reason: str | None = None


async def heal(
    database: str,
    nats: str,
    *,
    save_lost: Path | None,
    new_epoch: bool,
    timeout_seconds: float,
) -> Healing:
    """Audit the stream, and mend it.

    Raises:
        EventDamaged: an event of the log cannot be written as a message; it says which.
        ConfigError: ``new_epoch`` without ``save_lost``, or the file exists, or the epoch cannot be
            kept in the log's database; nothing was done.
        StoreUnavailable, ReadFailed, StreamUnavailable: a server does not answer.
    """
    if new_epoch and save_lost is None:
        raise ConfigError(
            "--new-epoch needs --save-lost FILE: the stream may hold the only copy of its events."
        )
    if save_lost is not None and await asyncio.to_thread(save_lost.exists):
        raise ConfigError(f"{save_lost} exists: name a new file for what the log lost.")
    async with (
        PostgresOutgoingLog.connect(
            database, timeout_seconds=timeout_seconds, archive_folder=archive_folder()
        ) as log,
        connect(nats, name="eventstore relay heal", timeout_seconds=timeout_seconds) as link,
    ):
        before = await inspect(link)
        if before is None:
            return Healing(state=NO_STREAM)
        found = await audit(link, log)
        healing = Healing(
            state=WHOLE,
            compared=found.messages,
            agrees_to=found.agrees_to,
            missing=before.state.missing,
            differs_at=found.differs_at,
            epoch=before.epoch.number,
        )
        if found.unreadable is not None:
            return msgspec.structs.replace(
                healing,
                state=UNREADABLE,
                unreadable_at=found.unreadable.sequence,
                reason=found.unreadable.reason,
            )
        if found.differs_at is None:
            if before.state.missing:
                reason = f"it had lost {before.state.missing} messages"
                await replace(link, reason=reason)
                return msgspec.structs.replace(healing, state=HEALED)
            return healing
        healing = msgspec.structs.replace(healing, state=DIVERGED)
        if save_lost is not None:
            end = Position(before.state.last_sequence)
            saved, foreign = await _save(link, log, found, save_lost, end)
            healing = msgspec.structs.replace(healing, saved=saved, foreign=foreign)
        if new_epoch:
            epoch = _next_epoch(before.epoch.joined(await log.epoch()), found.agrees_to)
            # First where it lasts: a relay may make the stream before we do.
            await record_epoch_at(database, wire.STREAM, epoch, timeout_seconds=timeout_seconds)
            reason = f"the log went back to position {found.agrees_to}"
            await replace(link, reason=reason, epoch=epoch)
            healing = msgspec.structs.replace(healing, state=NEW_EPOCH, epoch=epoch.number)
        return healing


def _next_epoch(before: Epoch, after: Position) -> Epoch:
    second = int(dt.datetime.now(dt.UTC).timestamp())
    return Epoch.of((*before.began, (max(before.number + 1, second), after)))


async def _save(
    link: Connection, log: PostgresOutgoingLog, found: Audit, file: Path, end: Position
) -> tuple[int, int]:
    """Write the events that the log does not hold, in the format that `import` takes."""
    saved = foreign = 0
    with writing(file) as out:
        out.write(header_line(end, selected=True))
        async for event in lost_events(link, log, after=found.agrees_to):
            if isinstance(event, ForeignMessage):
                foreign += 1
            else:
                out.write(event_line(event))
                saved += 1
        out.write(trailer_line(saved))
    return saved, foreign


def text(found: Healing) -> str:
    """Write it for a terminal, with what to do next."""
    lines = [
        found.state,
        f"compared         {found.compared:,} messages, up to position {found.agrees_to:,}",
        f"lost messages    {found.missing:,}",
    ]
    if found.unreadable_at is not None:
        lines += _about_the_unreadable(found)
    elif found.differs_at is not None:
        lines.append(f"differs at       {found.differs_at:,}: the log does not hold that message")
    if found.saved is not None:
        foreign = f", {found.foreign:,} messages are no events" if found.foreign else ""
        lines.append(f"saved            {found.saved:,} events that the log does not hold{foreign}")
    if found.epoch is not None:
        lines.append(f"epoch            {found.epoch}")
    if found.state == DIVERGED:
        lines.append(
            "Was the database restored, or is it another one? To bring the events back:\n"
            "  eventstore relay heal --save-lost FILE, then eventstore import FILE.\n"
            "To go on without them, and rebuild what followed them:\n"
            "  eventstore relay heal --save-lost FILE --new-epoch."
        )
    return "\n".join(lines) + "\n"


def _about_the_unreadable(found: Healing) -> list[str]:
    """Say which event it is and what to do; nothing that reads the log gets past it."""
    at = found.unreadable_at
    stream = (
        "another one, perhaps what it was (look at the message with that sequence)"
        if found.differs_at is not None
        else "the same"
    )
    advice = (
        "The store writes no such event: find out who writes to the events table, and restore the\n"
        "row from a backup. Then run `eventstore relay heal` again. If the stream diverged,\n"
        "`--save-lost FILE --new-epoch` makes it anew."
    )
    return [
        f"unreadable       position {at:,}: {found.reason}",
        f"                 in its place the stream has {stream}",
        advice,
    ]
