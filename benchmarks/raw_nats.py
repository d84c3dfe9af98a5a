"""The limit of everything on NATS: bare sockets, frames made beforehand, nothing checked."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from eventstore.dataplane.frames import publish_with_headers_frame
from eventstore.wire_bytes import WireBytes

__all__ = ["consume_rate", "publish_rate", "window_rate"]

BATCH: Final = 1000
_READ_BYTES: Final = 1 << 18
_PATIENCE_SECONDS: Final = 60.0

_DELIVERED: Final = b" 1 $JS.ACK."
"""What the first line of a delivered message has, and nothing else that we send."""


@contextmanager
def _connected(url: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), _PATIENCE_SECONDS) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.recv(_READ_BYTES)
        link.sendall(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nPING\r\n')
        while not link.recv(_READ_BYTES).endswith(b"PONG\r\n"):
            pass
        yield link


def publish_rate(url: str, messages: list[WireBytes]) -> float:
    """Publish messages in atomic batches of 1,000; return how many a second were acknowledged."""
    batches = [
        _batch(messages[start : start + BATCH], start) for start in range(0, len(messages), BATCH)
    ]
    with _connected(url) as link:
        link.sendall(b"SUB limit.reply 1\r\n")
        began = time.perf_counter()
        for batch in batches:
            link.sendall(batch)
            answer = b""
            while not answer.endswith(b"}\r\n"):
                answer += link.recv(_READ_BYTES)
            if b'"error"' in answer:
                raise RuntimeError(answer.decode())
        return len(messages) / (time.perf_counter() - began)


def window_rate(url: str, messages: list[WireBytes]) -> float:
    """Publish messages in windows of 1,000, each message conditional on its predecessor.

    The last one of a window asks for a reply, and two windows are under way. Returns how many
    messages a second were acknowledged.
    """
    windows = [_window(messages[at : at + BATCH]) for at in range(0, len(messages), BATCH)]
    with _connected(url) as link:
        link.sendall(b"SUB limit.reply 1\r\n")
        began = time.perf_counter()
        replies, answer = 0, b""
        for number, window in enumerate(windows):
            link.sendall(window)
            while replies < number:
                answer += link.recv(_READ_BYTES)
                replies = answer.count(b'"seq":')
                if b'"error"' in answer:
                    raise RuntimeError(answer.decode())
        while answer.count(b'"seq":') < len(windows):
            answer += link.recv(_READ_BYTES)
        return len(messages) / (time.perf_counter() - began)


def _window(messages: list[WireBytes]) -> bytes:
    last = messages[-1].position
    return b"".join(
        publish_with_headers_frame(
            message.subject,
            b"%bNats-Expected-Last-Sequence: %d\r\n" % (message.headers, message.position - 1),
            message.body,
            reply=b"limit.reply" if message.position == last else b"",
        )
        for message in messages
    )


def _batch(messages: list[WireBytes], start: int) -> bytes:
    frames = []
    for number, message in enumerate(messages, 1):
        headers = message.headers + b"Nats-Batch-Id: limit-%d\r\nNats-Batch-Sequence: %d\r\n" % (
            start,
            number,
        )
        last = number == len(messages)
        if last:
            headers += b"Nats-Batch-Commit: 1\r\n"
        frames.append(
            publish_with_headers_frame(
                message.subject, headers, message.body, reply=b"limit.reply" if last else b""
            )
        )
    return b"".join(frames)


def consume_rate(url: str, stream: str, consumer: str, amount: int) -> float:
    """Pull so many messages of a consumer and count them; return how many a second came."""
    body = b'{"batch":%d}' % BATCH
    subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}".encode()
    ask = b"PUB %b limit.inbox %d\r\n%b\r\n" % (subject, len(body), body)
    with _connected(url) as link:
        link.sendall(b"SUB limit.inbox 1\r\n")
        began = time.perf_counter()
        link.sendall(ask * 2)
        asked, got, rest = 2 * BATCH, 0, b""
        while got < amount:
            chunk = rest + link.recv(_READ_BYTES)
            got += chunk.count(_DELIVERED)
            rest = chunk[1 - len(_DELIVERED) :]  # too short to be counted twice
            if asked - got < BATCH:
                link.sendall(ask)
                asked += BATCH
        return amount / (time.perf_counter() - began)
