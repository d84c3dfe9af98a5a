"""A limit for monitors in Python, which are plain code that looks at no clock.

The native monitors count their steps and look at the clock themselves. Those in Python are the
reference, and kept free of it: another thread watches, and interrupts the one that judges by an
exception at its next step, as CPython does for Ctrl-C. A long sort of numbers is one step.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["bounded"]

_PERIOD_SECONDS: Final = 0.02
"""How often the other thread looks whether to stop."""

T = TypeVar("T")


class _Stopped(BaseException):
    """Raised in the thread that judges, and caught where it began to."""


def bounded(work: Callable[[], T], is_over: Callable[[], bool]) -> T | None:
    """Do a piece of pure work; None if it was over before the work was done.

    The work must hold no lock and keep no state that half of it would spoil.
    """
    watcher = _Watcher(is_over)
    result: T | None = None
    failure: BaseException | None = None
    try:
        watcher.start()
        result = work()
        watcher.ended = True
    except _Stopped:
        watcher.ended = True
    except BaseException as error:  # noqa: BLE001 - it is raised again, once nothing else can arrive
        watcher.ended = True
        failure = error
    try:
        interrupted = watcher.settle()
    except _Stopped:  # the one that was on its way when the work ended; there is no other
        interrupted = watcher.settle()
    if failure is not None:
        raise failure
    return None if interrupted else result


class _Watcher(threading.Thread):
    """Looks after one piece of work.

    Attributes:
        ended: Set by who did the work as soon as it has ended in whatever way, which takes one step
            of the interpreter: no interruption begins from then on.
    """

    def __init__(self, is_over: Callable[[], bool]) -> None:
        super().__init__(name="checker-watcher", daemon=True)
        self._is_over = is_over
        self._watched = threading.get_ident()
        self._guard = threading.Lock()
        self._done = threading.Event()
        self._interrupted = False
        self._flushed = False
        self.ended = False

    def run(self) -> None:
        """Interrupt the work once it is over, until it is done.

        Once may not be enough: an interruption that arrives in a destructor, or in a callback of
        the garbage collector, is reported and dropped by the interpreter.
        """
        over = False
        while not self._done.wait(_PERIOD_SECONDS):
            over = over or self._is_over()
            if over:
                with self._guard:
                    if not (self.ended or self._done.is_set()):
                        self._interrupted = True
                        _raise_in(self._watched, _Stopped)

    def settle(self) -> bool:
        """Let what is on its way arrive: from here on no interruption does.

        Returns whether there was one.
        """
        while True:
            try:
                with self._guard:
                    self._done.set()
                if not self._interrupted or self._flushed:
                    return self._interrupted
                self._flushed = True
                # Replaces what may be on its way, so that exactly one arrives. To take it back
                # would leave CPython 3.11 looking for it for ever, and hanging under a profiler.
                _raise_in(self._watched, _Stopped)
                while True:
                    pass
            except _Stopped:
                continue


def _raise_in(thread: int, exception: type[BaseException]) -> None:
    """Have a thread raise at its next step."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(exception))
