"""The operations and all that is drawn, as one packed table: what the scripts of the page read.

Column ``index`` is the operation's place in the history, ``begin`` and ``end`` lie on the clock's
axis (``end`` is -1 where the client never heard back), ``request``, ``answer`` and ``error`` are
numbers of texts. The manifest holds the dictionaries and the series.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from checker.history.history import History
from checker.operation import Operation, Outcome
from checker.report.page.clock import Clock
from checker.report.page.columns import TextPool, pack
from checker.report.page.evidence import AnomalyView
from checker.report.page.faults import Fault
from checker.report.page.lanes import Lanes
from checker.report.page.series import Series
from checker.report.page.wording import label_text, value_text
from checker.result import CheckResult
from checker.verdict import Verdict

__all__ = ["KeyEntry", "Scene", "key_entries", "payload_text"]

_OUTCOME_CODES: Final = {Outcome.OK: 0, Outcome.FAIL: 1, Outcome.INFO: 2}
_KEY_CHARACTERS_MAX: Final = 200
_FEATURED_CHARACTERS_MAX: Final = 20_000
"""Values of an anomaly's operations are kept longer: they are the evidence."""
_COLUMN_TYPES: Final = {
    "index": "I",
    "line": "I",
    "lane": "I",
    "process": "I",
    "f": "I",
    "key": "I",
    "outcome": "B",
    "begin": "d",
    "end": "d",
    "request": "I",
    "answer": "I",
    "error": "I",
}


class KeyEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One key: ``text`` None stands for operations without one, ``verdict`` None for not judged."""

    text: str | None
    verdict: Verdict | None
    operations: int


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """All that is drawn around the operations."""

    clock: Clock
    lanes: Lanes
    faults: tuple[Fault, ...]
    keys: tuple[KeyEntry, ...]
    anomalies: tuple[AnomalyView, ...]
    series: Series | None


def key_entries(history: History, result: CheckResult) -> tuple[KeyEntry, ...]:
    """Every key of the history with its verdict and number of operations, the worst first."""
    counts = Counter(_key_text(operation.key) for operation in history.operations)
    verdicts: dict[str | None, Verdict] = {}
    for part in result.partitions:
        text = _key_text(part.key)
        known = verdicts.get(text)
        if known is None or part.verdict.severity > known.severity:
            verdicts[text] = part.verdict
    entries = [
        KeyEntry(text=text, verdict=verdicts.get(text), operations=count)
        for text, count in counts.items()
    ]
    return tuple(sorted(entries, key=_worst_first))


def payload_text(scene: Scene, operations: Iterable[Operation], characters_max: int) -> str:
    """Pack the scene with these operations; values longer than ``characters_max`` are cut."""
    texts = TextPool()
    fs: dict[str, int] = {}
    columns = _operation_columns(scene, operations, texts, fs, characters_max)
    manifest = {
        "timed": scene.clock.timed,
        "length": scene.clock.length,
        "lanes": scene.lanes.names,
        "fs": list(fs),
        "keys": msgspec.to_builtins(scene.keys),
        "faults": msgspec.to_builtins(scene.faults),
        "anomalies": [
            {"number": view.number, "type": view.type, "operations": view.indices}
            for view in scene.anomalies
        ],
        "series": msgspec.to_builtins(scene.series),
    }
    return pack(manifest, {**columns, **texts.columns()})


def _operation_columns(
    scene: Scene,
    operations: Iterable[Operation],
    texts: TextPool,
    fs: dict[str, int],
    characters_max: int,
) -> dict[str, array[Any]]:
    key_numbers = {entry.text: number for number, entry in enumerate(scene.keys)}
    featured = {index for view in scene.anomalies for index in view.indices}

    def text(value: Any, room: int, *, said: bool) -> int:
        return texts.add(value_text(value, room)) if said else 0

    rows = []
    for op in operations:
        room = _FEATURED_CHARACTERS_MAX if op.index in featured else characters_max
        end = scene.clock.end(op)
        rows.append(
            (
                op.index,
                op.line or 0,
                scene.lanes.of_process[op.process],
                texts.add(str(op.process)),
                fs.setdefault(op.f, len(fs)),
                key_numbers[_key_text(op.key)],
                _OUTCOME_CODES[op.outcome],
                scene.clock.begin(op),
                -1 if end is None else end,
                text(op.value, room, said=op.value is not None),
                text(op.output, room, said=op.outcome is Outcome.OK),
                text(op.error, room, said=op.error is not None),
            )
        )
    values = zip(*rows, strict=True) if rows else [()] * len(_COLUMN_TYPES)
    return {
        name: array(typecode, column)
        for (name, typecode), column in zip(_COLUMN_TYPES.items(), values, strict=True)
    }


def _key_text(key: Any) -> str | None:
    return None if key is None else label_text(key, _KEY_CHARACTERS_MAX)


def _worst_first(entry: KeyEntry) -> tuple[int, int, str]:
    severity = -1 if entry.verdict is None else entry.verdict.severity
    return -severity, -entry.operations, entry.text or ""
