"""A cancellation that somebody swallowed is not lost: who runs for ever looks for it.

`asyncio.wait_for` of Python 3.11 (bpo-42130, mended in 3.12) returns what it waited for when that
comes together with a cancellation, which is gone then; nats-py waits by it. A loop that connects
again and again, as ours do, meets that moment sooner or later, and would go on after SIGTERM.
"""

from __future__ import annotations

import asyncio

__all__ = ["Cancellation"]


class Cancellation:
    """Whether the current task was asked to end since this was made in it."""

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self._before = 0 if self._task is None else self._task.cancelling()

    def check(self) -> None:
        """End the task if it was.

        Raises:
            CancelledError: it was, and nobody knows any more.
        """
        if self._task is not None and self._task.cancelling() > self._before:
            raise asyncio.CancelledError
