"""Faults: the nemesis' events, paired into the times during which something was broken.

``kill-X`` lasts until ``restart-X``, ``start-X`` until ``stop-X``, ``pause-X`` until ``resume-X``,
``partition`` until ``heal``; Jepsen's bare ``start`` and ``stop`` pair as well. An event of no
known pair is a moment. A repeated event (Jepsen writes each twice, as it begins and as it ends)
counts once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from checker.history.history import NemesisEvent
from checker.report.page.clock import Clock
from checker.report.page.wording import value_text

__all__ = ["MOMENTS", "Fault", "pair_faults"]

MOMENTS: Final = "events"
"""The target under which moments are gathered."""
_REVIVE: Final = frozenset({"restart", "start", "recover", "revive"})
_RESUME: Final = frozenset({"resume", "continue", "unpause", "thaw", "start"})
_HEAL: Final = frozenset({"heal", "restore", "reconnect", "unblock", "reset", "stop"})
_STOP: Final = frozenset({"stop", "end", "heal", "recover"})
_CLOSERS: Final = {
    "kill": _REVIVE,
    "crash": _REVIVE,
    "stop": _REVIVE | _RESUME,
    "start": _STOP,
    "begin": _STOP,
    **dict.fromkeys(("pause", "freeze", "suspend"), _RESUME),
    **dict.fromkeys(("cut", "partition", "isolate", "block", "drop", "disconnect"), _HEAL),
    **dict.fromkeys(("slow", "delay", "limit", "skew", "bump", "strobe"), _HEAL),
    **dict.fromkeys(("fill",), frozenset({"free", "drain", "clear"}) | _HEAL),
}
_VERBS: Final = frozenset(_CLOSERS).union(*_CLOSERS.values())
_DETAIL_CHARACTERS_MAX: Final = 300


class Fault(msgspec.Struct, kw_only=True):
    """Something was broken from ``begin`` to ``end`` on the axis.

    ``end`` is None where nothing ended the fault. ``target`` is what was broken, or the event's own
    name where it names no target. A moment (see `is_moment`) broke nothing that is known.
    """

    target: str
    begin: int
    end: int | None
    began_by: str
    ended_by: str = ""
    detail: str = ""

    @property
    def is_moment(self) -> bool:
        """It only happened, as far as its name tells: nothing was broken for a while."""
        return self.end is not None and not self.ended_by


def pair_faults(events: Iterable[NemesisEvent], clock: Clock) -> tuple[Fault, ...]:
    """The faults in order of their beginning."""
    faults: list[Fault] = []
    broken: dict[str, Fault] = {}
    ended: dict[str, Fault] = {}
    for event in sorted(events, key=lambda event: event.time):
        verb, target = _split(event.f)
        when = clock.at(event.time)
        fault = broken.get(target)
        if fault is not None and event.f == fault.began_by:
            continue
        if fault is not None and verb in _CLOSERS[_split(fault.began_by)[0]]:
            fault.end, fault.ended_by = when, event.f
            ended[target] = broken.pop(target)
            continue
        if target in ended and event.f == ended[target].ended_by:
            ended[target].end = when
            continue
        if not target and _close_all(broken, verb, event.f, when):
            continue
        ended.pop(target, None)
        lasting = verb in _CLOSERS
        fault = Fault(
            target=(target or verb or event.f) if lasting else MOMENTS,
            begin=when,
            end=None if lasting else when,
            began_by=event.f,
            detail=_detail(event.value),
        )
        faults.append(fault)
        if lasting:
            broken[target] = fault
    return tuple(faults)


def _split(f: str) -> tuple[str, str]:
    """Verb and target: ("kill", "postgres") of "kill-postgres" and of "postgres-kill"."""
    words = f.lower().replace("_", "-").replace(":", "-").replace(" ", "-").split("-")
    if words[0] in _VERBS:
        return words[0], "-".join(words[1:])
    if len(words) > 1 and words[-1] in _VERBS:
        return words[-1], "-".join(words[:-1])
    return "", "-".join(words)


def _close_all(broken: dict[str, Fault], verb: str, f: str, when: int) -> bool:
    """Let an event without a target ("heal") end every fault that it can end."""
    healed = [name for name, fault in broken.items() if verb in _CLOSERS[_split(fault.began_by)[0]]]
    for name in healed:
        fault = broken.pop(name)
        fault.end, fault.ended_by = when, f
    return bool(healed)


def _detail(value: Any) -> str:
    return "" if value is None else value_text(value, _DETAIL_CHARACTERS_MAX)
