"""How signals end a command: SIGTERM as SIGINT does, and at once while standard input is awaited.

What it was writing is removed then, and what it holds is given back.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interruptible", "termination"]


@contextmanager
def termination() -> Iterator[Callable[[], bool]]:
    """Take a SIGTERM as an interrupt; yields a function that says whether there was one."""
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        received.append(number)
        on_interrupt = signal.getsignal(signal.SIGINT)
        if not callable(on_interrupt):  # scripts have what they start in the background ignore it
            raise KeyboardInterrupt
        on_interrupt(signal.SIGINT, frame)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield lambda: bool(received)
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let an interrupt end what blocks the event loop, such as a read of standard input.

    The event loop's own handler would only see to it once the loop goes on.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
