"""What the names of anomalies mean, as ``docs/reference/anomalies.md`` says it.

That page is the only place where it is said: it is part of the package, beside this module, and its
tables are read here. A row belongs to the models that its section's title names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["AnomalyDefinition", "anomaly_definitions", "definition_of"]

_PAGE: Final = Path(__file__).with_name("anomalies.md")
_TITLE: Final = re.compile(r"## (?P<title>[^(]*)(?:\((?P<models>.*)\))?")
_ROW: Final = re.compile(r"\|(?P<names>(?:\s*`[A-Za-z0-9-]+`,?)+)\s*\|(?P<cells>.*)\|")
_NAME: Final = re.compile(r"`([A-Za-z0-9.-]+)`")


class AnomalyDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """One anomaly: its stable name, which models have it (none: every model), and what it means.

    ``observed`` is what was seen, ``cause`` what usually lies behind it, if
    anything is usual.
    """

    name: str
    models: tuple[str, ...]
    subject: str
    observed: str
    cause: str = ""


@cache
def anomaly_definitions() -> tuple[AnomalyDefinition, ...]:
    """Return all definitions, in the order of the page."""
    return tuple(_read(_PAGE.read_text(encoding="utf-8")))


def definition_of(name: str, model: str | None = None) -> tuple[AnomalyDefinition, ...]:
    """Return what a name means: for one model, or for each family of models that has it."""
    named = [one for one in anomaly_definitions() if one.name == name]
    return tuple(one for one in named if model is None or model in one.models or not one.models)


def _read(page: str) -> Iterator[AnomalyDefinition]:
    subject, models = "", tuple[str, ...]()
    for line in page.splitlines():
        if title := _TITLE.fullmatch(line):
            subject = title["title"].strip()
            models = tuple(_NAME.findall(title["models"] or ""))
        elif row := _ROW.fullmatch(line):
            cells = [cell.strip() for cell in row["cells"].split("|")]
            for name in _NAME.findall(row["names"]):
                yield AnomalyDefinition(
                    name=name,
                    models=models,
                    subject=subject,
                    observed=_plain(cells[0]),
                    cause=_plain(cells[1]) if len(cells) > 1 else "",
                )


def _plain(markdown: str) -> str:
    return markdown.replace("`", "")
