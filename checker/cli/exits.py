"""Exit codes of the checker, and which one wins when files end differently.

| exit | meaning |
|---|---|
| 0 | every history valid |
| 1 | at least one violation, and only ever that |
| 2 | usage or configuration |
| 3 | undecided within the limits, no violation found |
| 4 | malformed history |
| 5 | infrastructure: a file that was there could not be read to its end, a report not written |
| 70 | internal error, a model that raised included |
| 130, 143 | interrupted, terminated; partial results are written |
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

__all__ = ["Exit", "worst_exit"]


class Exit(enum.IntEnum):
    """How a command ended."""

    VALID = 0
    VIOLATION = 1
    USAGE = 2
    UNDECIDED = 3
    MALFORMED = 4
    INFRASTRUCTURE = 5
    INTERNAL = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


_WORST_FIRST: Final = (
    Exit.INTERNAL,
    Exit.USAGE,
    Exit.MALFORMED,
    Exit.VIOLATION,
    Exit.INFRASTRUCTURE,
    Exit.UNDECIDED,
    Exit.VALID,
)


def worst_exit(exits: Iterable[Exit]) -> Exit:
    """Return the one that wins: 70 > 2 > 4 > 1 > 5 > 3 > 0. None at all is 0.

    What was not judged as asked comes before what was: a violation in one file must not hide that
    another was never looked at.
    """
    return min(exits, key=_WORST_FIRST.index, default=Exit.VALID)
