"""Events that are published together: how each is written, and when all of them are stored. No I/O.

Only some messages of a window ask for a reply: its first, its last, and one in so many between.
Each is stored on condition that its predecessor is the stream's last message. So the last one, at
the sequence that is its position, proves all before it; and behind one that was refused or lost the
next reply is a refusal, unless another relay stored the same there. What that saves is a third of
what an event costs us, and a reply each for the server. The replies between show that the server is
still at it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from eventstore.dataplane.frames import publish_with_headers_frame
from eventstore.errors import PublishRefused
from eventstore.wire_bytes import WireBytes

__all__ = ["REPLY_EVERY", "Window"]

REPLY_EVERY: Final = 64
"""So many messages are stored within the wait for a reply even where each is flushed."""


class Window:
    """A window of single messages, or an atomic batch; ``settled`` ends with all, or a refusal.

    ``stored_to`` is the last position of which a reply says that it is stored; ``ended`` is when
    the last one was, by the event loop's clock.
    """

    def __init__(self, number: int, messages: Sequence[WireBytes], *, as_batch: bool) -> None:
        self.number = number
        self.first = messages[0].position
        self.last = messages[-1].position
        self.stored_to = self.first - 1
        self.as_batch = as_batch
        self.events = len(messages)
        self.began = self.ended = asyncio.get_running_loop().time()
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # The sender may fail before anybody looks at a refusal.
        self.settled.add_done_callback(lambda done: done.cancelled() or done.exception())

    def acknowledge(self, position: int) -> None:
        """Take note that a position is stored, and all before it."""
        self.stored_to = max(self.stored_to, position)
        if position == self.last and not self.settled.done():
            self.ended = self.settled.get_loop().time()
            self.settled.set_result(None)

    def refuse(self, error: PublishRefused) -> None:
        """Take note that a message is not stored, nor any behind it."""
        if not self.settled.done():
            self.settled.set_exception(error)

    def frames(self, messages: Sequence[WireBytes], inbox: bytes) -> bytes:
        """Write messages as they are sent: each with its condition, and some with where to reply.

        Args:
            messages: Consecutive ones of the window.
            inbox: What the reply's subject begins with; window and position follow.
        """
        written = self._in_batch if self.as_batch else self._alone
        return b"".join([written(message, inbox) for message in messages])

    def _alone(self, message: WireBytes, inbox: bytes) -> bytes:
        position = message.position
        asks = (position - self.first) % REPLY_EVERY == 0 or position == self.last
        return publish_with_headers_frame(
            message.subject,
            b"%bNats-Expected-Last-Sequence: %d\r\n" % (message.headers, position - 1),
            message.body,
            reply=self._reply(inbox, position) if asks else b"",
        )

    def _in_batch(self, message: WireBytes, inbox: bytes) -> bytes:
        position = message.position
        headers = b"%bNats-Batch-Id: %b-%d\r\nNats-Batch-Sequence: %d\r\n" % (
            message.headers,
            inbox[-32:],
            self.number,
            position - self.first + 1,
        )
        if position == self.first:
            headers += b"Nats-Expected-Last-Sequence: %d\r\n" % (position - 1)
        reply = b""
        if position == self.last:
            headers += b"Nats-Batch-Commit: 1\r\n"
            reply = self._reply(inbox, position)
        return publish_with_headers_frame(message.subject, headers, message.body, reply=reply)

    def _reply(self, inbox: bytes, position: int) -> bytes:
        return b"%b.%d.%d" % (inbox, self.number, position)
