"""What the page carries: packed columns, chosen operations, bundled scripts."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker import Anomaly, Verdict
from checker.report.page.bundle import BundleError, bundle_modules, page_script, page_style
from checker.report.page.columns import TextPool, pack
from checker.report.page.payload import key_entries
from checker.report.page.sample import NEIGHBOURS, choose_operations
from tests.checker.report.synthetic import judged, synthetic_history, with_stale_read
from tests.checker.report.unpacking import texts, unpack


@given(
    st.lists(st.integers(0, 255)),
    st.lists(st.integers(0, 2**32 - 1)),
    st.lists(st.floats(allow_nan=False)),
    st.lists(st.text()),
)
def test_columns_come_back(
    small: list[int], large: list[int], real: list[float], words: list[str]
) -> None:
    pool = TextPool()
    numbers = [pool.add(word) for word in words]
    columns: dict[str, array[Any]] = {
        "a": array("B", small),
        "b": array("I", large),
        "c": array("d", real),
    }
    packed = pack({"name": "ü</script>"}, {**columns, **pool.columns()})
    manifest, found = unpack(packed)
    assert manifest["name"] == "ü</script>"
    assert (found["a"], found["b"], found["c"]) == (small, large, real)
    said = [word.encode("utf-8", errors="replace").decode() for word in words]
    assert [texts(found)[number] for number in numbers] == said


def test_equal_texts_are_kept_once() -> None:
    pool = TextPool()
    assert [pool.add(word) for word in ("", "a", "b", "a")] == [0, 1, 2, 1]


def test_equal_tables_give_equal_text() -> None:
    assert pack({"a": 1}, {"x": array("I", [1])}) == pack({"a": 1}, {"x": array("I", [1])})


def test_a_history_that_fits_is_drawn_whole() -> None:
    history = synthetic_history(operations=500)
    assert choose_operations(history, [], 500) is history.operations


@pytest.mark.parametrize("quota", [500, 1_000, 2_500])
def test_anomalies_and_their_neighbours_are_drawn_first(quota: int) -> None:
    history, anomaly = with_stale_read(synthetic_history(operations=6_000))
    chosen = choose_operations(history, [anomaly], quota)
    drawn = {op.index for op in chosen}
    assert len(chosen) == quota
    assert [op.index for op in chosen] == sorted(drawn)
    assert drawn.issuperset(anomaly.operations)
    if quota >= 2 * (2 * NEIGHBOURS + 1):
        for index in anomaly.operations:
            assert drawn.issuperset(range(index - NEIGHBOURS, index + NEIGHBOURS + 1))


def test_more_anomalies_than_fit_are_spread() -> None:
    history = synthetic_history(operations=2_000)
    anomaly = Anomaly(type="lost", operations=tuple(range(1_000)), explanation="")
    chosen = [op.index for op in choose_operations(history, [anomaly], 100)]
    assert len(chosen) == 100
    assert max(chosen) > 900


def test_keys_are_listed_worst_first() -> None:
    history, anomaly = with_stale_read(synthetic_history(operations=4_000))
    entries = key_entries(history, judged(history, Verdict.INVALID, anomalies=(anomaly,)))
    assert entries[0].text == history.operations[anomaly.operations[0]].key
    assert [entry.verdict for entry in entries].count(Verdict.INVALID) == 1
    assert sum(entry.operations for entry in entries) == len(history)
    assert None in {entry.text for entry in entries}


def write_modules(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder


def test_bundle_puts_dependencies_first_and_once(tmp_path: Path) -> None:
    folder = write_modules(
        tmp_path,
        main='import { b } from "./b.js";\nimport {\n  a,\n} from "./a.js";\nb(a);\n',
        b='import { a } from "./a.js";\nexport function b() {}\n',
        a="export const a = 1;\n",
    )
    lines = bundle_modules(folder, "main.js").splitlines()
    assert [line for line in lines if line] == ["const a = 1;", "function b() {}", "b(a);"]


@pytest.mark.parametrize(
    ("modules", "complaint"),
    [
        ({"main": 'import { a } from "./a.js";\n', "a": "const a = 1;\n"}, "does not export"),
        ({"main": 'import { a as b } from "./a.js";\n', "a": "export const a = 1;\n"}, "export"),
        ({"main": 'import * as a from "./a.js";\n'}, "cannot follow"),
        ({"main": "export default 1;\n"}, "cannot follow"),
        (
            {
                "main": 'import { a } from "./a.js";\nconst c = 1;\n',
                "a": "export const a = 1;\nconst c = 2;\n",
            },
            "also in",
        ),
        (
            {
                "main": 'import { a } from "./a.js";\nexport const m = 1;\n',
                "a": 'import { m } from "./main.js";\nexport const a = 1;\n',
            },
            "import each other",
        ),
    ],
)
def test_bundle_refuses_what_it_cannot_join(
    tmp_path: Path, modules: dict[str, str], complaint: str
) -> None:
    with pytest.raises(BundleError, match=complaint):
        bundle_modules(write_modules(tmp_path, **modules), "main.js")


def test_page_assets_cannot_end_their_element() -> None:
    assert "</script" not in page_script().text.lower()
    assert "</style" not in page_style().text.lower()
    assert not [line for line in page_script().text.splitlines() if line.startswith("import")]
