"""Waits for relay and projector to catch up with the log, and says how far they came.

A caught-up system is at rest: the log's head, the position of JetStream's last message and the
projector's checkpoint are one number, and with a change feed everybody knows of the last change of
the documents, which are there too. The wait ends when they are, when nothing has moved for
`STALL_SECONDS`, when one of them has ended by itself, or when `SECONDS_MAX` are over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from verification.artefacts import Convergence, FeedProgress

__all__ = ["SECONDS_MAX", "STALL_SECONDS", "Progress", "await_convergence"]

STALL_SECONDS: Final = 15.0
"""Longer than any back-off of relay, projector and NATS client together."""
SECONDS_MAX: Final = 120.0
POLL_SECONDS: Final = 0.1


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is; None for what could not be asked."""

    head: int | None
    carried: int | None
    applied: int | None
    feed: FeedProgress | None = None


async def await_convergence(
    probe: Callable[[], Awaitable[Progress]],
    crashed: Callable[[], str | None] = lambda: None,
    *,
    stall_seconds: float = STALL_SECONDS,
    seconds_max: float = SECONDS_MAX,
    clock: Callable[[], float] | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Convergence:
    """Probe until caught up, stalled, or out of time; ``crashed`` says who has ended by itself."""
    now = clock or asyncio.get_running_loop().time
    started = moved = now()
    last = await probe()
    while True:
        seconds = now() - started
        found = Convergence(
            head=last.head or 0,
            carried=last.carried or 0,
            applied=last.applied or 0,
            seconds=seconds,
            feed=last.feed,
        )
        answered = None not in (last.head, last.carried, last.applied)
        if answered and found.reached:
            return found
        if (fallen := crashed()) is not None:
            return msgspec.structs.replace(found, stalled=True, reason=fallen)
        if now() - moved >= stall_seconds:
            reason = f"nothing moved for {stall_seconds:g} s, with both servers healthy"
            return msgspec.structs.replace(found, stalled=True, reason=reason)
        if seconds >= seconds_max:
            reason = f"still moving after {seconds_max:g} s; it may yet catch up"
            return msgspec.structs.replace(found, reason=reason)
        await sleep(POLL_SECONDS)
        current = await probe()
        if current != last:
            last, moved = current, now()
