"""The monitor of registers whose values are unique; `judge_registers` is its front."""

from checker.monitors.registers.words import explain
from checker.monitors.registers.zones import judge_registers

__all__ = ["explain", "judge_registers"]
