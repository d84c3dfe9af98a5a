"""The monitor of registers whose values are unique; `judge_registers` is its front."""

from checker.monitors.registers.zones import judge_registers

__all__ = ["judge_registers"]
