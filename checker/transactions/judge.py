"""The front door of this room: a model of transactions and a history in, a verdict out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from checker.errors import MalformedHistory
from checker.limits import Limits
from checker.models.bank import Bank
from checker.models.list_append import ListAppend
from checker.models.long_fork import LongFork
from checker.models.rw_register import RwRegister
from checker.models.transactional import TransactionModel
from checker.operation import Operation
from checker.transactions.bank import judge_bank
from checker.transactions.cycles import Order
from checker.transactions.judge_lists import judge_lists
from checker.transactions.judge_registers import judge_registers
from checker.transactions.judgement import Judgement
from checker.transactions.levels import LEVELS, Level, level_named
from checker.transactions.lists import observe_lists
from checker.transactions.long_fork import judge_long_fork
from checker.transactions.observed import Finding, Observed
from checker.transactions.registers import observe_registers
from checker.transactions.rules_out import ruled_out, sentence
from checker.transactions.transaction import Transaction, transactions_of
from checker.verdict import Anomaly, PartitionResult, Verdict

__all__ = ["judge_transactions", "levels_of"]

_OF_REGISTERS_UNKNOWN: Final = frozenset({"consistent-view"})
"""Levels of Adya's that take the order of versions, which registers do not show."""


def levels_of(model: TransactionModel[Any]) -> tuple[str, ...]:
    """Return the levels by which histories of a model can be judged, from the weakest on."""
    if isinstance(model, RwRegister):
        return tuple(name for name in LEVELS if name not in _OF_REGISTERS_UNKNOWN)
    return tuple(LEVELS) if isinstance(model, ListAppend) else (model.default_consistency,)


def judge_transactions(
    model: TransactionModel[Any],
    operations: Iterable[Operation],
    consistency: str,
    *,
    real_time: bool,
    limits: Limits,
    clock: Callable[[], float],
    cancelled: Callable[[], bool],
    source: str,
) -> PartitionResult:
    """Judge a history by a level.

    Args:
        model: What the transactions are.
        operations: All operations, in order of invocation.
        consistency: The level's name.
        real_time: Whether the order of invocations and completions means anything.
        limits: The budget; what is not decided in it is unknown.
        clock: What seconds are read from.
        cancelled: Says that nobody waits for the verdict any more.
        source: The file's name, for errors.

    Raises:
        UnknownConsistency: There is no such level.
        MalformedHistory: The model cannot make sense of an operation, or a value that must be
            unique is not.
    """
    began = clock()
    level = level_named(consistency)
    if not real_time and level.order is Order.REALTIME:
        level = _without_real_time(level)

    def expired() -> bool:
        return cancelled() or clock() - began > limits.timeout_seconds

    done = list(operations)
    try:
        nodes, judgement = _judged(model, done, level, expired, real_time=real_time)
    except MalformedHistory as error:
        raise MalformedHistory(
            error.reason, source=source, line=error.line, operation=error.operation
        ) from error
    verdict = Verdict.INVALID if judgement.findings else Verdict.VALID
    return PartitionResult(
        key=None,
        verdict=Verdict.UNKNOWN if judgement.undecided and not judgement.findings else verdict,
        algorithm=judgement.algorithm,
        operations=len(done),
        seconds=clock() - began,
        reason=judgement.undecided,
        anomalies=tuple(_anomaly(one, consistency) for one in judgement.findings),
        witness=None
        if judgement.order is None
        else [nodes[node].operation for node in judgement.order],
        configurations=judgement.sets,
    )


def _without_real_time(level: Level) -> Level:
    return Level(name=level.name, worst=level.worst, order=Order.PROCESS, forbids=level.forbids)


def _judged(
    model: TransactionModel[Any],
    operations: Sequence[Operation],
    level: Level,
    expired: Callable[[], bool],
    *,
    real_time: bool,
) -> tuple[Sequence[Transaction], Judgement]:
    if isinstance(model, Bank):
        return (), judge_bank(model, operations)
    if isinstance(model, LongFork):
        return (), judge_long_fork(model, operations)
    observed: Observed
    if isinstance(model, RwRegister):
        observed = observe_registers(transactions_of(operations, "w", model.name))
        return observed.nodes, judge_registers(observed, level, expired, real_time=real_time)
    observed = observe_lists(transactions_of(operations, "append", model.name))
    return observed.nodes, judge_lists(observed, level, expired)


def _anomaly(finding: Finding, level: str) -> Anomaly:
    levels = ruled_out(finding.type, level)
    return Anomaly(
        type=finding.type,
        operations=finding.operations,
        explanation=f"{finding.explanation}. {sentence(levels)}",
        cycle=finding.cycle,
        rules_out=levels,
    )
