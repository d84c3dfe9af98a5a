"""Free loopback ports that stay ours while the server on them is dead.

A port from the kernel (bind to 0) would be of the ephemeral range, where the kernel also takes the
near end of every outgoing connection: while a killed server is down, a client's own connection
may take its port, and a client that dials it may even reach itself. So we draw below that range.

Drawing does not reserve: another process may bind the port before the server does. The caller
starts the server, and draws again when it could not bind.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

from verification.errors import ConfigError

__all__ = ["LOOPBACK", "draw_port", "is_free"]

LOOPBACK = "127.0.0.1"
_LOWEST, _HIGHEST = 15_000, 32_767
_DRAWS = 200
_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def draw_port(randomness: random.Random | None = None) -> int:
    """A port that nobody listens on now, outside the kernel's ephemeral range.

    Raises:
        ConfigError: No free port was found in 200 draws.
    """
    # The system's randomness: processes that start together must not draw alike.
    draw = randomness or random.SystemRandom()
    highest = _highest()
    for _ in range(_DRAWS):
        port = draw.randint(_LOWEST, highest)
        if is_free(port):
            return port
    raise ConfigError(f"no free port on {LOOPBACK} between {_LOWEST} and {highest}: name one.")


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # As servers do: a connection that lingers from an earlier life is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _highest() -> int:
    """One below the ephemeral range, unless a setting leaves us too little room there."""
    try:
        ephemeral = int(_RANGE_FILE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return _HIGHEST
    return ephemeral - 1 if ephemeral > _LOWEST + 1000 else _HIGHEST
