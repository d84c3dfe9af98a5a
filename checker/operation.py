"""Operations: what one client did, from its invocation to its completion.

Terms are those of Herlihy and Wing, "Linearizability: a correctness condition for concurrent
objects" (TOPLAS 12(3), 1990), and of Jepsen's histories.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

__all__ = ["Operation", "Outcome"]


class Outcome(enum.StrEnum):
    """How an operation ended, as its client knows it."""

    OK = "ok"
    """It happened, between its invocation and its completion."""
    FAIL = "fail"
    """It certainly had no effect, and never will."""
    INFO = "info"
    """Not known: it may take effect at any time after its invocation, or never."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a history.

    ``invoked`` and ``completed`` are ranks on one timeline: all endpoints of a history have
    distinct ranks, and operation a really precedes b exactly when ``a.completed < b.invoked``.
    ``completed`` is None when the outcome is INFO: such an operation is concurrent with everything
    after its invocation. ``time_invoked`` and ``time_completed`` are nanoseconds, for people and
    plots only.

    ``value`` is what the client asked for, ``output`` what it was answered (None unless OK), and
    ``error`` why it failed; a model may read an observation from the error of a FAIL.
    """

    index: int
    """The operation's place in its history, in order of invocation, from 0."""
    process: int | str
    f: str
    key: Any = None
    value: Any = None
    output: Any = None
    error: Any = None
    outcome: Outcome
    invoked: int
    completed: int | None = None
    time_invoked: int = 0
    time_completed: int | None = None
    line: int | None = None
    """The line of the invocation in the file, from 1."""
