"""How far the consumers are that keep their checkpoints in a database: for operators."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import asyncpg
import msgspec

from eventstore.errors import CheckpointUnavailable
from eventstore.postgres.engine import TIMEOUT_SECONDS, connect
from eventstore.postgres.translate import DRIVER_ERRORS
from eventstore.stream import Position

__all__ = ["ConsumerStatus", "consumers"]

_CLOSE_SECONDS: Final = 2.0

_FOUND: Final = """
SELECT name, NULL::integer AS partition, position, NULL::text AS owner, NULL::bigint AS token
FROM consumer.checkpoints
UNION ALL
SELECT consumer_group, partition, position,
    CASE WHEN expires_at >= clock_timestamp() THEN owner END, token
FROM consumer.partitions
ORDER BY 1, 2 NULLS FIRST
"""


class ConsumerStatus(msgspec.Struct, frozen=True):
    """A checkpoint: a consumer's, or that of a partition of a group.

    ``owner`` is the member whose lease has not expired, null if nobody handles the partition now;
    ``token`` is how often it changed hands. A single consumer has neither.
    """

    consumer: str
    partition: int | None
    position: Position
    owner: str | None
    token: int | None


async def consumers(
    url: str, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> tuple[ConsumerStatus, ...]:
    """Read all checkpoints in the database at ``url``, by name and partition; none without tables.

    Raises:
        StoreUnavailable: no connection could be made.
        CheckpointUnavailable: no answer came.
        ConfigError: the URL cannot be used.
    """
    connection = await connect(
        url, timeout_seconds=timeout_seconds, statement_seconds=timeout_seconds
    )
    try:
        rows = await connection.fetch(_FOUND)
    except asyncpg.UndefinedTableError:
        return ()
    except DRIVER_ERRORS as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CheckpointUnavailable(f"the checkpoints could not be read: {reason}") from error
    finally:
        with suppress(Exception):
            await connection.close(timeout=_CLOSE_SECONDS)
    return tuple(ConsumerStatus(*row) for row in rows)
