"""What a search found out, whichever engine ran it."""

from __future__ import annotations

import msgspec

from checker.verdict import Verdict

__all__ = ["SearchOutcome"]


class SearchOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one search over one partition; operations are named by their history index.

    ``witness`` orders all completed operations, and the pending ones that had to happen, when the
    verdict is valid. Otherwise ``longest_prefix`` is the longest legal order that was found and
    ``blocked`` the operation whose completion could not be passed in any order: the first one, by
    completion, that no order reached. ``configurations`` counts distinct (linearized set, state)
    pairs; ``reason`` says which limit ended an unknown.
    """

    verdict: Verdict
    witness: tuple[int, ...] | None = None
    longest_prefix: tuple[int, ...] = ()
    blocked: int | None = None
    configurations: int = 0
    peak_bytes: int = 0
    reason: str = ""
