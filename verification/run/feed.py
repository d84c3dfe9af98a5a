"""The change feed of a run: documents, a projector that keeps them, and who carries their changes.

It is asked and read past our own code where that is what is judged: PostgreSQL and JetStream say
themselves what was recorded, told and kept.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import msgspec
from nats.aio.msg import Msg

from eventstore.errors import ForeignMessage
from projector.feed.change import NUMBER, FeedName, decode, unescape_key
from projector.feed.postgres_feed import begin
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from verification.artefacts import ChangeRow, Documents, FeedProgress, RunFolder
from verification.cluster.cluster import Cluster
from verification.cluster.commands import Command
from verification.run.jetstream import last_number, read_stream
from verification.run.postgres import checkpoint_of, documents_of, recorded_changes
from verification.workloads.documents import LatestEvents

__all__ = ["ChangeFeed"]

_PROJECTION: Final = f"{LatestEvents.__module__}:{LatestEvents.__name__}"


class ChangeFeed:
    """The documents' projector and the feed's carrier on a cluster, begun but not started yet.

    Made by `begin`. ``projector`` and ``carrier`` are the two processes.
    """

    def __init__(self, cluster: Cluster, database: str, carrier: Command | None) -> None:
        self._cluster = cluster
        self._database = database
        self._table = DocumentTable(LatestEvents(), 1)
        self._name = FeedName(self._table.name, self._table.generation)
        self.projector = cluster.command("documents", ["projector.cli", "run", _PROJECTION])
        self.carrier = carrier or cluster.command(
            "feed", ["projector.cli", "feed", "run", _PROJECTION]
        )

    @classmethod
    async def begin(
        cls, cluster: Cluster, database: str, carrier: Command | None = None
    ) -> ChangeFeed:
        """Have the changes of the documents recorded; ``carrier`` is not the real one, if given.

        Raises:
            ReadModelUnavailable: PostgreSQL does not answer.
        """
        feed = cls(cluster, database, carrier)
        async with PostgresReadModel.open(cluster.database_url, feed._table) as model:
            await model.prepare()
            await begin(model, feed._table, identity=uuid4())
        return feed

    @property
    def commands(self) -> tuple[Command, Command]:
        """Both processes, in the order in which they are started."""
        return self.projector, self.carrier

    async def applied(self) -> int | None:
        """How far the documents are; None if that cannot be asked now."""
        return await checkpoint_of(self._cluster.postgres, self._database, self._name.projection)

    async def told(self) -> int | None:
        """The number of the last change on the stream."""
        return await last_number(self._cluster.nats_url, self._name.stream, NUMBER)

    async def progress(self) -> FeedProgress:
        """Ask where documents, feed, stream and bucket are."""
        bucket = f"KV_{self._name.bucket}"
        return FeedProgress(
            applied=await self.applied(),
            recorded=await recorded_changes(
                self._cluster.postgres, self._database, self._name.projection
            ),
            told=await self.told(),
            kept=await last_number(self._cluster.nats_url, bucket, NUMBER),
        )

    async def collect(self, folder: RunFolder) -> None:
        """Write what was told, the documents, and what the bucket holds."""
        url, bucket = self._cluster.nats_url, self._name.bucket
        messages = await read_stream(url, self._name.stream)
        folder.write_changes(self._row(message) for message in messages)
        values = await read_stream(url, f"KV_{bucket}")
        checkpoint, rows = await documents_of(
            self._cluster.postgres, self._database, self._name.projection, self._table.quoted
        )
        folder.write_documents(
            Documents(
                checkpoint=checkpoint,
                rows=rows,
                bucket=dict(_value(f"$KV.{bucket}.", message) for message in values),
            )
        )

    def _row(self, message: Msg) -> ChangeRow:
        sequence = message.metadata.sequence.stream
        try:
            change = decode(self._name, message.subject, message.headers or {}, message.data)
        except ForeignMessage:
            change = None
        if change is None:  # number 0 is no change's, so the judge convicts it
            return ChangeRow(sequence=sequence, number=0, previous=0, key=message.subject)
        return ChangeRow(
            sequence=sequence,
            number=change.number,
            previous=change.previous,
            key=change.key,
            document=change.document,
        )


def _value(prefix: str, message: Msg) -> tuple[str, Any]:
    """Read an entry of the bucket as any client of NATS would; null if it was deleted."""
    key = unescape_key(message.subject.removeprefix(prefix))
    deleted = (message.headers or {}).get("KV-Operation") in {"DEL", "PURGE"}
    return key, None if deleted else msgspec.json.decode(message.data)
