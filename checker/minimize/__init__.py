"""Smaller histories that fail in the same way: what to look at first, and what to put into a test.

Nothing here judges: every candidate is judged by `checker.checking`.
"""

from checker.minimize.shrink import Minimized, minimize

__all__ = ["Minimized", "minimize"]
