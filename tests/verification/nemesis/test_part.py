"""A part of the system is struck while it works, if it works at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from verification.cluster.process import Process
from verification.cluster.service import Service
from verification.nemesis import part
from verification.nemesis.part import Part


class _Idle(Service):
    """A service that is never started."""

    async def _launch(self) -> Process:
        raise AssertionError("it is not started here")

    async def _unhealthy(self) -> str | None:
        return None


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return _Idle("idle", tmp_path / "idle.log")


async def polls_until_struck(service: Service, progress: Sequence[int | None]) -> int:
    """How often the progress was asked for until a fault would strike."""
    asked = 0

    async def ask() -> int | None:
        nonlocal asked
        asked += 1
        return progress[min(asked, len(progress)) - 1]

    await asyncio.wait_for(Part(service, ask).at_work(), timeout=30)
    return asked


async def test_the_fault_strikes_just_after_progress(service: Service) -> None:
    assert await polls_until_struck(service, [4, 4, 4, 5, 5]) == 4


async def test_coming_back_from_silence_is_no_progress(service: Service) -> None:
    assert await polls_until_struck(service, [None, None, 4, 4, 6]) == 5


async def test_without_progress_it_strikes_when_patience_is_over(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "PATIENCE_SECONDS", 0.1)
    assert await polls_until_struck(service, [4]) >= 2


async def test_without_a_measure_it_strikes_at_once(service: Service) -> None:
    await asyncio.wait_for(Part(service).at_work(), timeout=30)
