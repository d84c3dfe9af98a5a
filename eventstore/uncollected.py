"""Making many objects at once, without the garbage collector going through them meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["uncollected"]


@contextmanager
def uncollected() -> Iterator[None]:
    """Make many objects that all stay, without the collector looking for cycles among them.

    Otherwise it goes through them, and now and then through everything there is, several times a
    page: two thirds of what an event costs that is read. Bounded, since a page is. Nothing may be
    awaited inside: whoever runs meanwhile would do without a collector, too.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
