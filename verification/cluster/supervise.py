"""Start a service again when it dies by itself.

A service that was killed or stopped through its own verbs is left alone: whoever did that starts it
again. The waits between restarts grow, and a service that dies again and again is given up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from verification.cluster.service import Service, describe_exit
from verification.errors import ServerFailed

__all__ = ["supervise"]

_POLL_SECONDS = 0.1
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 8.0
_CRASHES_MAX = 5
_STEADY_SECONDS = 60.0
_SAID_LETTERS = 120


async def supervise(
    service: Service,
    announce: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Watch `service`, which runs, until cancelled; `announce` gets a sentence a state change.

    Raises:
        ServerFailed: It died five times, each time within a minute of its last start.
    """
    crashes = 0
    started = clock()
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        code = service.exit_code
        if code is None or not service.crashed:
            continue
        crashes = 1 if clock() - started > _STEADY_SECONDS else crashes + 1
        ended = describe_exit(code)
        if crashes >= _CRASHES_MAX:
            reason = f"{ended}, {crashes} times in a row"
            raise ServerFailed(service.name, reason, service.log, service.tail())
        wait = min(_FIRST_WAIT_SECONDS * 2 ** (crashes - 1), _LONGEST_WAIT_SECONDS)
        announce(f"{service.name} {ended}{_last_words(service)}; starting it again in {wait:g} s")
        await asyncio.sleep(wait)
        if service.crashed:
            await service.start()
            started = clock()
            announce(f"{service.name} runs again")


def _last_words(service: Service) -> str:
    """The last line it logged, in brackets; nothing if a signal ended it before it could speak."""
    code = service.exit_code
    words = [line.strip() for line in service.tail() if line.strip()]
    return f" ({words[-1][:_SAID_LETTERS]})" if words and code is not None and code >= 0 else ""
