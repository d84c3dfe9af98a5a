"""Every name that a verdict can carry is defined on the page, and is found from there."""

from __future__ import annotations

import re
from pathlib import Path

from checker.models import MODELS
from checker.report.anomaly_definitions import anomaly_definitions, definition_of
from checker.transactions.cycles import Order, Phenomenon
from checker.transactions.levels import Visibility

PACKAGE = Path(__file__).parents[3] / "checker"
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "anomalies.md"
GIVEN = re.compile(
    r"""(?:Violation\(|anomaly_type=|(?:Anomaly|Finding)\(\s*type=|_finding\(|_of_read\()"""
    r"""\s*"([A-Za-z0-9-]+)\""""
)


def test_the_package_carries_the_page() -> None:
    assert (PACKAGE / "report" / "anomalies.md").read_bytes() == PAGE.read_bytes()


def test_every_row_of_the_page_is_read() -> None:
    rows = re.findall(r"^\|\s*(`.*?)\|", PAGE.read_text(), re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`([A-Za-z0-9-]+)`", row)]
    assert len(names) > 30
    assert [definition.name for definition in anomaly_definitions()] == names


def test_every_name_that_the_code_gives_is_defined() -> None:
    given = {
        name for path in PACKAGE.rglob("*.py") for name in GIVEN.findall(path.read_text("utf-8"))
    }
    assert len(given) > 20
    given |= {visibility.value for visibility in Visibility}
    given |= {phenomenon.label + order.suffix for phenomenon in Phenomenon for order in Order}
    assert {name for name in given if not definition_of(name)} == set()


def test_definitions_name_models_that_exist_and_say_something() -> None:
    for definition in anomaly_definitions():
        assert set(definition.models) <= {*MODELS, "checker.delivery"}
        assert definition.observed
        assert "`" not in definition.observed


def test_a_name_means_what_it_means_for_the_model() -> None:
    (of_stream,) = definition_of("lost-append", "stream")
    (of_log,) = definition_of("lost-append", "log")
    assert of_stream != of_log
    assert {of_stream, of_log} <= set(definition_of("lost-append"))
    assert definition_of("non-linearizable", "queue")
    assert definition_of("no-such-thing") == ()
