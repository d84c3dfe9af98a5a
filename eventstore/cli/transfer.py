"""``eventstore export`` and ``eventstore import``: a log, or a part of it, in a file and back."""

from __future__ import annotations

import asyncio
import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final, cast

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore import reading
from eventstore.cli.options import (
    Categories,
    DatabaseUrl,
    Json,
    LogName,
    Tags,
    TimeoutSeconds,
    Types,
    open_store,
    print_json,
    selection,
)
from eventstore.cli.progress import progress
from eventstore.cli.termination import interruptible
from eventstore.config import database_url as database_url_of
from eventstore.config import log_name as log_name_of
from eventstore.errors import ConfigError, EventStoreError, MalformedExport
from eventstore.event import RecordedEvent
from eventstore.export_file import batches_of, event_line, header_line, trailer_line
from eventstore.postgres.importer import BATCH_EVENTS_MAX, Imported, Importer
from eventstore.postgres.unfinished import unfinished_name
from eventstore.stream import Position

__all__ = ["export_log", "import_log", "writing"]

_BATCH_BYTES: Final = 16 * 1024 * 1024
_STANDARD: Final = Path("-")


class Transferred(msgspec.Struct, kw_only=True):
    """What an import did. ``moved`` says that events got other positions than they had."""

    stored: int = 0
    held: int = 0
    moved: bool = False

    def add(self, taken: Imported) -> None:
        """Count a batch."""
        self.stored += taken.stored
        self.held += taken.held
        self.moved = self.moved or taken.moved

    def words_of_break(self, *, definite: bool) -> str:
        """Say how far an import that broke off came, and how to go on."""
        if definite and not self.stored + self.held:
            return "Nothing of the file was stored."
        others = "no others" if definite else f"the next {BATCH_EVENTS_MAX:,} at most may be, too"
        return (
            f"The first {self.stored + self.held:,} events of the file are in the log "
            f"({self.stored:,} stored now, {self.held:,} there before), {others}. To go on, import "
            "the whole file from its beginning: what the log holds is passed over."
        )


async def export_log(
    file: Annotated[
        Path,
        Parameter(
            help='Where to; a name that ends in .gz is compressed, "-" is standard output.',
            allow_leading_hyphen=True,
        ),
    ],
    /,
    *,
    after: Annotated[
        int, Parameter(help="Begin after this position.", validator=Number(gte=0))
    ] = 0,
    until: Annotated[
        int | None,
        Parameter(help="End at this position; at the head, without.", validator=Number(gte=0)),
    ] = None,
    category: Categories = (),
    event_type: Types = (),
    tag: Tags = (),
    timeout_seconds: TimeoutSeconds = 60.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write the log, or what is selected of it, to a file: JSON lines, an event each."""
    query = selection(category, event_type, tag)
    async with open_store(database_url, log_name, timeout_seconds) as store:
        head = await store.head()
        end = head if until is None else Position(min(until, head))
        count = 0
        with writing(file) as out, progress("exporting", end) as done:
            out.write(header_line(end, selected=query is not None or after > 0))
            async for event in reading.log(store, after=Position(after), query=query, until=end):
                out.write(event_line(event))
                count += 1
                if count % reading.PAGE_SIZE == 0:
                    done(event.position, None)
            out.write(trailer_line(count))
    sys.stderr.write(f"{count:,} events of the log up to position {end:,}\n")


async def import_log(
    file: Annotated[
        Path,
        Parameter(
            help='An export; .gz is decompressed, "-" is standard input.',
            allow_leading_hyphen=True,
        ),
    ],
    /,
    *,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 60.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Take the events of an export behind the head of a log, as its owner.

    Positions are given anew (into an empty log, a whole export keeps its own); ids, versions,
    times and everything else stay. What the log holds already is passed over: an import that broke
    off is begun again.
    """
    url, name = database_url_of(database_url), log_name_of(log_name)
    result = Transferred()
    async with Importer.open(url, log=name, timeout_seconds=timeout_seconds) as importer:
        with _reading(file) as (lines, size), progress("importing", size) as done:
            batches = batches_of(lines, events_max=BATCH_EVENTS_MAX, bytes_max=_BATCH_BYTES)
            with _telling_how_far(result):
                while batch := _next(batches):
                    result.add(await importer.take(batch))
                    done(lines.raw_position(), None)
    if json or not sys.stdout.isatty():
        print_json(result)
        return
    where = "at new positions" if result.moved else "at their positions"
    print(f"{result.stored:,} events imported {where}, {result.held:,} were there already")


def _next(batches: Iterator[list[RecordedEvent]]) -> list[RecordedEvent]:
    with interruptible():
        return next(batches, [])


@contextmanager
def _telling_how_far(result: Transferred) -> Iterator[None]:
    try:
        yield
    except EventStoreError as error:
        error.add_note(result.words_of_break(definite=error.definite))
        raise
    except OSError as error:
        failure = ConfigError(f"the file cannot be read on: {error.strerror or error}.")
        failure.add_note(result.words_of_break(definite=True))
        raise failure from None
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.stderr.write(f"eventstore: interrupted. {result.words_of_break(definite=False)}\n")
        raise


@contextmanager
def writing(file: Path) -> Iterator[BinaryIO]:
    """Write a file that appears under its name only when it is whole, and is on the disk then."""
    if file == _STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if file.is_dir():
        raise ConfigError(f"{file} is a folder: name a file in it.")
    unfinished = file.with_name(unfinished_name(file.name))
    try:
        with unfinished.open("wb") as raw:
            if file.suffix == ".gz":
                with gzip.open(raw, "wb", compresslevel=6) as packed:
                    yield cast("BinaryIO", packed)
            else:
                yield raw
            raw.flush()
            os.fsync(raw.fileno())
        unfinished.replace(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror or error}.") from None
    finally:
        unfinished.unlink(missing_ok=True)


class _Lines:
    """The lines of a file, packed or not, and how far into it they are."""

    def __init__(self, raw: BinaryIO, *, packed: bool) -> None:
        self._raw = raw
        self._packed = packed

    def __iter__(self) -> Iterator[bytes]:
        if not self._packed:
            yield from self._raw
            return
        number = 0
        try:
            with gzip.open(self._raw) as lines:
                for number, line in enumerate(lines, 1):  # noqa: B007 - used when it breaks
                    yield line
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise MalformedExport(number + 1, "the compressed file is damaged or cut off") from None

    def raw_position(self) -> int:
        """Bytes of the file that were read."""
        return self._raw.tell() if self._raw.seekable() else 0


@contextmanager
def _reading(file: Path) -> Iterator[tuple[_Lines, int | None]]:
    if file == _STANDARD:
        yield _Lines(sys.stdin.buffer, packed=False), None
        return
    try:
        with file.open("rb") as raw:
            yield _Lines(raw, packed=file.suffix == ".gz"), file.stat().st_size
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}.") from None
