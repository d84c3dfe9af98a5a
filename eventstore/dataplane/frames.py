"""The client protocol of NATS, without I/O: bytes to frames, and frames to bytes.

Source: https://docs.nats.io/reference/reference-protocols/nats-protocol, and ADR-4 for headers.

It promises to hold no more than one unfinished frame, whose size has a limit, and to find the end
of a frame of any size in time linear in it. It deliberately knows no subject and no JetStream.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from eventstore.errors import StreamUnavailable

__all__ = [
    "FRAME_BYTES_MAX",
    "HEADERS_BEGIN",
    "Complaint",
    "Frame",
    "FrameParser",
    "Info",
    "Message",
    "Ping",
    "Pong",
    "publish_frame",
    "publish_with_headers_frame",
]

FRAME_BYTES_MAX: Final = 64 * 1024 * 1024
"""The largest message that a NATS server can be configured to take (``max_payload``)."""

HEADERS_BEGIN: Final = b"NATS/1.0\r\n"
"""What the headers of a message begin with; they end with an empty line."""

_LINE_BYTES_MAX: Final = 1024 * 1024  # INFO lists the whole cluster; any other line is short
_MESSAGES: Final = (b"HMSG ", b"MSG ")
_END: Final = b"\r\n"
_END_BYTES: Final = 2


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message that was delivered to a subscription.

    ``headers`` is the whole block, from ``NATS/1.0`` to the empty line, or empty.
    """

    subscription: int
    subject: bytes
    reply: bytes
    headers: bytes
    body: bytes


class Info(msgspec.Struct, frozen=True):
    """What the server says of itself, as JSON."""

    document: bytes


class Complaint(msgspec.Struct, frozen=True):
    """The server refuses something, and mostly closes the connection after it."""

    text: str


class Ping(msgspec.Struct, frozen=True):
    """The server asks whether we are there."""


class Pong(msgspec.Struct, frozen=True):
    """The server is there."""


Frame: TypeAlias = Message | Info | Complaint | Ping | Pong


class FrameParser:
    """Makes frames of what the socket delivers, in whatever pieces."""

    def __init__(self) -> None:
        self._held: list[bytes] = []  # an unfinished frame, in the pieces in which it came
        self._held_bytes = 0
        self._needed = 0  # not worth looking before so many bytes are here

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take what was delivered; return the frames that are whole now.

        Raises:
            StreamUnavailable: this is not the protocol of NATS.
        """
        buffer = chunk
        if self._held:
            self._held.append(chunk)
            self._held_bytes += len(chunk)
            if self._held_bytes < self._needed:
                return []
            buffer = b"".join(self._held)
        frames: list[Frame] = []
        rest = buffer[self._parse(buffer, frames) :]
        self._held = [rest] if rest else []
        self._held_bytes = len(rest)
        return frames

    def _parse(self, buffer: bytes, frames: list[Frame]) -> int:
        """Append the whole frames of a buffer; return how much of it they take."""
        at = 0
        size = len(buffer)
        self._needed = 0
        while (end := buffer.find(_END, at)) >= 0:
            if not buffer.startswith(_MESSAGES, at):
                frame = _control(buffer[at:end])
                if frame is not None:
                    frames.append(frame)
                at = end + _END_BYTES
                continue
            subject, subscription, reply, head, total = _sizes(buffer[at:end])
            body = end + _END_BYTES
            stop = body + total
            if stop + _END_BYTES > size:
                self._needed = stop + _END_BYTES - at
                return at
            if buffer[stop : stop + _END_BYTES] != _END:
                raise StreamUnavailable("NATS sent a message without an end")
            headers, content = buffer[body : body + head], buffer[body + head : stop]
            frames.append(Message(subscription, subject, reply, headers, content))
            at = stop + _END_BYTES
        if size - at > _LINE_BYTES_MAX:
            raise StreamUnavailable("NATS sent a line without an end")
        return at


def _sizes(line: bytes) -> tuple[bytes, int, bytes, int, int]:
    """Read ``MSG subject sid [reply] bytes`` or ``HMSG subject sid [reply] header-bytes bytes``."""
    try:
        match line.split():
            case [b"HMSG", subject, number, reply, head_bytes, all_bytes]:
                head, total = int(head_bytes), int(all_bytes)
            case [b"HMSG", subject, number, head_bytes, all_bytes]:
                reply, head, total = b"", int(head_bytes), int(all_bytes)
            case [b"MSG", subject, number, reply, all_bytes]:
                head, total = 0, int(all_bytes)
            case [b"MSG", subject, number, all_bytes]:
                reply, head, total = b"", 0, int(all_bytes)
            case _:
                raise _no_message(line)
        subscription = int(number)
    except ValueError as error:
        raise _no_message(line) from error
    if not 0 <= head <= total <= FRAME_BYTES_MAX:
        raise _no_message(line)
    return subject, subscription, reply, head, total


def _no_message(line: bytes) -> StreamUnavailable:
    return StreamUnavailable(f"NATS sent {line[:80]!r}, which is no message")


def _control(line: bytes) -> Frame | None:
    """Read a line that announces no message; null for one that says nothing (``+OK``)."""
    operation, _, rest = line.partition(b" ")
    match operation.upper():
        case b"PING":
            return Ping()
        case b"PONG":
            return Pong()
        case b"INFO":
            return Info(rest)
        case b"-ERR":
            return Complaint(rest.strip(b" '").decode("utf-8", "replace"))
        case b"+OK" | b"":
            return None
        case _:
            raise StreamUnavailable(f"NATS sent {line[:80]!r}, which is not its protocol")


def publish_frame(subject: bytes, body: bytes, *, reply: bytes = b"") -> bytes:
    """Write a message without headers."""
    return b"PUB %b %b%d\r\n%b\r\n" % (subject, reply and reply + b" ", len(body), body)


def publish_with_headers_frame(
    subject: bytes, headers: bytes, body: bytes, *, reply: bytes = b""
) -> bytes:
    """Write a message with headers.

    ``headers`` are lines, ``Name: value`` and CR LF each, without the line before them and the
    empty one after.
    """
    head = len(headers) + len(HEADERS_BEGIN) + _END_BYTES
    return b"HPUB %b %b%d %d\r\nNATS/1.0\r\n%b\r\n%b\r\n" % (
        subject,
        reply and reply + b" ",
        head,
        head + len(body),
        headers,
        body,
    )
