"""Readers of recorded histories, and `read_history`, which picks the right one."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from checker.errors import MalformedHistory, UnknownFormat
from checker.history.formats.edn import read_edn
from checker.history.formats.excerpt import excerpt
from checker.history.formats.faults import Faults
from checker.history.formats.json_array import read_json_array
from checker.history.formats.jsonl import read_jsonl
from checker.history.formats.limits import ReadLimits
from checker.history.formats.ops import read_ops
from checker.history.formats.plume import read_plume
from checker.history.formats.porcupine import read_porcupine
from checker.history.formats.sniff import sniff
from checker.history.formats.source import Source
from checker.history.history import History

__all__ = ["FAULTS_MAX", "FORMATS", "ReadLimits", "read_history", "read_with_faults"]

FORMATS: Final[Mapping[str, Callable[[Source], History]]] = MappingProxyType(
    {
        "jsonl": read_jsonl,
        "ops": read_ops,
        "edn": read_edn,
        "json": read_json_array,
        "porcupine": read_porcupine,
        "plume": read_plume,
    }
)
"""Every format by name."""

FAULTS_MAX: Final = 20
"""Malformations of one file that `read_with_faults` tells of."""


def read_history(
    path: str | Path,
    format: str = "auto",  # noqa: A002 - the name that the command line's --format has, too
    *,
    limits: ReadLimits | None = None,
) -> History:
    """Read a recorded history from a file, gzipped or not, or from standard input.

    Args:
        path: The file; ``-`` is standard input.
        format: A name in `FORMATS`, or ``auto`` to tell it from the content.
        limits: What reading may cost.

    Raises:
        MalformedHistory: The content is not a history that can have been observed; the error names
            the file, the line, the operation, and what is wrong.
        UnknownFormat: There is no format of this name.
        OSError: The file cannot be opened or read.
    """
    return _read(path, format, limits, Faults())


def read_with_faults(
    path: str | Path,
    format: str = "auto",  # noqa: A002 - as in `read_history`
    *,
    limits: ReadLimits | None = None,
    at_most: int = FAULTS_MAX,
) -> tuple[History | None, tuple[MalformedHistory, ...]]:
    """Read a history as `read_history` does, but go on after a malformation where that is possible.

    Returns:
        The history, None if it is malformed; and what is wrong with it, up to ``at_most`` things,
        of which a later one can follow from an earlier one.

    Raises:
        UnknownFormat: There is no format of this name.
        OSError: The file cannot be opened or read.
    """
    faults = Faults(at_most)
    try:
        history = _read(path, format, limits, faults)
    except MalformedHistory as error:
        # What ended the reading may have been counted as the last that was wanted.
        found = faults.found if error in faults.found else [*faults.found, error]
        return None, tuple(found)
    return (None if faults.found else history), tuple(faults.found)


def _read(
    path: str | Path,
    format: str,  # noqa: A002 - as in `read_history`
    limits: ReadLimits | None,
    faults: Faults,
) -> History:
    if format != "auto" and format not in FORMATS:
        raise UnknownFormat(f"unknown format {format!r}: known are auto, {', '.join(FORMATS)}.")
    with Source(path, limits=limits, faults=faults) as source, _collector_paused():
        name = sniff(source.head) if format == "auto" else format
        if name is None:
            raise MalformedHistory(
                "no known format begins like this; known are "
                f"{', '.join(FORMATS)} (see docs/reference/history-format.md)",
                source=source.name,
                line=1,
                operation=excerpt(source.head),
            )
        return FORMATS[name](source)


@contextmanager
def _collector_paused() -> Iterator[None]:
    # A history is millions of objects without a cycle: looking for cycles among them over and over
    # takes three times as long as reading it.
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
