"""What a caller may add to the page beside the checker's own verdict.

A verification run proves more than one property; each becomes one `Section`: a claim, its verdict,
one sentence of evidence, and the anomalies that refute it. The page does not judge: it prints the
verdicts that it is given, and the worst of them is the headline.
"""

from __future__ import annotations

import msgspec

from checker.verdict import Anomaly, Verdict

__all__ = ["Section"]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One more property of the run.

    ``title`` is a claim that the verdict answers ("Projector applied each event exactly once").
    ``verdict`` None marks a note that claims nothing. ``rows`` are name and value pairs, shown
    under the sentence. An anomaly's ``operations`` are indices into the page's history; they may
    be empty when the evidence lies elsewhere.
    """

    title: str
    verdict: Verdict | None = None
    sentence: str = ""
    anomalies: tuple[Anomaly, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
