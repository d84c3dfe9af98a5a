"""A feed of changes: each once, in order, with its predecessor; and what they fold to.

A feed numbers the committed changes of some documents 1, 2, 3 ... without a gap. Each change says
which one of the same key came before it, so that who follows a few keys sees a loss as well as who
follows all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from checker.delivery.finding import Finding

__all__ = ["Change", "check_changes", "fold_changes"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change as it was told: at its ``place`` in the stream, with its ``number`` in the feed.

    ``previous`` is the number of the change of the same key before it, 0 if there is none;
    ``document`` is null if it was removed.
    """

    place: int
    number: int
    previous: int
    key: str
    document: Any


def check_changes(changes: Sequence[Change]) -> tuple[Finding, ...]:
    """Check what was told, in the order in which it was; where it ends is not judged here.

    Finds ``skipped-change``, ``duplicate-change``, ``reordered-change``, ``wrong-predecessor`` and
    ``wrong-sequence``. Time and memory are linear.
    """
    findings: list[Finding] = []
    seen: set[int] = set()
    latest: dict[str, int] = {}
    furthest = shift = 0
    for change in changes:
        number = change.number
        if number in seen:
            said = f"change {number} of {change.key} was told twice"
            findings.append(Finding(type="duplicate-change", explanation=said))
        elif number < furthest:
            said = f"change {number} of {change.key} was told after change {furthest}"
            findings.append(Finding(type="reordered-change", explanation=said))
        elif number > furthest + 1:
            findings.append(_skipped(furthest, number))
        furthest = max(furthest, number)
        if change.place - number != shift:  # once where it begins, not for all that follow
            shift = change.place - number
            said = f"the stream has change {number} at sequence {change.place}"
            findings.append(Finding(type="wrong-sequence", explanation=said))
        if number in seen:
            continue
        seen.add(number)
        if change.previous != latest.get(change.key, 0):
            said = (
                f"change {number} of {change.key} says that change {change.previous} came before "
                f"it; told before it was {latest.get(change.key) or 'none'}"
            )
            findings.append(Finding(type="wrong-predecessor", explanation=said))
        latest[change.key] = number
    return tuple(findings)


def _skipped(last: int, number: int) -> Finding:
    missing = number - last - 1
    return Finding(
        type="skipped-change",
        explanation=f"the feed goes from change {last} to {number}: {missing} "
        f"change{'s' if missing > 1 else ''} in between {'were' if missing > 1 else 'was'} not "
        "told in their place",
        count=missing,
    )


def fold_changes(changes: Iterable[Change]) -> dict[str, Any]:
    """Return the documents that changes leave, in the order in which they were told, by key."""
    documents: dict[str, Any] = {}
    for change in changes:
        if change.document is None:
            documents.pop(change.key, None)
        else:
            documents[change.key] = change.document
    return documents


def check_follower(
    documents: Mapping[str, Any], followed: Mapping[str, Any], *, follower: str
) -> tuple[Finding, ...]:
    """Compare a read model's documents with those of who follows its feed, key by key.

    ``follower`` is the subject of the sentences. Finds ``feed-mismatch``.
    """
    findings = []
    for key in sorted(documents.keys() | followed.keys()):
        # No document is null, so null stands for none.
        wanted, found = documents.get(key), followed.get(key)
        if wanted != found:
            said = (
                f"{follower} has {_said(found)} under key {key}; the read model has {_said(wanted)}"
            )
            findings.append(Finding(type="feed-mismatch", explanation=said))
    return tuple(findings)


def _said(document: Any) -> str:
    return "nothing" if document is None else f"{document}"
