"""Tables on a terminal: each column as wide as what it holds, the last one cut to what is left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eventstore.event import RecordedEvent

__all__ = ["EVENT_COLUMNS", "event_cells", "print_table"]

EVENT_COLUMNS: Final = ("position", "version", "recorded at", "stream", "type", "data")

_GAP: Final = 2
_LAST_WIDTH_MIN: Final = 20


def event_cells(event: RecordedEvent) -> tuple[str, ...]:
    """The cells of an event, for `EVENT_COLUMNS`."""
    return (
        str(event.position),
        str(event.version),
        f"{event.recorded_at:%Y-%m-%d %H:%M:%S}",
        event.stream,
        event.type,
        "(retired)" if event.retired else msgspec.json.encode(event.data).decode(),
    )


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int, nothing: str
) -> None:
    """Print rows; the first ``numbers`` columns are flush right, ``nothing`` stands for no rows."""
    console = Console(file=sys.stdout)
    if not rows:
        console.print(nothing)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    left = console.width
    for index, header in enumerate(columns[:-1]):
        width = max(len(header), *(cell_len(row[index]) for row in rows))
        left -= width + _GAP
        justify: Literal["left", "right"] = "right" if index < numbers else "left"
        table.add_column(header, justify=justify, no_wrap=True, min_width=width)
    last = max(left, _LAST_WIDTH_MIN)
    table.add_column(columns[-1], no_wrap=True, overflow="ellipsis", max_width=last)
    for row in rows:
        # Text, since rich would take square brackets in a string for its own markup.
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
