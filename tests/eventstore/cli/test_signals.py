"""A service in the foreground: how it ends, and what it spares the collector."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Iterator

import pytest

from eventstore.cli.signals import run_until_signal


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_was_there_before_is_left_alone_by_the_collector() -> None:
    seen = []

    async def service() -> None:
        seen.append(gc.get_freeze_count())

    assert run_until_signal(service()) == 0
    assert seen[0] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_is_its_exit_code(number: signal.Signals) -> None:
    ended = []

    async def service() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)

    assert run_until_signal(service()) == 128 + number
    assert ended
