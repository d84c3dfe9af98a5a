"""Cycles of transactions on the page: drawn where they are short, and always in words."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from checker import check
from checker.history.history import History
from checker.report.page import write_page
from checker.report.page.cycle import draw_cycle
from checker.verdict import Dependency
from tests.support.scripts import script


def _cycle(count: int) -> list[Dependency]:
    return [
        Dependency(
            source=10 + place, target=10 + (place + 1) % count, kind="ww", evidence=f"why {place}"
        )
        for place in range(count)
    ]


@pytest.mark.parametrize("count", [2, 3, 7, 12])
def test_each_transaction_and_each_edge_is_drawn_inside_and_apart(count: int) -> None:
    drawing = draw_cycle(_cycle(count))
    assert drawing is not None
    assert [node.index for node in drawing.nodes] == list(range(10, 10 + count))
    assert [(edge.source, edge.target) for edge in drawing.edges][-1] == (9 + count, 10)
    spots = [(node.x, node.y) for node in drawing.nodes]
    for x, y in (*spots, *((edge.x, edge.y) for edge in drawing.edges)):
        assert 0 < x < drawing.width
        assert drawing.top < y < drawing.top + drawing.height
    for place, node in enumerate(drawing.nodes):
        for other in drawing.nodes[place + 1 :]:
            assert math.dist((node.x, node.y), (other.x, other.y)) > 42
    labels = {(edge.x, edge.y) for edge in drawing.edges}
    assert len(labels) == count


def test_what_is_no_cycle_or_too_long_is_not_drawn() -> None:
    assert draw_cycle([]) is None
    assert draw_cycle(_cycle(13)) is None


def _skewed() -> History:
    return script(
        '1 invoke txn [["r", "<x>", null], ["append", "y", 1]]',
        '2 invoke txn [["r", "y", null], ["append", "<x>", 2]]',
        '1 ok [["r", "<x>", []], ["append", "y", 1]]',
        '2 ok [["r", "y", []], ["append", "<x>", 2]]',
        '0 do txn [["r", "<x>", null], ["r", "y", null]] => [["r", "<x>", [2]], ["r", "y", [1]]]',
    )


def test_the_page_shows_the_cycle_and_why(tmp_path: Path) -> None:
    history = _skewed()
    result = check(history, "list-append")
    write_page(tmp_path / "page.html", history, result, title="skew")
    page = (tmp_path / "page.html").read_text()
    begin = page.index("<svg", page.index('class="cycle"'))
    drawing = ET.fromstring(page[begin : page.index("</svg>", begin) + 6])  # noqa: S314 - our own
    texts = [text.text for text in drawing.iter("text")]
    assert texts == ["#0", "#1", "rw", "rw"]
    assert len([path for path in drawing.iter("path") if path.get("class") == "edge"]) == 2
    assert "operation 0 read &lt;x&gt; before operation 1 wrote it</li>" in page
