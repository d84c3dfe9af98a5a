"""How many rows to ask for when a page may have only so many bytes. No I/O.

Whoever reads pages learns from each how large its rows are: behind a page that was too large fewer
are asked for, and twice as many again behind each that was not.
"""

from __future__ import annotations

__all__ = ["FittingPages"]


class FittingPages:
    """Chooses the size of the next page; ``cut`` says that there may be more behind the last one.

    Args:
        bytes_max: How many bytes a page is to have at most, unless one row alone has more.
    """

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.cut = False
        self._fit: int | None = None  # how many rows did, when not all that were asked for

    def rows(self, limit: int) -> int:
        """Return how many rows to ask for, of ``limit`` that are wanted."""
        return limit if self._fit is None else min(limit, self._fit)

    def got(self, rows: int, size: int, *, asked: int, limit: int) -> None:
        """Take note that so many rows came, of so many bytes, when so many were asked for.

        Half a page of bytes may be all that fits, if one row alone may have as many.
        """
        large = 2 * size > self.bytes_max
        self.cut = rows > 0 and (large or rows == asked < limit)
        if large:
            mean = max(1, size // rows)
            self._fit = max(1, self.bytes_max // mean)
        elif self._fit is not None:
            self._fit = None if asked >= limit else self._fit * 2
