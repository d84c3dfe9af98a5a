"""A window is stored, or is not: a server that loses any of its messages never passes for one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore.errors import PublishRefused
from eventstore.relay.window import REPLY_EVERY, Window
from tests.support.recorded import log
from tests.support.relaying import messages

INBOX = b"_INBOX." + b"0" * 32

SENT = re.compile(
    rb"HPUB \S+ (?:(?P<reply>_INBOX\S+) )?\d+ \d+\r\n(?:[^\r]+\r\n)*?"
    rb"Trueorder-Position: (?P<position>\d+)\r\n(?:[^\r]+\r\n)*?"
    rb"Nats-Expected-Last-Sequence: (?P<expected>\d+)\r\n"
)


class Server:
    """Stores what follows, refuses what does not, and replies where it is asked to."""

    def __init__(self, window: Window, last: int) -> None:
        self.window = window
        self.last = last

    def receive(self, sent: re.Match[bytes]) -> None:
        position = int(sent["position"])
        stored = int(sent["expected"]) == self.last
        if stored:
            self.last += 1
        if sent["reply"] is None:
            return
        if stored:
            self.window.acknowledge(position)
        else:
            self.window.refuse(PublishRefused(position, self.last, "wrong last sequence"))


@given(
    st.integers(1, 3 * REPLY_EVERY + 2),
    st.sets(st.integers(1, 3 * REPLY_EVERY + 2), max_size=3),
    st.sets(st.integers(1, 3 * REPLY_EVERY + 2), max_size=3),
)
@settings(deadline=None, max_examples=60)
async def test_it_is_stored_or_it_is_not(size: int, lost: set[int], stored_by_us: set[int]) -> None:
    """Some messages are lost on the way, before some a rival was quicker by one."""
    events = messages(log(size + 5)[5:])
    window = Window(1, events, as_batch=False)
    server = Server(window, last=5)
    sent = list(SENT.finditer(window.frames(events, INBOX)))
    assert len(sent) == size
    assert sum(one["reply"] is not None for one in sent) <= 2 + size // REPLY_EVERY
    for number, one in enumerate(sent, 1):
        if number in stored_by_us and server.last == int(one["expected"]):
            server.last += 1  # the same message, by another relay
        if number not in lost:
            server.receive(one)
    settled = window.settled.done() and window.settled.exception() is None
    if settled:
        assert server.last == size + 5
    if not (lost | stored_by_us) & set(range(1, size + 1)):
        assert settled
        assert window.stored_to == size + 5


@pytest.mark.parametrize("size", [1, 2, REPLY_EVERY, REPLY_EVERY + 1])
async def test_a_batch_has_one_condition_and_one_reply(size: int) -> None:
    events = messages(log(size))
    frames = Window(7, events, as_batch=True).frames(events, INBOX)
    assert frames.count(b"Nats-Expected-Last-Sequence: 0\r\n") == 1
    assert frames.count(b"Nats-Expected-Last-Sequence") == 1
    assert frames.count(b"Nats-Batch-Commit: 1\r\n") == 1
    assert frames.count(INBOX + b".7.%d " % size) == frames.count(INBOX) == 1
