"""Monitors: near-linear decisions for the objects that allow them, in plain Python.

A monitor answers exactly, or says which corner of the question it leaves to the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pkgutil import resolve_name
from typing import Any, Final, TypeVar

from checker.models import (
    CasRegister,
    Counter,
    FencedLock,
    GrowOnlySet,
    Kv,
    Lock,
    Log,
    Model,
    Mutex,
    PriorityQueue,
    Queue,
    Register,
    Set,
    Stack,
    Stream,
    VersionedKv,
    VersionedStore,
)
from checker.monitors.outcome import MonitorOutcome
from checker.operation import Operation

__all__ = [
    "EXPLANATIONS",
    "MONITORS",
    "MONITORS_BY_PROCESS",
    "Explanation",
    "Monitor",
    "MonitorOutcome",
]

FunctionT = TypeVar("FunctionT")

Monitor = Callable[[Any, Sequence[Operation]], MonitorOutcome]
Explanation = Callable[[str, Sequence[Operation]], str]


class _ByModel(Mapping[type[Model[Any]], FunctionT]):
    """Functions by the model that they are for, each imported when it is asked for.

    A history has one model, and what the native engine finds valid takes none of them.
    """

    def __init__(self, names: Mapping[type[Model[Any]], str]) -> None:
        self._names = names

    def __getitem__(self, model: type[Model[Any]]) -> FunctionT:
        function: FunctionT = resolve_name(f"{__name__}.{self._names[model]}")
        return function

    def __contains__(self, model: object) -> bool:
        return model in self._names

    def __iter__(self) -> Iterator[type[Model[Any]]]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


MONITORS: Final[Mapping[type[Model[Any]], Monitor]] = _ByModel(
    {
        Stream: "streams:judge_streams",
        Log: "log:judge_log",
        VersionedKv: "versioned:judge_versioned",
        VersionedStore: "versioned:judge_versioned",
        Register: "registers:judge_registers",
        CasRegister: "registers:judge_registers",
        Queue: "queue:judge_queue",
        Stack: "stack:judge_stack",
        PriorityQueue: "priority_queue:judge_priority_queue",
        Set: "sets:judge_set",
        GrowOnlySet: "sets:judge_set",
        Counter: "counter:judge_counter",
        Mutex: "locks:judge_mutex",
        Lock: "locks:judge_lock",
        FencedLock: "locks:judge_fenced_lock",
    }
)
"""The monitor of each model that has one; a subclass of a model does not inherit it."""

MONITORS_BY_PROCESS: Final[Mapping[type[Model[Any]], Monitor]] = _ByModel(
    {
        Stream: "streams:judge_streams_by_process",
        Log: "log:judge_log_by_process",
        VersionedKv: "versioned:judge_versioned_by_process",
        VersionedStore: "versioned:judge_versioned_by_process",
    }
)
"""The same for sequential consistency: of models whose answers tell the order of writes."""

EXPLANATIONS: Final[Mapping[type[Model[Any]], Explanation]] = _ByModel(
    {
        Stream: "streams:explain",
        Log: "log:explain",
        VersionedKv: "versioned:explain",
        VersionedStore: "versioned:explain",
        Register: "registers:explain",
        CasRegister: "registers:explain",
        Kv: "registers:explain",
        Queue: "queue:explain",
        Stack: "stack:explain",
        PriorityQueue: "priority_queue:explain",
        Set: "sets:explain",
        GrowOnlySet: "sets:explain",
        Counter: "counter:explain",
        Mutex: "locks:explain",
        Lock: "locks:explain",
        FencedLock: "locks:explain",
    }
)
"""What says in one sentence what a model's monitor found, from its name and its operations alone.

The native monitors find the same anomalies, and are explained by the same words.
"""
