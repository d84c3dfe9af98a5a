"""Reports for machines: one JSON document, `trueorder.result/1`, and JUnit's XML.

``docs/reference/checker-cli.md`` describes both, `checker.report.result_document` is the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

import msgspec

from checker.report.file_report import FileReport, FileVerdict
from checker.report.result_document import SCHEMA, result_document
from checker.verdict import PartitionResult, Verdict

__all__ = ["SCHEMA", "json_document", "junit_document"]

_XML_FORBIDS: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no character of XML 1.0, however it is escaped."""


def json_document(
    reports: Sequence[FileReport], *, version: str, statistics: bool = False
) -> bytes:
    """Return the result as JSON, indented, newline at its end.

    Args:
        reports: What became of each file, in the order given.
        version: The checker's own, so that a result can be traced to what made it.
        statistics: Say also what deciding took.
    """
    document = result_document(reports, version=version, statistics=statistics)
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def junit_document(reports: Sequence[FileReport]) -> bytes:
    """Return the result as JUnit XML: a suite for each file, a case for each partition.

    A violation is a failure, an undecided partition is skipped with its reason, and a file that
    could not be judged is an error.
    """
    root = ET.Element("testsuites", name="checker")
    for report in reports:
        suite = ET.SubElement(root, "testsuite", name=_clean(report.file))
        for part in () if report.result is None else report.result.partitions:
            _partition_case(suite, report, part)
        if report.verdict is FileVerdict.MALFORMED or report.trouble is not None:
            case = ET.SubElement(suite, "testcase", name="history", classname=_clean(report.file))
            _detail(case, "error", report.trouble or report.verdict, _place(report))
        _count(suite, report)
    for attribute in ("tests", "failures", "errors", "skipped"):
        root.set(attribute, str(sum(int(suite.get(attribute, "0")) for suite in root)))
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _partition_case(suite: ET.Element, report: FileReport, part: PartitionResult) -> None:
    name = "history" if part.key is None else f"key {msgspec.json.encode(part.key).decode()}"
    case = ET.SubElement(
        suite,
        "testcase",
        name=_clean(name),
        classname=_clean(report.file),
        time=f"{part.seconds:.6f}",
    )
    if part.verdict is Verdict.INVALID:
        types = ", ".join(dict.fromkeys(anomaly.type for anomaly in part.anomalies))
        text = "\n\n".join(anomaly.explanation for anomaly in part.anomalies)
        _detail(case, "failure", types or "violation", text)
    elif part.verdict is Verdict.UNKNOWN:
        ET.SubElement(case, "skipped", message=_clean(part.reason))


def _detail(case: ET.Element, tag: str, kind: str, text: str) -> None:
    first_line = text.partition("\n")[0]
    ET.SubElement(case, tag, type=kind, message=_clean(first_line)).text = _clean(text)


def _count(suite: ET.Element, report: FileReport) -> None:
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("time", f"{0.0 if report.result is None else report.result.seconds:.6f}")


def _place(report: FileReport) -> str:
    place = report.file if report.line is None else f"{report.file}:{report.line}"
    tail = f" [{report.operation}]" if report.operation else ""
    return f"{place}: {report.reason}{tail}"


def _clean(text: str) -> str:
    return _XML_FORBIDS.sub("\ufffd", text)
