"""From prepared data to HTML: the template, and the policy that keeps the page inert.

Everything that comes from a history or a caller is escaped by the template or lies in the packed
data; the only scripts and styles that run are ours, named by their hashes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final

import jinja2
from markupsafe import Markup

from checker.report.page.bundle import chart_library, page_script, page_style
from checker.report.page.evidence import AnomalyView
from checker.report.page.summary import Summary
from checker.report.page.tables import ERROR_ROWS_MAX, ErrorRow, OperationRow

__all__ = ["render_page"]

ANOMALIES_OPEN_MAX: Final = 3
"""Anomalies that stand open; more of them are a click away."""
_TEMPLATE: Final = "page.html.j2"


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["count"] = "{:,}".format
    source = (resources.files(__package__) / _TEMPLATE).read_text("utf-8")
    return environment.from_string(source)


def render_page(
    *,
    title: str,
    source: str,
    summary: Summary,
    anomalies: Sequence[AnomalyView],
    tally: Sequence[tuple[str, int]],
    origin: str,
    operations: Sequence[OperationRow],
    errors: Sequence[ErrorRow],
    facts: Mapping[str, str],
    reproduce: str | None,
    drawn: int,
    timed: bool,
    data: str,
) -> bytes:
    """The page in UTF-8; what UTF-8 cannot say (lone surrogates) becomes a question mark.

    ``tally`` counts all anomalies by type, ``anomalies`` are those written out; ``origin`` is where
    the page's time begins on the recorder's clock, or empty where that is 0.
    """
    library, script, style = chart_library(), page_script(), page_style()
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {library.source} {script.source}",
            f"style-src {style.source}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    html = _template().render(
        title=title,
        source=source,
        summary=summary,
        anomalies=anomalies,
        anomalies_total=sum(count for _, count in tally),
        tally=tally,
        open_max=ANOMALIES_OPEN_MAX,
        origin=origin,
        operations=operations,
        errors=errors,
        errors_max=ERROR_ROWS_MAX,
        facts=facts,
        reproduce=reproduce,
        drawn=drawn,
        total=sum(row.total for row in operations),
        timed=timed,
        policy=policy,
        # Ours and hashed, or base64: none of it can hold markup of a history.
        library=Markup(library.text),  # noqa: S704 - vendored source, checked by the bundle
        script=Markup(script.text),  # noqa: S704 - our own source, checked by the bundle
        style=Markup(style.text),  # noqa: S704 - our own source, checked by the bundle
        data=data,
    )
    return html.encode("utf-8", errors="replace")
