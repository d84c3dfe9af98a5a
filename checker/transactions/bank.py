"""Judge a bank: every read shows one state, so the balances always add up to the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from checker.models.bank import Bank
from checker.models.describe import shorten
from checker.operation import Operation
from checker.transactions.judgement import Judgement
from checker.transactions.observed import Finding, limited

__all__ = ["judge_bank"]


def judge_bank(model: Bank, operations: Sequence[Operation]) -> Judgement:
    """Look at every read; names of what is found are those of Jepsen's bank workload.

    Raises:
        MalformedHistory: An operation is none of a bank.
    """
    reads = [
        (operation, balances) for operation in operations if (balances := model.balances(operation))
    ]
    totals = Counter(sum(map(_amount, balances.values())) for _, balances in reads)
    total = model.total if model.total is not None or not reads else totals.most_common(1)[0][0]
    accounts = Counter(frozenset(balances) for _, balances in reads)
    known = accounts.most_common(1)[0][0] if reads else frozenset()
    findings = [
        finding
        for operation, balances in reads
        for finding in _of_read(model, operation, balances, total, known)
    ]
    return Judgement(algorithm="monitor: totals of reads", findings=limited(findings))


def _of_read(
    model: Bank,
    operation: Operation,
    balances: dict[str, Any],
    total: int | None,
    known: frozenset[str],
) -> Iterator[Finding]:
    index = operation.index
    for account in sorted(balances.keys() - known):
        yield _finding(
            "unexpected-account", index, f"an account {shorten(account)} of no other read"
        )
    missing = sorted(known - balances.keys())
    missing += [account for account, balance in balances.items() if balance is None]
    if missing:
        yield _finding("missing-account", index, f"no balance of account {shorten(missing[0])}")
    amount = sum(map(_amount, balances.values()))
    if amount != total:
        of_whom = "" if model.total is not None else " of most reads"
        yield _finding("wrong-total", index, f"{amount} in all, not the {total}{of_whom}")
    for account, balance in balances.items():
        if not model.negative and _amount(balance) < 0:
            yield _finding("negative-balance", index, f"{balance} on account {shorten(account)}")


def _finding(name: str, index: int, what: str) -> Finding:
    return Finding(type=name, operations=(index,), explanation=f"operation {index} read {what}")


def _amount(balance: int | None) -> int:
    return balance or 0
