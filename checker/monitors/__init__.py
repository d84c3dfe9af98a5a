"""Monitors: near-linear decisions for the objects that allow them, in plain Python.

A monitor answers exactly, or says which corner of the question it leaves to the search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from checker.models import CasRegister, Model, PriorityQueue, Queue, Register, Stack, Stream
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.priority_queue import judge_priority_queue
from checker.monitors.queue import judge_queue
from checker.monitors.registers import judge_registers
from checker.monitors.stack import judge_stack
from checker.monitors.streams import judge_streams
from checker.operation import Operation

__all__ = ["MONITORS", "Monitor", "MonitorOutcome"]

Monitor = Callable[[Any, Sequence[Operation]], MonitorOutcome]

MONITORS: Mapping[type[Model[Any]], Monitor] = MappingProxyType(
    {
        Stream: judge_streams,
        Register: judge_registers,
        CasRegister: judge_registers,
        Queue: judge_queue,
        Stack: judge_stack,
        PriorityQueue: judge_priority_queue,
    }
)
"""The monitor of each model that has one; a subclass of a model does not inherit it."""
