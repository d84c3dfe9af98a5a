"""Drives the real system under faults, records what clients observe, and has it judged."""
