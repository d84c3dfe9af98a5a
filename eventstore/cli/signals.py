"""Run a service in the foreground until it ends or the operating system asks it to."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Coroutine
from typing import Any

__all__ = ["log_to_stderr", "run_until_signal"]


def run_until_signal(service: Coroutine[Any, Any, object]) -> int:
    """Run a coroutine; SIGINT and SIGTERM cancel it, so that it can give back what it holds.

    Returns:
        The exit code: 0 if it ended by itself, else 128 and the number of the signal.
    """
    return asyncio.run(_supervise(service))


async def _supervise(service: Coroutine[Any, Any, object]) -> int:
    # What was imported stays for good: the collector need not go through it again and again.
    gc.collect()
    gc.freeze()
    task = asyncio.ensure_future(service)
    received: list[signal.Signals] = []
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        await task
    except asyncio.CancelledError:
        if not received:
            raise
    return 128 + received[0] if received else 0


def log_to_stderr(*, verbose: bool) -> None:
    """Let a service say what happens to it, a line each; data belongs to stdout."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # The client's own complaints repeat, with tracebacks, what our errors say.
    logging.getLogger("nats").setLevel(logging.CRITICAL)
