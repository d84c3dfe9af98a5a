"""A limit for monitors in Python, which are plain code that looks at no clock.

The native monitors count their steps and look at the clock themselves. Those in Python are the
reference, and kept free of it: another thread watches, and interrupts the one that judges by an
exception at its next step, as CPython does for Ctrl-C. A long sort of numbers is one step.
"""

from __future__ import annotations

import ctypes
import threading
import time
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
    try:
        watcher.start()
        result = work()
        watcher.settle()
    except _Stopped:
        return None
    except BaseException:
        watcher.dismiss()
        raise
    return result


class _Watcher(threading.Thread):
    """Looks after one piece of work."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        super().__init__(name="checker-watcher", daemon=True)
        self._is_over = is_over
        self._watched = threading.get_ident()
        self._guard = threading.Lock()
        self._done = threading.Event()
        self._interrupted = False

    def run(self) -> None:
        """Interrupt the work once it is over, unless it is done."""
        while not self._done.wait(_PERIOD_SECONDS):
            if self._is_over():
                with self._guard:
                    if not self._done.is_set():
                        self._interrupted = True
                        _raise_in(self._watched)
                return

    def settle(self) -> None:
        """Say that the work is done; an interruption that was on its way arrives in here."""
        with self._guard:
            self._done.set()
        while self._interrupted:
            time.sleep(_PERIOD_SECONDS)

    def dismiss(self) -> None:
        """Say that the work has failed, and let no interruption out of here."""
        try:
            self.settle()
        except _Stopped:
            return


def _raise_in(thread: int) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_Stopped))
