"""`check` for programs with an event loop."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Any

from checker.checking.front import Engine, check
from checker.engine.native_judge import CancelToken
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.models import Model
from checker.result import CheckResult

__all__ = ["acheck"]


async def acheck(
    history: History | RecordedHistory,
    model: str | Model[Any] = "stream",
    *,
    consistency: str | None = None,
    limits: Limits | None = None,
    engine: Engine = "auto",
    clock_uncertainty: int = 0,
) -> CheckResult:
    """Decide whether a history is consistent, on a thread, while the event loop runs on.

    Arguments and errors are `check`'s. When the task is cancelled, the search is stopped, and has
    ended when the cancellation goes on; the reference search in Python ends with the part that it
    is at.
    """
    token = CancelToken()
    work = partial(
        check,
        history,
        model,
        consistency=consistency,
        limits=limits,
        engine=engine,
        clock_uncertainty=clock_uncertainty,
        cancel=token,
    )
    judging = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(judging)
    except asyncio.CancelledError:
        token.cancel()
        while not judging.done():
            # The thread ends by itself; another cancellation must not leave it behind.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait((judging,))
        if not judging.cancelled():
            judging.exception()  # it is of no interest any more, and must not be logged
        raise
