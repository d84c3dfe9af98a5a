"""The page as a file: what it says, what it lets run, and what it may weigh."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import msgspec
import pytest

from checker import Anomaly, History, HistoryBuilder, Outcome, Partitions, Verdict
from checker.report.page import PageTooLarge, PageWritten, Section, write_page
from tests.checker.report.hostile import HOSTILE, hostile_page
from tests.checker.report.synthetic import judged, synthetic_history, with_stale_read
from tests.checker.report.unpacking import PageText, read_page, texts, unpack


@pytest.fixture(scope="module")
def history() -> History:
    return synthetic_history(operations=2_000)


def packed(page: PageText) -> str:
    return page.raw["script"][1]


def test_valid_page_says_so(tmp_path: Path, history: History) -> None:
    written = write_page(
        tmp_path / "page.html",
        history,
        judged(history),
        title="demo, seed 7",
        sections=[
            Section(
                title="Read model equals the fold of the log",
                verdict=Verdict.VALID,
                sentence="8 rows compared.",
                rows=(("rows", "8"),),
            ),
            Section(title="Traffic", sentence="Clients were busy."),
        ],
        facts={"PostgreSQL": "18.6", "fsync": "on"},
        reproduce="checker verify history.jsonl",
    )
    page = read_page(written.path)
    assert written.bytes == written.path.stat().st_size
    assert (written.drawn, written.operations) == (2_000, 2_000)
    assert "Valid" in page.text
    assert "some order explains every answer, so the history is linearizable" in page.text
    assert "and 1 more property holds." in page.text
    for words in ("8 rows compared.", "Clients were busy.", "PostgreSQL 18.6", "fsync on"):
        assert words in page.text
    assert "checker verify history.jsonl" in page.text
    assert "Anomal" not in page.text
    assert page.attribute("data-verdict")[0] == "valid"


def test_invalid_page_names_the_anomaly_and_its_operations_first(
    tmp_path: Path, history: History
) -> None:
    broken, anomaly = with_stale_read(history)
    result = judged(broken, Verdict.INVALID, anomalies=(anomaly,))
    write_page(tmp_path / "page.html", broken, result, title="demo")
    page = read_page(tmp_path / "page.html")
    assert "INVALID" in page.text
    assert page.text.index("stale-read") < page.text.rindex("The history is linearizable")
    assert anomaly.explanation.splitlines()[0] in page.text
    links = page.attribute("href")
    assert all(f"#op={index}" in links for index in anomaly.operations)


def test_unknown_page_gives_the_reason_and_no_pass(tmp_path: Path, history: History) -> None:
    result = judged(history, Verdict.UNKNOWN, reason="60 s are over; raise --timeout.")
    write_page(tmp_path / "page.html", history, result, title="demo")
    page = read_page(tmp_path / "page.html")
    assert result.reason.endswith(": 60 s are over; raise --timeout.")
    assert f"nothing is proved either: {result.reason}" in page.text
    assert page.attribute("data-verdict")[0] == "unknown"


@pytest.mark.parametrize(
    ("own", "other", "verdict", "sentence"),
    [
        (Verdict.VALID, Verdict.INVALID, "invalid", "is linearizable, but “Applied once” does not"),
        (Verdict.VALID, Verdict.UNKNOWN, "unknown", "but “Applied once” could not be decided"),
        (Verdict.UNKNOWN, Verdict.INVALID, "invalid", "but “Applied once” does not hold"),
        (Verdict.INVALID, Verdict.INVALID, "invalid", "and “Applied once” does not hold"),
        (Verdict.INVALID, Verdict.UNKNOWN, "invalid", "is not linearizable."),
        (Verdict.UNKNOWN, Verdict.VALID, "unknown", "nothing is proved either"),
    ],
)
def test_worst_verdict_is_the_headline(
    tmp_path: Path, history: History, own: Verdict, other: Verdict, verdict: str, sentence: str
) -> None:
    section = Section(title="Applied once", verdict=other)
    result = judged(history, own, reason="" if own is Verdict.VALID else "time")
    write_page(tmp_path / "page.html", history, result, title="demo", sections=[section])
    page = read_page(tmp_path / "page.html")
    assert page.attribute("data-verdict")[0] == verdict
    assert sentence in page.text


def test_section_brings_anomalies_without_operations(tmp_path: Path, history: History) -> None:
    twice = Anomaly(type="duplicate-apply", operations=(), explanation="Position 8 came twice.")
    section = Section(title="Applied once", verdict=Verdict.INVALID, anomalies=(twice,))
    write_page(tmp_path / "page.html", history, judged(history), title="x", sections=[section])
    page = read_page(tmp_path / "page.html")
    assert "duplicate-apply" in page.text
    assert "Refutes: Applied once" in page.text


def test_anomaly_of_an_operation_outside_the_history_is_told_without_it(
    tmp_path: Path, history: History
) -> None:
    odd = Anomaly(type="odd", operations=(3, 999_999), explanation="Names a stranger.")
    section = Section(title="Claim", verdict=Verdict.INVALID, anomalies=(odd,))
    write_page(tmp_path / "page.html", history, judged(history), title="x", sections=[section])
    assert "#op=999999" not in read_page(tmp_path / "page.html").attribute("href")


def test_data_holds_every_operation(tmp_path: Path, history: History) -> None:
    write_page(tmp_path / "page.html", history, judged(history), title="x")
    manifest, columns = unpack(packed(read_page(tmp_path / "page.html")))
    assert columns["index"] == list(range(len(history)))
    assert [manifest["fs"][f] for f in columns["f"]] == [op.f for op in history]
    said = texts(columns)
    op = next(op for op in history if op.f == "append" and op.outcome is Outcome.OK)
    assert op.value["ids"][0] in said[columns["request"][op.index]]
    assert said[columns["answer"][op.index]].startswith('{"version"')
    assert said[columns["error"][op.index]] == ""


def test_equal_input_gives_an_equal_page(tmp_path: Path, history: History) -> None:
    for name in ("a.html", "b.html"):
        write_page(tmp_path / name, history, judged(history), title="x")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_policy_allows_the_pages_own_code_and_nothing_else(
    tmp_path: Path, history: History
) -> None:
    write_page(tmp_path / "page.html", history, judged(history), title="x")
    html = (tmp_path / "page.html").read_text("utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    policy = policy.replace("&#39;", "'")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert not re.search(r"unsafe|\*|https?:", policy)
    raw = read_page(tmp_path / "page.html").raw
    library, _, script = raw["script"]
    for text in (library, script):
        assert source_of(text) in rules["script-src"].split()
    assert rules["style-src"] == source_of(raw["style"][0])
    assert len(rules["script-src"].split()) == 2


def source_of(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def test_page_refers_to_nothing_outside_itself(tmp_path: Path, history: History) -> None:
    write_page(tmp_path / "page.html", history, judged(history), title="x")
    page = read_page(tmp_path / "page.html")
    outside = [name for name, _ in page.attributes if name in {"src", "srcset", "action"}]
    links = [link for link in page.attribute("href") if not link.startswith(("#", "data:image/"))]
    assert (outside, links) == ([], [])


def test_hostile_values_stay_text(tmp_path: Path) -> None:
    calm = synthetic_history(operations=20)
    write_page(tmp_path / "calm.html", calm, judged(calm), title="x")
    hostile_page(tmp_path / "page.html")
    page = read_page(tmp_path / "page.html")
    assert not {"img", "iframe", "b-hostile"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert len(page.raw["script"]) == 3
    assert page.raw["script"][2] == read_page(tmp_path / "calm.html").raw["script"][2]
    assert HOSTILE in " ".join(page.words)


def test_large_history_keeps_its_budget(large_page: PageWritten) -> None:
    assert large_page.drawn == large_page.operations == 200_000
    assert large_page.path.stat().st_size == large_page.bytes <= 25_000_000


def test_page_over_its_budget_is_sampled_and_says_so(tmp_path: Path) -> None:
    history, anomaly = with_stale_read(synthetic_history(operations=6_000))
    result = judged(history, Verdict.INVALID, anomalies=(anomaly,))
    written = write_page(tmp_path / "page.html", history, result, title="x", bytes_max=300_000)
    page = read_page(written.path)
    assert written.path.stat().st_size <= 300_000
    assert 0 < written.drawn < 6_000
    assert f"The timeline shows {written.drawn:,} of 6,000 operations" in page.text
    manifest, columns = unpack(packed(page))
    assert set(anomaly.operations) <= set(columns["index"])
    assert sum(map(sum, manifest["series"]["throughput"].values())) == 6_000


def test_values_are_cut_before_operations_are_left_out(tmp_path: Path) -> None:
    builder = HistoryBuilder()
    for number in range(200):
        builder.invoke(0, "write", value=f"{number:06}" * 1_000, time=number)
        builder.complete(0, Outcome.OK, time=number)
    history = builder.build()
    full = write_page(tmp_path / "a.html", history, judged(history), title="x")
    written = write_page(
        tmp_path / "b.html", history, judged(history), title="x", bytes_max=full.bytes - 1
    )
    assert written.drawn == 200


def test_impossible_budget_is_refused_and_leaves_the_old_page(
    tmp_path: Path, history: History
) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")
    with pytest.raises(PageTooLarge, match="Allow more bytes"):
        write_page(path, history, judged(history), title="x", bytes_max=50_000)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["page.html"]


def test_empty_history_has_a_page(tmp_path: Path) -> None:
    history = HistoryBuilder().build()
    write_page(tmp_path / "page.html", history, judged(history), title="x")
    assert "The history holds no operations." in read_page(tmp_path / "page.html").text


def test_history_of_a_register_without_times_has_no_plots(tmp_path: Path) -> None:
    builder = HistoryBuilder(source="/secret/place/register.edn")
    builder.invoke(0, "write", value=1)
    builder.complete(0, Outcome.OK)
    history = builder.build()
    result = msgspec.structs.replace(
        judged(history, model="register"), partitions=Partitions.of(())
    )
    write_page(tmp_path / "page.html", history, result, title="x")
    page = read_page(tmp_path / "page.html")
    assert "Throughput" not in page.text
    assert "p99" not in page.text
    assert "register.edn" in page.text
    assert "/secret/place" not in page.text
