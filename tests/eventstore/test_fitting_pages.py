"""The size of pages follows the size of rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eventstore.fitting_pages import FittingPages

LIMIT = 100
ROWS = st.lists(st.one_of(st.integers(1, 9), st.integers(1, 1500)), max_size=300)


def page_of(sizes: list[int], rows: int, bytes_max: int) -> list[int]:
    """What a server answers: so many rows, of so many bytes unless the first has more."""
    page: list[int] = []
    for size in sizes[:rows]:
        if page and sum(page) + size > bytes_max:
            break
        page.append(size)
    return page


@given(ROWS)
def test_what_is_cut_off_is_known_to_be_there(sizes: list[int]) -> None:
    """Unless one row alone has more than half a page of bytes."""
    pages, read, asked = FittingPages(1000), 0, 0
    while read < len(sizes):
        asked = pages.rows(LIMIT)
        assert 1 <= asked <= LIMIT
        page = page_of(sizes[read:], asked, 1000)
        pages.got(len(page), sum(page), asked=asked, limit=LIMIT)
        read += len(page)
        left_out = read < len(sizes) and len(page) < LIMIT
        if left_out and max(sizes) <= 500:
            assert pages.cut
    pages.got(0, 0, asked=asked, limit=LIMIT)
    assert not pages.cut


def test_behind_large_rows_few_are_asked_for_and_then_more_again() -> None:
    pages = FittingPages(1000)
    assert pages.rows(LIMIT) == LIMIT
    pages.got(4, 1000, asked=LIMIT, limit=LIMIT)
    assert (pages.cut, pages.rows(LIMIT), pages.rows(2)) == (True, 4, 2)
    asked = [4]
    while asked[-1] < LIMIT:
        pages.got(asked[-1], asked[-1], asked=asked[-1], limit=LIMIT)
        assert pages.cut, "it asked for fewer than were wanted"
        asked.append(pages.rows(LIMIT))
    assert asked == [4, 8, 16, 32, 64, 100]
    pages.got(7, 7, asked=LIMIT, limit=LIMIT)
    assert (pages.cut, pages.rows(LIMIT)) == (False, LIMIT)
