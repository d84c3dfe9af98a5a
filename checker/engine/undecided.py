"""What a search or a monitor says that came to a limit: which, how far it was, and which knob."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, NamedTuple

from checker.limits import Limits
from checker.models.describe import name_operation
from checker.operation import Operation

__all__ = ["Limit", "Reach", "limit_reached", "monitor_undecided", "undecided"]

Limit = Literal["timeout", "memory", "cancelled"]


class Reach(NamedTuple):
    """How far a search came.

    ``blocked`` is the first operation, by completion, that no order that was found has passed: up
    to there the history is known to be consistent. None if the search cannot tell.
    """

    configurations: int
    ordered: int
    operations: int
    blocked: Operation | None = None


def undecided(limit: Limit, reach: Reach, limits: Limits) -> str:
    """Say why a search is undecided, how far it came at best, and what to change."""
    parts = [
        f"the search saw {reach.configurations:,} configurations",
        f"ordered {reach.ordered:,} of {reach.operations:,} operations at best",
    ]
    if reach.blocked is not None:
        parts.append(f"never got past {name_operation(reach.blocked)}")
    return f"{', '.join(parts)}, and {limit_reached(limit, limits)}"


# Hundreds of thousands of parts may end at one limit, and say the same.
@lru_cache(maxsize=1024)
def monitor_undecided(limit: Limit, at: tuple[str, int | None] | None, limits: Limits) -> str:
    """Say what a monitor was doing that a limit ended, and what to change.

    ``at`` is what it was doing, as it is said after "was", and how much of that it had done in per
    cent, where that can be told; None if it had hardly begun. Monitors do one thing after another:
    those before found nothing wrong.
    """
    if at is None:
        return f"the monitor had hardly begun, and {limit_reached(limit, limits)}"
    doing, percent = at
    far = "" if percent is None else f" ({percent}% done)"
    return f"the monitor was {doing}{far}, and {limit_reached(limit, limits)}"


def limit_reached(limit: Limit, limits: Limits) -> str:
    """Say which limit was reached, and which option raises it; nothing raises a cancellation."""
    return _REACHED[limit].format(limits)


_REACHED: Final[dict[Limit, str]] = {
    "timeout": "reached the time limit of {0.timeout_seconds:g} s: raise --timeout",
    "memory": "reached the memory limit of {0.memory_bytes} bytes: raise --memory-limit",
    "cancelled": "was cancelled",
}
