"""Write the page: prepare, fit it into its budget, and put it in place whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from checker.history.history import History
from checker.operation import Operation
from checker.report.page.clock import Clock
from checker.report.page.evidence import anomaly_views, found_anomalies, tally_of
from checker.report.page.faults import pair_faults
from checker.report.page.lanes import assign_lanes
from checker.report.page.payload import Scene, key_entries, payload_text
from checker.report.page.render import render_page
from checker.report.page.sample import choose_operations
from checker.report.page.section import Section
from checker.report.page.series import series_of
from checker.report.page.summary import claim_of, summarize
from checker.report.page.tables import error_rows, operation_rows
from checker.result import CheckResult
from checker.verdict import Anomaly

__all__ = ["BYTES_MAX", "OPERATIONS_MAX", "PageTooLarge", "PageWritten", "write_page"]

BYTES_MAX: Final = 25_000_000
OPERATIONS_MAX: Final = 200_000
"""A timeline of more operations is no longer fluid."""
_VALUE_CHARACTERS: Final = (4_000, 500, 120)
"""Values are cut to the first of these that lets all operations fit, before any is left out."""
_ATTEMPTS_MAX: Final = 8
_HEADROOM: Final = 0.9


class PageTooLarge(ValueError):
    """Not even a page without operations fits into the budget."""


class PageWritten(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: bytes of the file, and how many of the operations its timeline draws."""

    path: Path
    bytes: int
    drawn: int
    operations: int


def write_page(
    path: str | os.PathLike[str],
    history: History,
    result: CheckResult,
    *,
    title: str,
    sections: Sequence[Section] = (),
    facts: Mapping[str, str] | None = None,
    reproduce: str | None = None,
    bytes_max: int = BYTES_MAX,
) -> PageWritten:
    """Write one self-contained HTML page about a judged history.

    ``sections`` are further properties with their verdicts, ``facts`` the table of the environment,
    ``reproduce`` the command that judges the history again. Above ``bytes_max`` values are cut and
    then operations left out, those of anomalies and around them last; tables and plots still count
    all, and the page says so. Equal input gives an equal page.

    Raises:
        PageTooLarge: nothing fits into ``bytes_max``.
        OSError: the file cannot be written; a file that was there before is untouched.
    """
    clock = Clock.of(history)
    lanes = assign_lanes(history, clock)
    faults = pair_faults(history.nemesis, clock)
    keys = key_entries(history, result)
    found = list(found_anomalies(result, claim_of(result), sections))
    anomalies = anomaly_views(history, clock, lanes, found)
    scene = Scene(
        clock=clock,
        lanes=lanes,
        faults=faults,
        keys=keys,
        anomalies=anomalies,
        series=series_of(history, clock) if clock.timed and len(history) else None,
    )
    summary = summarize(
        history,
        clock,
        result,
        sections,
        clients=len(lanes.names),
        keys=sum(entry.text is not None for entry in keys),
        faults=sum(not fault.is_moment for fault in faults),
    )
    operation_table = operation_rows(history, clock)
    errors = error_rows(history)

    def page(operations: Sequence[Operation], characters_max: int) -> bytes:
        return render_page(
            title=title,
            source=Path(history.source).name,
            summary=summary,
            anomalies=anomalies,
            tally=tally_of(found),
            origin=clock.origin,
            operations=operation_table,
            errors=errors,
            facts=facts or {},
            reproduce=reproduce,
            drawn=len(operations),
            timed=clock.timed,
            data=payload_text(scene, operations, characters_max),
        )

    html, drawn = _fit(page, history, [anomaly for _, anomaly in found], bytes_max)
    target = Path(path)
    _replace(target, html)
    return PageWritten(path=target, bytes=len(html), drawn=drawn, operations=len(history))


def _fit(
    page: Callable[[Sequence[Operation], int], bytes],
    history: History,
    anomalies: Sequence[Anomaly],
    bytes_max: int,
) -> tuple[bytes, int]:
    """The largest page that keeps the budget, and the number of operations on it."""
    chosen: Sequence[Operation] = choose_operations(history, anomalies, OPERATIONS_MAX)
    html = b""
    for characters_max in _VALUE_CHARACTERS:
        html = page(chosen, characters_max)
        if len(html) <= bytes_max:
            return html, len(chosen)
    smallest = len(page((), 0))
    for _ in range(_ATTEMPTS_MAX):
        room = (bytes_max - smallest) / max(len(html) - smallest, 1)
        quota = int(len(chosen) * room * _HEADROOM)
        if quota <= 0:
            break
        chosen = choose_operations(history, anomalies, quota)
        html = page(chosen, _VALUE_CHARACTERS[-1])
        if len(html) <= bytes_max:
            return html, len(chosen)
    raise PageTooLarge(
        f"the page needs {smallest:,} bytes without any operation; its budget is {bytes_max:,}. "
        "Allow more bytes."
    )


def _replace(target: Path, content: bytes) -> None:
    """Write beside the target and rename, so that no reader sees half a page."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        draft.write_bytes(content)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
