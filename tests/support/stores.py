"""What tests of event stores share: events to append, JSON values, and a cut network cable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from hypothesis import strategies as st

from eventstore.errors import EventStoreError
from eventstore.event import Event, RecordedEvent
from eventstore.store import EventStore
from eventstore.stream import Position

T = TypeVar("T")

# What the rules let through: no NUL, no lone surrogate, integers of 64 bits, finite floats.
json_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
json_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | json_text
)
json_values = st.recursive(
    json_leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(json_text, inner, max_size=4),
    max_leaves=12,
)


def events(amount: int, *, kind: str = "happened") -> list[Event]:
    return [Event(type=kind, data={"number": number}) for number in range(1, amount + 1)]


def ids(recorded: Sequence[Event | RecordedEvent]) -> list[UUID]:
    return [event.id for event in recorded]


async def whole_log(store: EventStore, *, page: int = 1000) -> list[RecordedEvent]:
    log: list[RecordedEvent] = []
    while read := await store.read_log(after=Position(len(log)), limit=page):
        log += read
    return log


async def outcome(append: Awaitable[T]) -> T | EventStoreError:
    """Await an append, and take an error of ours as its outcome."""
    try:
        return await append
    except EventStoreError as error:
        return error


class Cable:
    """A network cable to a server, which can be cut in the moment before an answer arrives."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._cut_answer = False
        self.answers = 0
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    def cut_before_next_answer(self) -> None:
        self._cut_answer = True

    async def cut_now(self) -> None:
        """Cut the connections there are, which the server does not notice before it answers."""
        cut, self._connections = self._connections, set()
        for connection in cut:
            connection.cancel()
        await asyncio.gather(*cut, return_exceptions=True)

    @asynccontextmanager
    async def plugged_in(self) -> AsyncIterator[None]:
        listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            listener.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(asyncio.ensure_future(self._connect(reader, writer)))

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(*self._server)
        except BaseException:
            writer.transport.abort()
            raise
        requests = asyncio.ensure_future(self._carry(reader, to_server, answers=False))
        try:
            await self._carry(from_server, writer, answers=True)
        finally:
            requests.cancel()
            for side in (writer, to_server):
                side.transport.abort()

    async def _carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while data := await source.read(65536):
            if answers and self._cut_answer:
                self._cut_answer = False
                return
            self.answers += answers
            target.write(data)
            await target.drain()


@asynccontextmanager
async def cable_to(url: str) -> AsyncIterator[tuple[Cable, str]]:
    """A cable to the server of a URL, and the URL of its near end."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    cable = Cable(parts.hostname, parts.port)
    async with cable.plugged_in():
        yield cable, url.replace(f":{parts.port}/", f":{cable.port}/")
