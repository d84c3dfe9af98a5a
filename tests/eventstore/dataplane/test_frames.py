"""The protocol of NATS, cut anywhere: the same frames; and what is not the protocol is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.dataplane.frames import (
    HEADERS_BEGIN,
    Complaint,
    Frame,
    FrameParser,
    Info,
    Message,
    Ping,
    Pong,
    publish_frame,
    publish_with_headers_frame,
)
from eventstore.errors import StreamUnavailable

SUBJECTS = st.from_regex(rb"[a-z]{1,8}(\.[a-z]{1,8}){0,2}", fullmatch=True)
BODIES = st.binary(max_size=60) | st.sampled_from(
    [b"\r\n", b"PING\r\n", b"MSG a 1 3\r\nabc\r\n", b"x" * 5000]
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[bytes, Frame]:
    subject, body, number = draw(SUBJECTS), draw(BODIES), draw(st.integers(1, 99))
    reply = draw(st.just(b"") | SUBJECTS)
    heard = reply and reply + b" "
    if draw(st.booleans()):
        line = b"MSG %b %d %b%d\r\n%b\r\n" % (subject, number, heard, len(body), body)
        return line, Message(number, subject, reply, b"", body)
    headers = HEADERS_BEGIN + b"A: %b\r\n\r\n" % draw(SUBJECTS)
    total = len(headers) + len(body)
    line = b"HMSG %b %d %b%d %d\r\n%b%b\r\n" % (
        subject, number, heard, len(headers), total, headers, body,
    )  # fmt: skip
    return line, Message(number, subject, reply, headers, body)


CONTROLS: st.SearchStrategy[tuple[bytes, Frame | None]] = st.sampled_from(
    [
        (b"PING\r\n", Ping()),
        (b"PONG\r\n", Pong()),
        (b"+OK\r\n", None),
        (b"-ERR 'Stale Connection'\r\n", Complaint("Stale Connection")),
        (b'INFO {"max_payload":5}\r\n', Info(b'{"max_payload":5}')),
    ]
)


@given(st.lists(deliveries() | CONTROLS, max_size=12), st.data())
def test_frames_are_the_same_however_the_bytes_are_cut(
    sent: list[tuple[bytes, Frame | None]], data: st.DataObject
) -> None:
    text = b"".join(line for line, _ in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    parser = FrameParser()
    got: list[Frame] = []
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        got += parser.feed(text[begin:end])
    assert got == [frame for _, frame in sent if frame is not None]


def test_a_large_message_in_many_pieces_is_one_frame() -> None:
    body = bytes(range(256)) * 8192
    text = b"MSG big 7 %d\r\n%b\r\nPING\r\n" % (len(body), body)
    parser = FrameParser()
    pieces = [text[at : at + 1000] for at in range(0, len(text), 1000)]
    assert [frame for piece in pieces for frame in parser.feed(piece)] == [
        Message(7, b"big", b"", b"", body),
        Ping(),
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"MSG a\r\n",
        b"MSG a b 3\r\nabc\r\n",
        b"MSG a 1 -3\r\n",
        b"MSG a 1 3\r\nabcdef\r\n",
        b"MSG a 1 99999999999\r\n",
        b"HMSG a 1 9 3\r\n",
        b"HMSG a 1 r s 3 9\r\n",
        b"x" * (1024 * 1024 + 1),
    ],
)
def test_what_is_not_the_protocol_is_refused(text: bytes) -> None:
    with pytest.raises(StreamUnavailable):
        FrameParser().feed(text)


def test_what_is_published_is_what_the_protocol_says() -> None:
    assert publish_frame(b"a.b", b"hi") == b"PUB a.b 2\r\nhi\r\n"
    assert publish_frame(b"a.b", b"", reply=b"r") == b"PUB a.b r 0\r\n\r\n"
    assert (
        publish_with_headers_frame(b"a", b"X: 1\r\n", b"hi", reply=b"r")
        == b"HPUB a r 18 20\r\nNATS/1.0\r\nX: 1\r\n\r\nhi\r\n"
    )
