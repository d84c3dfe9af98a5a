"""A connection of the data plane: frames over a socket, with every wait limited.

As in `eventstore.jetstream`, a connection that is lost stays lost, and says so: nothing that was
buffered is sent later, behind the back of whoever was told that it failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeAlias, cast
from uuid import uuid4

import msgspec

from eventstore.dataplane.frames import (
    Complaint,
    Frame,
    FrameParser,
    Info,
    Message,
    Ping,
    Pong,
    publish_frame,
)
from eventstore.errors import StreamUnavailable

__all__ = ["DataPlane", "Handler", "ServerInfo"]

Handler: TypeAlias = Callable[[Message], None]
"""Takes a message as it comes. It is called by the event loop's reader: it must not wait, and an
exception of it ends the connection."""

_PING_SECONDS: Final = 5.0
_PINGS_UNANSWERED_MAX: Final = 2
_BUFFERED_BYTES: Final = 4 * 1024 * 1024


class ServerInfo(msgspec.Struct):
    """What matters to us of what the server says of itself."""

    headers: bool = False
    max_payload: int = 1024 * 1024
    tls_required: bool = False
    shuts_down: bool = msgspec.field(default=False, name="ldm")


class DataPlane(asyncio.Protocol):
    """A connection, made by `eventstore.dataplane.opening.connect`.

    ``lost`` fails with `StreamUnavailable` when the connection ends other than by us.
    ``info`` is what the server said when it was reached.
    """

    def __init__(self, server: str) -> None:
        loop = asyncio.get_running_loop()
        self.server = server
        self.lost: asyncio.Future[NoReturn] = loop.create_future()
        # Nobody may be looking when it happens; that is no error of its own.
        self.lost.add_done_callback(lambda lost: lost.cancelled() or lost.exception())
        self.info = ServerInfo()
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.transport: asyncio.Transport | None = None
        self._parser = FrameParser()
        self._handlers: dict[int, Handler] = {}
        self._last_subscription = 0
        self._writable = asyncio.Event()
        self._writable.set()
        self._pings: list[asyncio.Future[None]] = []
        self._keeper: asyncio.TimerHandle | None = None

    @staticmethod
    def new_inbox() -> str:
        """Name a subject that nobody else listens to."""
        return f"_INBOX.{uuid4().hex}"

    def subscribe(self, subject: str, handler: Handler) -> int:
        """Have the messages of a subject, which may have wildcards, handed to ``handler``.

        Returns:
            The subscription's number, for `unsubscribe`.

        Raises:
            StreamUnavailable: the connection is lost.
        """
        self._last_subscription += 1
        number = self._last_subscription
        self._handlers[number] = handler
        self.write(b"SUB %b %d\r\n" % (subject.encode(), number))
        return number

    def unsubscribe(self, subscription: int) -> None:
        """End a subscription; what is still under way to it is dropped."""
        if self._handlers.pop(subscription, None) is not None:
            self.write(b"UNSUB %d\r\n" % subscription)

    def publish(self, subject: str, body: bytes, *, reply: str = "") -> None:
        """Send a message; that says nothing about its arrival.

        Raises:
            StreamUnavailable: the connection is lost.
        """
        self.write(publish_frame(subject.encode(), body, reply=reply.encode()))

    def write(self, frames: bytes) -> None:
        """Send frames as they are. Await `drained` in between: what is not sent is buffered.

        Raises:
            StreamUnavailable: the connection is lost.
        """
        self.check()
        if self.transport is not None:
            self.transport.write(frames)

    async def drained(self, timeout_seconds: float) -> None:
        """Wait until no more than a few MiB are buffered.

        Raises:
            StreamUnavailable: the connection is lost, or the server takes nothing for so long.
        """
        self.check()
        if self._writable.is_set():
            return
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._writable.wait()
        except TimeoutError as error:
            raise StreamUnavailable(
                f"NATS at {self.server} took nothing for {timeout_seconds:g} s"
            ) from error
        self.check()

    async def answered(self) -> None:
        """Wait until the server has seen all that was sent; limit the time outside.

        Raises:
            StreamUnavailable: the connection is lost.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pings.append(answer)
        self.write(b"PING\r\n")
        waiting: list[asyncio.Future[Any]] = [answer, self.lost]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answer.cancel()
        self.check()

    def check(self) -> None:
        """Return if the connection lives.

        Raises:
            StreamUnavailable: it has ended; says how.
        """
        if self.lost.cancelled():
            raise StreamUnavailable(f"the connection to NATS at {self.server} is closed")
        if self.lost.done():
            self.lost.result()

    def keep_alive(self) -> None:
        """Ask the server every few seconds whether it is there: one that went without a word shows.

        Begins with the first call, and goes on until the connection ends.
        """
        if self.lost.done():
            return
        if len(self._pings) >= _PINGS_UNANSWERED_MAX:
            self.end(f"NATS at {self.server} does not answer any more")
            return
        loop = asyncio.get_running_loop()
        self._pings.append(loop.create_future())
        self.write(b"PING\r\n")
        self._keeper = loop.call_later(_PING_SECONDS, self.keep_alive)

    def end(self, reason: str, cause: BaseException | None = None) -> None:
        """Tell whoever uses the connection that it is lost, and drop it."""
        if not self.lost.done():
            error = StreamUnavailable(reason)
            error.__cause__ = cause
            self.lost.set_exception(error)
        self.close()

    def close(self) -> None:
        """End the connection at once; what was not sent is dropped."""
        if self._keeper is not None:
            self._keeper.cancel()
        self._writable.set()  # whoever waits finds out by `check`
        self.lost.cancel()
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket; asyncio calls it, as the methods below."""
        self.use(cast("asyncio.Transport", transport))

    def use(self, transport: asyncio.Transport) -> None:
        """Write to this transport from now on."""
        transport.set_write_buffer_limits(high=_BUFFERED_BYTES)
        self.transport = transport

    def pause_writing(self) -> None:
        """Note that enough is buffered."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Note that more may be written."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the socket is closed."""
        self.end(f"the connection to NATS at {self.server} is lost", exc)

    def data_received(self, data: bytes) -> None:
        """Hand out what the server sent."""
        try:
            for frame in self._parser.feed(data):
                if type(frame) is Message:
                    handler = self._handlers.get(frame.subscription)
                    if handler is not None:
                        handler(frame)
                else:
                    self._controlled(frame)
        except Exception as error:  # noqa: BLE001 - whatever it was, the connection is of no use now
            self.end(f"the connection to NATS at {self.server} failed: {error}", error)

    def _controlled(self, frame: Frame) -> None:
        match frame:
            case Ping():
                self.write(b"PONG\r\n")
            case Pong() if self._pings:
                answer = self._pings.pop(0)
                if not answer.done():  # nobody waits for that of `keep_alive`
                    answer.set_result(None)
            case Complaint(text=text):
                self.end(f"NATS at {self.server} says: {text}")
            case Info(document=document):
                self._informed(msgspec.json.decode(document, type=ServerInfo))
            case _:
                pass

    def _informed(self, info: ServerInfo) -> None:
        self.info = info
        if info.shuts_down:
            self.end(f"NATS at {self.server} is shutting down")
        elif not self.greeted.done():
            self.greeted.set_result(None)
