"""A checkpoint in a key-value bucket of NATS, for a service without a database: at least once.

The bucket is moved by revision, so that of two services of one name one learns that it is not
alone. It is as durable as JetStream is: run the server with ``sync_interval: always``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Final, Self

import nats.js.errors
from nats.js.api import KeyValueConfig, StorageType
from nats.js.kv import KeyValue

from eventstore import jetstream
from eventstore.consumer.epochs import entered
from eventstore.epoch import Epoch
from eventstore.errors import (
    CheckpointMoved,
    CheckpointUnavailable,
    ConfigError,
    StreamUnavailable,
)
from eventstore.stream import Position

__all__ = ["BUCKET", "KeyValueCheckpoint"]

BUCKET: Final = "CONSUMERS"
"""The bucket: key is the consumer's name, value the position in decimal digits."""

_NAME: Final = re.compile(r"[A-Za-z0-9_=-]+")
_NEVER: Final = 0


class KeyValueCheckpoint:
    """See `eventstore.consumer.checkpoints.CheckpointStore`. Made by `open`."""

    def __init__(self, bucket: KeyValue, name: str) -> None:
        self._bucket = bucket
        self._name = name
        self._known = Position(0)
        self._revision = _NEVER

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, name: str, *, replicas: int = 1) -> AsyncIterator[Self]:
        """Connect to NATS at ``url``, and make the bucket if it is missing.

        Raises:
            ConfigError: ``name`` cannot be a key.
            CheckpointUnavailable: there is no answer.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{name!r} cannot be a consumer's name: use letters, digits, - and _."
            )
        async with AsyncExitStack() as stack:
            with _kept():
                connecting = jetstream.connect(url, name=f"checkpoint {name}")
                connection = await stack.enter_async_context(connecting)
                with jetstream.answered(f"open the bucket {BUCKET}"):
                    bucket = await _bucket(connection, replicas)
            yield cls(bucket, name)

    async def load(self) -> Position:
        """Return the position; see `CheckpointStore.load`."""
        position, self._revision = await self._read(self._name, "position")
        self._known = Position(position or 0)
        return self._known

    async def enter(self, epoch: Epoch, position: Position) -> None:
        """Take the stream's epoch, in key ``NAME.epoch``; see `EpochStore.enter`."""
        key = f"{self._name}.epoch"
        known, revision = await self._read(key, "epoch")
        number = entered(known, epoch, position)
        if number == known:
            return
        with self._answered("keep the epoch beside"):
            try:
                await self._bucket.update(key, b"%d" % number, last=revision)
            except nats.js.errors.KeyWrongLastSequenceError as error:
                raise CheckpointMoved(self._name, position) from error

    async def _read(self, key: str, name: str) -> tuple[int | None, int]:
        """Return the number that a key holds, and its revision; null if there is none."""
        with self._answered("read"):
            try:
                entry = await self._bucket.get(key)
            except nats.js.errors.KeyNotFoundError:
                return None, _NEVER
        value = entry.value or b""
        if not value.isdigit():
            raise ConfigError(f"key {key!r} of bucket {BUCKET} holds no {name}.")
        return int(value), entry.revision or _NEVER

    async def save(self, position: Position, *, previous: Position) -> None:
        """Move the checkpoint; see `CheckpointStore.save`. `load` comes first."""
        if previous != self._known:
            raise CheckpointMoved(self._name, previous)
        value = b"%d" % position
        with self._answered("save"):
            try:
                self._revision = await self._bucket.update(self._name, value, last=self._revision)
            except nats.js.errors.KeyWrongLastSequenceError as error:
                raise CheckpointMoved(self._name, previous) from error
        self._known = position

    @contextmanager
    def _answered(self, verb: str) -> Iterator[None]:
        with _kept(), jetstream.answered(f"{verb} the checkpoint {self._name!r}"):
            yield


@contextmanager
def _kept() -> Iterator[None]:
    try:
        yield
    except StreamUnavailable as error:
        raise CheckpointUnavailable(str(error)) from error


async def _bucket(connection: jetstream.Connection, replicas: int) -> KeyValue:
    try:
        return await connection.api.key_value(BUCKET)
    except nats.js.errors.BucketNotFoundError:
        config = KeyValueConfig(bucket=BUCKET, storage=StorageType.FILE, replicas=replicas)
        return await connection.api.create_key_value(config)
