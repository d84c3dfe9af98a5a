"""The page in a real browser: it opens from a file, draws, answers to hand and keyboard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker import Anomaly, History, HistoryBuilder, Outcome, Verdict
from checker.report.page import PageWritten, write_page
from tests.checker.report.browser.chromium import Page
from tests.checker.report.hostile import HOSTILE
from tests.checker.report.synthetic import judged, synthetic_history, with_stale_read

ERRORS = "document.documentElement.dataset.errors"
VERDICT = "document.querySelector('[data-role=verdict]').textContent"
SELECTED = "document.querySelector('.details dl.operation')?.textContent ?? ''"
LANES = "Number(document.querySelector('.scroller').dataset.lanes)"
FOCUS = "document.querySelector('.scroller').focus({preventScroll: true})"
PICTURE = "document.querySelector('canvas.lanes').toDataURL()"
TO_TIMELINE = "document.querySelector('#timeline').scrollIntoView()"


def assert_calm(page: Page) -> None:
    assert page.evaluate(ERRORS) == "0"
    assert page.complaints == []


def coloured_pixels(page: Page, name: str) -> int:
    """How many pixels of the timeline have nearly a colour of the palette."""
    found: int = page.evaluate(
        f"""(() => {{
          const style = getComputedStyle(document.documentElement);
          const hex = style.getPropertyValue('--{name}').trim();
          const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
          const canvas = document.querySelector('canvas.lanes');
          const copy = new OffscreenCanvas(canvas.width, canvas.height)
            .getContext('2d', {{willReadFrequently: true}});
          copy.drawImage(canvas, 0, 0);
          const {{data}} = copy.getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            if (Math.max(Math.abs(data[i] - r), Math.abs(data[i + 1] - g),
                         Math.abs(data[i + 2] - b)) <= 40) count += 1;
          return count;
        }})()"""
    )
    return found


def test_valid_page_draws_everything(page: Page, valid_page: Path) -> None:
    page.open(valid_page)
    assert page.evaluate(VERDICT) == "Valid"
    assert page.evaluate(LANES) == 10
    assert page.evaluate("document.querySelectorAll('.anomaly').length") == 0
    assert page.evaluate("document.querySelectorAll('[data-role=property]').length") == 2
    assert page.evaluate("document.querySelectorAll('.uplot').length") == 6
    for name in ("ok", "fail", "info", "fault"):
        assert coloured_pixels(page, name) > 50, name
    assert coloured_pixels(page, "anomaly") == 0
    assert_calm(page)


def test_jump_to_the_first_anomaly_selects_and_outlines_it(
    page: Page, invalid_page: Path, broken: tuple[History, Anomaly]
) -> None:
    page.open(invalid_page)
    assert page.evaluate(VERDICT) == "INVALID"
    assert page.evaluate("document.querySelectorAll('.anomaly').length") == 1
    page.evaluate("document.querySelector('button.alarm').click()")
    page.settle()
    first, second = broken[1].operations
    assert f"#{first}" in page.evaluate(SELECTED)
    assert page.evaluate("document.querySelector('.in-anomaly').textContent").endswith("stale-read")
    assert page.evaluate("location.hash") == f"#op={first}"
    assert coloured_pixels(page, "anomaly") > 100
    page.press("n")
    assert f"#{second}" in page.evaluate(SELECTED)
    page.press("p")
    assert f"#{first}" in page.evaluate(SELECTED)
    assert_calm(page)


def test_address_names_an_operation(
    page: Page, invalid_page: Path, broken: tuple[History, Anomaly]
) -> None:
    wanted = broken[1].operations[1]
    page.open(invalid_page, f"#op={wanted}")
    assert f"#{wanted}" in page.evaluate(SELECTED)
    page.evaluate(f"document.querySelector('a.op-link[href=\"#op={wanted - 1}\"]')?.click()")
    page.evaluate("location.hash = '#op=17'")
    page.wait_for(f"({SELECTED}).includes('#17')")
    assert_calm(page)


def test_operations_of_an_anomaly_link_into_the_timeline(
    page: Page, invalid_page: Path, broken: tuple[History, Anomaly]
) -> None:
    page.open(invalid_page)
    wanted = broken[1].operations[0]
    page.evaluate(f"document.querySelector('.anomaly a[href=\"#op={wanted}\"]').click()")
    page.wait_for(f"({SELECTED}).includes('#{wanted}')")
    assert page.evaluate("document.querySelector('#timeline').getBoundingClientRect().top") < 100


def test_anomalies_are_followed_one_after_another(page: Page, many_page: Path) -> None:
    page.open(many_page)
    assert page.evaluate("document.querySelector('.types').textContent") == "4 lost1 odd"
    folded = "document.querySelector('#anomaly-5').checkVisibility()"
    assert not page.evaluate(folded)
    for name, wanted in (("Next", 20), ("Next", 30), ("Previous", 20), ("Previous", 10)):
        page.evaluate(f"document.querySelector('button[title=\"{name} anomaly\"]').click()")
        page.settle()
        assert f"#{wanted}client" in page.evaluate(SELECTED)
    page.evaluate("location.hash = '#anomaly-5'")
    page.wait_for(folded)
    assert_calm(page)


def test_keys_move_and_zoom(page: Page, valid_page: Path) -> None:
    page.open(valid_page, "#op=100")
    page.evaluate(FOCUS)
    before = page.evaluate(PICTURE)
    for key in ("+", "ArrowRight", "-", "0"):
        page.press(key)
        after = page.evaluate(PICTURE)
        assert after != before, key
        before = after
    page.press(".")
    assert "#100" not in page.evaluate(SELECTED)
    page.press(",")
    assert "#100" in page.evaluate(SELECTED)
    page.press("Escape")
    assert page.evaluate(SELECTED) == ""
    assert_calm(page)


def test_wheel_zooms_with_control_alone_until_the_timeline_has_the_focus(
    page: Page, valid_page: Path
) -> None:
    page.open(valid_page)
    page.evaluate(TO_TIMELINE)
    before, start = page.evaluate(PICTURE), page.evaluate("scrollY")
    turn_wheel(page)
    page.wait_for(f"scrollY < {start}")
    assert page.evaluate(PICTURE) == before
    page.evaluate(TO_TIMELINE)
    turn_wheel(page, control=True)
    page.wait_for(f"{PICTURE} !== {json.dumps(before)}")
    page.evaluate(FOCUS)
    before = page.evaluate(PICTURE)
    turn_wheel(page)
    page.wait_for(f"{PICTURE} !== {json.dumps(before)}")


def turn_wheel(page: Page, *, control: bool = False) -> None:
    box = page.evaluate("document.querySelector('canvas.lanes').getBoundingClientRect().toJSON()")
    page.command(
        "Input.dispatchMouseEvent",
        type="mouseWheel",
        x=box["x"] + 400,
        y=box["y"] + 100,
        deltaX=0,
        deltaY=-120,
        modifiers=2 if control else 0,
    )
    page.settle()


def test_click_selects_the_bar_under_the_pointer(page: Page, pages: Path) -> None:
    builder = HistoryBuilder()
    builder.invoke("writer", "write", value=41)
    builder.invoke("reader", "read")
    builder.complete("writer", Outcome.OK)
    builder.complete("reader", Outcome.OK, output=41)
    history = builder.build()
    write_page(pages / "click.html", history, judged(history, model="register"), title="x")
    page.open(pages / "click.html")
    page.evaluate(TO_TIMELINE)
    box = page.evaluate("document.querySelector('canvas.lanes').getBoundingClientRect().toJSON()")
    # Lanes are sorted by name, the axis is 26 pixels high, and both operations span the middle.
    page.click(box["x"] + box["width"] / 2, box["y"] + 26 + 6 + 10)
    assert "#1" in page.evaluate(SELECTED)
    assert "41" in page.evaluate(SELECTED)
    assert page.evaluate("document.activeElement.className") == "scroller"
    assert page.evaluate("document.querySelector('#plots')") is None
    assert_calm(page)


def test_filters_hide_operations(page: Page, invalid_page: Path) -> None:
    page.open(invalid_page)
    names = page.evaluate(
        "[...document.querySelectorAll('[data-role=keys] option')].map((o) => o.textContent)"
    )
    assert names[0] == "all 9 keys"
    assert names[1].startswith("INVALID")
    everything = coloured_pixels(page, "ok")
    page.evaluate(
        "(() => { const s = document.querySelector('[data-role=keys]'); s.value = '0';"
        " s.dispatchEvent(new Event('change')); })()"
    )
    page.settle()
    one_key = coloured_pixels(page, "ok")
    assert 0 < one_key < everything
    page.evaluate("document.querySelector('.choices input').click()")
    page.settle()
    assert coloured_pixels(page, "ok") == 0
    assert_calm(page)


def test_hostile_values_are_shown_and_do_nothing(page: Page, hostile: Path) -> None:
    page.open(hostile, "#op=0")
    assert HOSTILE in page.evaluate("document.querySelector('.details').textContent")
    assert HOSTILE in page.evaluate("document.querySelector('.anomaly').textContent")
    page.evaluate("document.querySelector('button.alarm').click()")
    page.settle()
    assert page.evaluate("typeof window.pwned") == "undefined"
    assert page.evaluate("document.querySelectorAll('img, b-hostile, iframe').length") == 0
    assert page.evaluate("document.scripts.length") == 3
    assert_calm(page)


def test_policy_stops_foreign_code_and_requests(page: Page, valid_page: Path) -> None:
    page.open(valid_page)
    page.evaluate(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.pwned = 1';"
        " document.body.append(s); document.body.insertAdjacentHTML('beforeend',"
        " '<a id=trap onclick=\"window.pwned = 2\">x</a>');"
        " document.querySelector('#trap').click(); })()"
    )
    assert page.evaluate("typeof window.pwned") == "undefined"
    stopped = page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'stopped')")
    assert stopped == "stopped"
    assert not [line for line in page.complaints if line.startswith("request")]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 760, 1380])
def test_page_fits_every_window_in_both_schemes(
    page: Page, invalid_page: Path, width: int, *, dark: bool
) -> None:
    page.resize(width, 900, dark=dark)
    page.open(invalid_page, "#op=17")
    overflow = page.evaluate(
        "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
    )
    assert overflow <= 0
    red, *_ = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert (red < 80) is dark
    assert_calm(page)


def test_paper_is_white(page: Page, valid_page: Path) -> None:
    page.resize(1380, 900, dark=True)
    page.open(valid_page)
    dark = page.evaluate(PICTURE)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(PICTURE) != dark
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(PICTURE) == dark
    assert_calm(page)


def test_operation_that_is_not_drawn_is_said_to_be_missing(page: Page, pages: Path) -> None:
    history, anomaly = with_stale_read(synthetic_history(operations=6_000))
    result = judged(history, Verdict.INVALID, anomalies=(anomaly,))
    path = pages / "sampled.html"
    write_page(path, history, result, title="x", bytes_max=300_000)
    page.open(path, "#op=1")
    said = page.evaluate("document.querySelector('.details').textContent")
    assert "Operation #1 is not drawn" in said or "#1" in page.evaluate(SELECTED)
    assert page.evaluate("document.querySelector('[data-role=sampled]').textContent") != ""
    page.evaluate("document.querySelector('button.alarm').click()")
    page.settle()
    assert f"#{anomaly.operations[0]}" in page.evaluate(SELECTED)
    assert_calm(page)


def test_two_hundred_thousand_operations_are_drawn(page: Page, large_page: PageWritten) -> None:
    page.open(large_page.path, "#op=199999")
    assert "#199999" in page.evaluate(SELECTED)
    assert page.evaluate(LANES) == 16
    page.evaluate("document.querySelector('button.alarm').click()")
    page.settle()
    assert page.evaluate("document.querySelector('.in-anomaly').textContent").endswith("stale-read")
    assert coloured_pixels(page, "anomaly") > 100
    assert_calm(page)


@pytest.mark.parametrize("name", ["valid_page", "invalid_page"])
def test_the_panel_beside_the_timeline_is_not_cut_off(
    page: Page, name: str, request: pytest.FixtureRequest
) -> None:
    page.open(request.getfixturevalue(name))
    panel = "document.querySelector('.details')"
    assert page.evaluate(f"{panel}.scrollHeight - {panel}.clientHeight") <= 0


def test_history_without_operations_has_a_page(page: Page, pages: Path) -> None:
    history = HistoryBuilder().build()
    write_page(pages / "empty.html", history, judged(history), title="x")
    page.open(pages / "empty.html")
    assert page.evaluate(LANES) == 0
    assert_calm(page)
