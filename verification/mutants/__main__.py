"""``python -m verification.mutants ROLE``: a mutated part, in the real one's place.

It finds its servers where the real one would, in the environment of a cluster.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from eventstore import config
from verification.mutants.feeds import skipping_feed
from verification.mutants.projectors import cursor_before_apply
from verification.mutants.relays import forgetful_relay, naive_relay

ROLES: Final[dict[str, Callable[[str, str], Awaitable[object]]]] = {
    "naive-relay": naive_relay,
    "forgetful-relay": forgetful_relay,
    "cursor-before-apply": cursor_before_apply,
    "skipping-feed": skipping_feed,
}


async def _main(role: str) -> None:
    task = asyncio.ensure_future(ROLES[role](config.database_url(), config.nats_url()))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ROLES:
        asyncio.run(_main(sys.argv[1]))
    else:
        sys.exit(f"usage: python -m verification.mutants {'|'.join(ROLES)}")
