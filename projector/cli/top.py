"""``projector top``: all projections of a database, live."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Final, NoReturn

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from eventstore.errors import ReadFailed, StoreUnavailable, StreamUnavailable
from projector.cli.exits import Exit
from projector.cli.measuring import Measure, exit_for, measuring, seconds_text
from projector.cli.options import DatabaseUrl, Json, NatsUrl, StoreUrl, print_json
from projector.errors import ReadModelUnavailable
from projector.lag import Lag, LagState

__all__ = ["Rates", "table_of", "top"]

_STYLES: Final = {
    LagState.AHEAD: "bold red",
    LagState.HOLE: "bold red",
    LagState.HALTED: "bold red",
    LagState.INCOMPLETE: "yellow",
    LagState.BEHIND: "cyan",
    LagState.CAUGHT_UP: "green",
    LagState.UNKNOWN: "dim",
}
_NUMBERS: Final = ("position", "lag", "behind by", "events/s", "parked", "held")
_LINE_END: Final = "\n"


class Rates:
    """How fast checkpoints move, from one measurement to the next. The clock is given."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}

    def take(self, measured: Sequence[Lag]) -> dict[tuple[str, int], float]:
        """Return events a second since the last time, for all that were measured then too."""
        now = self._clock()
        rates = {}
        for one in measured:
            key = (one.projection, one.generation)
            if key in self._seen and now > self._seen[key][0]:
                then, position = self._seen[key]
                rates[key] = (one.checkpoint - position) / (now - then)
            self._seen[key] = (now, one.checkpoint)
        return rates


async def top(
    *,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    store_url: StoreUrl = None,
    interval: Annotated[
        float, Parameter(help="How many seconds between two looks.", validator=Number(gte=0.1))
    ] = 1.0,
    once: Annotated[
        bool, Parameter(negative="", help="Look twice, print, and end: for scripts.")
    ] = False,
    json: Json = False,
) -> Exit:
    """Watch every projection: where it is, how far behind, how fast, what it lacks, and why.

    The active generation of each has a star. Ends with Ctrl-C, or with --once or --json by itself.
    """

    def opened() -> AbstractAsyncContextManager[Measure]:
        return measuring(None, database_url=database_url, nats_url=nats_url, store_url=store_url)

    rates, console = Rates(), Console()
    if not (once or json):
        await _watch(console, opened, rates, interval)
    async with opened() as ask:
        rates.take(await ask())
        await asyncio.sleep(interval)
        measured = await ask()
    if json:
        print_json(measured)
    else:
        console.print(table_of(measured, rates.take(measured)))
    return exit_for(measured)


async def _watch(
    console: Console,
    opened: Callable[[], AbstractAsyncContextManager[Measure]],
    rates: Rates,
    interval: float,
) -> NoReturn:
    """Show what is measured until it is interrupted; what cannot be asked is said, and tried again.

    Raises:
        ConfigError: there is nothing to ask.
    """
    shown: RenderableType = Text("connecting", style="dim")
    with Live(shown, console=console, auto_refresh=False) as live:
        while True:
            try:
                async with opened() as ask:
                    while True:
                        measured = await ask()
                        shown = table_of(measured, rates.take(measured))
                        live.update(shown, refresh=True)
                        await asyncio.sleep(interval)
            except (ReadModelUnavailable, StoreUnavailable, StreamUnavailable, ReadFailed) as error:
                live.update(Group(shown, Text(str(error), style="bold red")), refresh=True)
            await asyncio.sleep(interval)


def table_of(measured: Sequence[Lag], rates: Mapping[tuple[str, int], float]) -> Group:
    """Lay out what was measured: where the log is, a row for each generation, and the errors."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("projection", no_wrap=True, overflow="ellipsis")
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    table.add_column("state", no_wrap=True, overflow="ellipsis")
    errors = []
    for one in measured:
        rate = rates.get((one.projection, one.generation))
        name = f"{one.projection} {one.generation}{'*' if one.active else ''}"
        table.add_row(
            Text(name),
            f"{one.checkpoint:,}",
            "?" if one.lag is None else f"{one.lag:,}",
            seconds_text(one.lag_seconds),
            "" if rate is None else f"{rate:,.0f}",
            f"{one.parked:,}",
            f"{one.held:,}",
            Text(one.state, style=_STYLES[one.state]),
        )
        if one.last_error is not None:
            errors.append(Text(f"{name}: {one.last_error.partition(_LINE_END)[0]}", style="dim"))
    return Group(_title(measured), table, *errors)


def _title(measured: Sequence[Lag]) -> Text:
    if not measured:
        return Text("no read model is here", style="dim")
    one = measured[0]
    head = "not asked" if one.head is None else f"{one.head:,}"
    stream = f"stream to {one.last_sequence or 0:,} with {one.stream_holes or 0:,} holes"
    return Text(f"log head {head}, {stream}", style="dim")
