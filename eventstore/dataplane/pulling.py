"""Takes the messages of a JetStream consumer: a bounded number is asked for, ahead of time.

Source: https://github.com/nats-io/nats-architecture-and-design, ADR-13 (pull subscribers) and
ADR-15 (what is in the reply subject of a message).

It promises that no more than was asked for is ever held, and that a consumer that went away is
noticed. It deliberately knows nothing of events, and acknowledges nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Final

import msgspec

from eventstore.dataplane.connection import DataPlane
from eventstore.dataplane.frames import Message
from eventstore.errors import ForeignMessage, StreamUnavailable
from eventstore.wire_bytes import header_fields

__all__ = ["Delivered", "Pull", "delivered"]

_STATUS: Final = b"NATS/1.0 "
"""What the headers begin with when JetStream says something instead of delivering."""

_NO_RESPONDERS: Final = "503"
_UNDELIVERED: Final = "Nats-Pending-Messages"
_PULL_SECONDS: Final = 30
_PULL_BYTES: Final = 16 * 1024 * 1024
_NANOSECONDS: Final = 1_000_000_000
_TOKENS: Final = 9
_TOKENS_WITH_DOMAIN: Final = 11


class Delivered(msgspec.Struct, frozen=True, gc=False):
    """What JetStream says of a message that it delivers.

    ``sequence`` is that of the stream, ``ordinal`` counts the consumer's deliveries from 1, and
    ``pending`` is how many more messages the consumer has for us.
    """

    sequence: int
    ordinal: int
    pending: int


def delivered(message: Message) -> Delivered:
    """Read a message's reply subject, in the form without and with a domain.

    Raises:
        ForeignMessage: it is no delivery of JetStream.
    """
    tokens = message.reply.split(b".")
    try:
        if len(tokens) == _TOKENS:
            return Delivered(int(tokens[5]), int(tokens[6]), int(tokens[8]))
        if len(tokens) >= _TOKENS_WITH_DOMAIN:
            return Delivered(int(tokens[7]), int(tokens[8]), int(tokens[10]))
    except ValueError:
        pass
    reply = message.reply.decode("utf-8", "replace")
    raise ForeignMessage(
        message.subject.decode("utf-8", "replace"), f"JetStream did not deliver it (reply {reply})"
    )


class Pull:
    """The deliveries of one consumer; ``arrived`` holds those that nobody has taken yet."""

    def __init__(self, plane: DataPlane, stream: str, consumer: str) -> None:
        self.arrived: deque[Message] = deque()
        self._plane = plane
        self._consumer = consumer
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._due = 0  # asked for, and neither arrived nor declined
        self._gone = ""
        self._news = asyncio.Event()
        self._inbox = plane.new_inbox()
        self._subscription = plane.subscribe(self._inbox, self._receive)

    def close(self) -> None:
        """Take no more; what is still under way is dropped."""
        self._plane.unsubscribe(self._subscription)

    async def wait(self, limit: int, patience_seconds: float) -> None:
        """Have at most ``limit`` messages due or here, and wait a while until one is here.

        Raises:
            StreamUnavailable: the connection is lost, or the consumer is gone.
        """
        self._plane.check()
        self._ask(limit)
        if not self.arrived:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_seconds):
                    await self._news.wait()
        if self._gone and not self.arrived:
            raise StreamUnavailable(f"the consumer {self._consumer} is gone: {self._gone}")

    def _ask(self, limit: int) -> None:
        """Ask for more when less than half is due or here."""
        wanted = limit - self._due - len(self.arrived)
        if wanted * 2 < limit:
            return
        self._due += wanted
        request = {
            "batch": wanted,
            "expires": _PULL_SECONDS * _NANOSECONDS,
            "max_bytes": _PULL_BYTES,
        }
        self._plane.publish(self._next, msgspec.json.encode(request), reply=self._inbox)

    def _receive(self, message: Message) -> None:
        if message.headers.startswith(_STATUS):
            self._note(message.headers)
        else:
            self._due -= 1
            self.arrived.append(message)
        self._news.set()

    def _note(self, headers: bytes) -> None:
        """Take note that JetStream will not deliver all that it was asked for."""
        line = headers[len(_STATUS) :].partition(b"\r\n")[0].decode("utf-8", "replace")
        code, _, description = line.partition(" ")
        if code == _NO_RESPONDERS:
            description = "there is none"
        undelivered = header_fields(headers).get(_UNDELIVERED)
        if undelivered is None:
            # No such consumer, or its server is going away.
            self._gone = description
            return
        self._due -= int(undelivered)
        if "Deleted" in description or "Shutdown" in description:
            self._gone = description
