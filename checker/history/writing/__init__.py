"""Write a history in a format of choice, so that reading it gives the same history back.

What a format cannot hold is a `Loss`, and is refused unless the caller says that it may be lost.
Only line numbers and the source's name are nobody's to keep. `checker.history.writer` is the plain
way to write ``jsonl``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from checker.errors import UnknownFormat
from checker.history.destination import write_chunks
from checker.history.history import History
from checker.history.writer import jsonl_chunks
from checker.history.writing.loss import LosesInformation, Loss
from checker.history.writing.maps import edn_chunks, json_chunks, map_losses
from checker.history.writing.ops import ops_chunks, ops_losses

__all__ = ["WRITERS", "LosesInformation", "Loss", "Writer", "write_history_as"]


class Writer(NamedTuple):
    """How to write one format: what it cannot hold of a history, and the bytes of the rest."""

    losses: Callable[[History], list[Loss]]
    chunks: Callable[[History], Iterator[bytes]]


def _none_lost(history: History) -> list[Loss]:
    del history
    return []


WRITERS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "jsonl": Writer(_none_lost, jsonl_chunks),
        "ops": Writer(ops_losses, ops_chunks),
        "edn": Writer(lambda history: map_losses(history, "edn"), edn_chunks),
        "json": Writer(lambda history: map_losses(history, "json"), json_chunks),
    }
)
"""Every format that can be written, by name."""


def write_history_as(
    history: History,
    path: str | Path,
    format: str,  # noqa: A002 - as in `read_history`
    *,
    lossy: bool = False,
) -> list[Loss]:
    """Write the history; the file appears whole or not at all, gzipped if it is called ``.gz``.

    Args:
        history: What to write.
        path: The file; ``-`` is standard output.
        format: A name in `WRITERS`.
        lossy: Whether to write it although the format cannot hold all of it.

    Returns:
        What was lost.

    Raises:
        LosesInformation: The format cannot hold all of it, and ``lossy`` is False.
        UnknownFormat: No format that can be written has this name.
        TypeError: A value has no form in this format.
        OSError: The file cannot be written.
    """
    writer = WRITERS.get(format)
    if writer is None:
        raise UnknownFormat(f"cannot write {format!r}: there are {', '.join(WRITERS)}.")
    losses = writer.losses(history)
    if losses and not lossy:
        raise LosesInformation(format, losses)
    write_chunks(writer.chunks(history), path)
    return losses
