"""Monitors: near-linear decisions for the objects that allow them, in plain Python.

A monitor answers exactly, or says which corner of the question it leaves to the search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

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
from checker.monitors import (
    counter,
    locks,
    log,
    priority_queue,
    queue,
    registers,
    sets,
    stack,
    streams,
    versioned,
)
from checker.monitors.counter import judge_counter
from checker.monitors.locks import judge_fenced_lock, judge_lock, judge_mutex
from checker.monitors.log import judge_log
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.priority_queue import judge_priority_queue
from checker.monitors.queue import judge_queue
from checker.monitors.registers import judge_registers
from checker.monitors.sets import judge_set
from checker.monitors.stack import judge_stack
from checker.monitors.streams import judge_streams
from checker.monitors.versioned import judge_versioned
from checker.operation import Operation

__all__ = ["EXPLANATIONS", "MONITORS", "Explanation", "Monitor", "MonitorOutcome"]

Monitor = Callable[[Any, Sequence[Operation]], MonitorOutcome]

MONITORS: Mapping[type[Model[Any]], Monitor] = MappingProxyType(
    {
        Stream: judge_streams,
        Log: judge_log,
        VersionedKv: judge_versioned,
        VersionedStore: judge_versioned,
        Register: judge_registers,
        CasRegister: judge_registers,
        Queue: judge_queue,
        Stack: judge_stack,
        PriorityQueue: judge_priority_queue,
        Set: judge_set,
        GrowOnlySet: judge_set,
        Counter: judge_counter,
        Mutex: judge_mutex,
        Lock: judge_lock,
        FencedLock: judge_fenced_lock,
    }
)
"""The monitor of each model that has one; a subclass of a model does not inherit it."""

Explanation = Callable[[str, Sequence[Operation]], str]

EXPLANATIONS: Mapping[type[Model[Any]], Explanation] = MappingProxyType(
    {
        Stream: streams.explain,
        Log: log.explain,
        VersionedKv: versioned.explain,
        VersionedStore: versioned.explain,
        Register: registers.explain,
        CasRegister: registers.explain,
        Kv: registers.explain,
        Queue: queue.explain,
        Stack: stack.explain,
        PriorityQueue: priority_queue.explain,
        Set: sets.explain,
        GrowOnlySet: sets.explain,
        Counter: counter.explain,
        Mutex: locks.explain,
        Lock: locks.explain,
        FencedLock: locks.explain,
    }
)
"""What says in one sentence what a model's monitor found, from its name and its operations alone.

The native monitors find the same anomalies, and are explained by the same words.
"""
