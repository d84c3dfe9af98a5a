"""A committed change of a read model, and the message that carries it. No I/O.

A feed is the changes of one generation of a read model, numbered from 1 without a gap, in the order
of their commits. The message of a change:

- subject ``changes.PROJECTION.GENERATION.KEY``, the key escaped by `escape_key`;
- headers ``Nats-Msg-Id`` (a function of feed and number), ``Trueorder-Change`` (its number, which
  is its sequence), ``Trueorder-Previous-Change`` (the number of the change of the same key before
  it, 0 if there is none), ``Trueorder-Position`` (the log's position to which its commit brought
  the read model), ``Trueorder-Committed-At`` (RFC 3339, UTC), ``Content-Type``, and
  ``KV-Operation: DEL`` if the document was removed;
- body: the document as JSON, or nothing if it was removed.

A change that was cut off (`postgres_feed.trim`) is carried, where the stream has to be filled anew,
by an empty message on ``changes.PROJECTION.GENERATION.trimmed.NUMBER``: the sequence stays the
number, and no key is touched.

So who follows the whole feed sees a lost change by its sequence, and who follows a few keys by the
previous change of each. `KV-Operation` is what NATS' own key-value stores write, so that the bucket
of current values needs no code of ours.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from eventstore.errors import ForeignMessage
from eventstore.stream import Position
from eventstore.wire_bytes import WireBytes

__all__ = [
    "NUMBER",
    "SUBJECT_BYTES_MAX",
    "CommittedChange",
    "FeedName",
    "decode",
    "encode",
    "encode_trimmed",
    "escape_key",
    "id_of",
    "unescape_key",
]

NUMBER: Final = "Trueorder-Change"
_EVENT_ID: Final = "Nats-Msg-Id"
_PREVIOUS: Final = "Trueorder-Previous-Change"
_POSITION: Final = "Trueorder-Position"
_COMMITTED_AT: Final = "Trueorder-Committed-At"
_OPERATION: Final = "KV-Operation"
_REMOVED: Final = "DEL"
_TRIMMED: Final = "trimmed"

SUBJECT_BYTES_MAX: Final = 3072
"""The longest subject; NATS limits a line of its protocol to 4096 bytes."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_/-]")
_ESCAPE: Final = re.compile(r"=([0-9A-F]{2})")
_KEY_FORM: Final = re.compile(r"(?:[A-Za-z0-9_/-]|=[0-9A-F]{2})+")


class FeedName(msgspec.Struct, frozen=True):
    """Whose changes they are, and what is called after it on NATS."""

    projection: str
    generation: int

    @property
    def stream(self) -> str:
        """The stream of changes."""
        return f"CHANGES-{self.projection}-{self.generation}"

    @property
    def prefix(self) -> str:
        """What every subject begins with; the key follows."""
        return f"changes.{self.projection}.{self.generation}."

    @property
    def bucket(self) -> str:
        """The key-value bucket of current values."""
        return f"read-{self.projection}-{self.generation}"

    def __str__(self) -> str:
        return f"{self.projection}, generation {self.generation}"


class CommittedChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a commit left of one document.

    ``number`` counts the feed's changes, ``previous`` is the number of the one before it of the
    same key, 0 if there is none. ``position`` is the log's position that the read model was at with
    this commit. ``document`` is null if the document was removed: there is no null document.
    """

    number: int
    previous: int
    key: str
    position: Position
    document: Any
    committed_at: dt.datetime


def id_of(identity: UUID, number: int) -> UUID:
    """Return the id of a change: a function of its feed and its number."""
    return uuid5(identity, str(number))


def escape_key(key: str) -> str:
    """Write any key as one token of a subject which is also a key of a NATS key-value bucket.

    Letters and digits of ASCII, ``_``, ``-`` and ``/`` stand for themselves; of everything else
    each byte of its UTF-8 becomes ``=`` and two upper-case hexadecimal digits.

    Raises:
        ValueError: the key is empty.
    """
    if not key:
        raise ValueError("a key of a feed is not empty")
    return "".join(
        character
        if _PLAIN.fullmatch(character)
        else "".join(f"={byte:02X}" for byte in character.encode())
        for character in key
    )


def unescape_key(token: str) -> str:
    """Read back what `escape_key` wrote.

    Raises:
        ValueError: the token is not of its making.
    """
    if not _KEY_FORM.fullmatch(token):
        raise ValueError(f"{token!r} is no escaped key")
    raw = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), token)
    return raw.encode("latin-1").decode("utf-8")


def encode(
    feed: FeedName,
    identity: UUID,
    *,
    number: int,
    previous: int,
    key: str,
    position: int,
    document: bytes | None,
    committed_at: dt.datetime,
) -> WireBytes:
    """Write a change as a message; ``document`` is its JSON, ``committed_at`` in UTC.

    ``identity`` tells the feed from another one of the same name, of another database.

    Raises:
        ValueError: the key is empty, or too long for a subject.
    """
    subject = (feed.prefix + escape_key(key)).encode()
    if len(subject) > SUBJECT_BYTES_MAX:
        raise ValueError(
            f"the key {key[:40]!r}... makes a subject of {len(subject)} bytes, at most "
            f"{SUBJECT_BYTES_MAX} are possible"
        )
    change_id = id_of(identity, number)
    headers = (
        f"{_EVENT_ID}: {change_id}\r\n"
        f"{NUMBER}: {number}\r\n"
        f"{_PREVIOUS}: {previous}\r\n"
        f"{_POSITION}: {position}\r\n"
        f"{_COMMITTED_AT}: {committed_at.isoformat(timespec='microseconds')}\r\n"
        "Content-Type: application/json\r\n"
    )
    if document is None:
        headers += f"{_OPERATION}: {_REMOVED}\r\n"
    return WireBytes(Position(number), change_id, subject, headers.encode(), document or b"")


def encode_trimmed(feed: FeedName, identity: UUID, number: int) -> WireBytes:
    """Write the message that stands for a change that was cut off."""
    change_id = id_of(identity, number)
    headers = f"{_EVENT_ID}: {change_id}\r\n{NUMBER}: {number}\r\n"
    subject = f"{feed.prefix}{_TRIMMED}.{number}"
    return WireBytes(Position(number), change_id, subject.encode(), headers.encode(), b"")


def decode(
    feed: FeedName, subject: str, headers: Mapping[str, str], body: bytes
) -> CommittedChange | None:
    """Read a message of the stream back as the change it carries; null where it was cut off.

    Raises:
        ForeignMessage: nobody following the contract wrote that message; says what is wrong.
    """
    if not subject.startswith(feed.prefix):
        raise ForeignMessage(subject, f"its subject does not begin with {feed.prefix}")
    if subject.startswith(f"{feed.prefix}{_TRIMMED}."):
        return None
    try:
        removed = headers.get(_OPERATION) == _REMOVED
        return CommittedChange(
            number=_natural(headers, NUMBER, at_least=1),
            previous=_natural(headers, _PREVIOUS, at_least=0),
            key=unescape_key(subject.removeprefix(feed.prefix)),
            position=Position(_natural(headers, _POSITION, at_least=0)),
            document=None if removed else msgspec.json.decode(body),
            committed_at=dt.datetime.fromisoformat(headers[_COMMITTED_AT]),
        )
    except KeyError as error:
        raise ForeignMessage(subject, f"it has no header {error.args[0]}") from error
    except msgspec.DecodeError as error:
        raise ForeignMessage(subject, f"its body is no JSON: {error}") from error
    except ValueError as error:
        raise ForeignMessage(subject, str(error)) from error


def _natural(headers: Mapping[str, str], name: str, *, at_least: int) -> int:
    text = headers[name]
    if not (text.isascii() and text.isdigit() and int(text) >= at_least):
        raise ValueError(f"its header {name} is {text!r}")
    return int(text)
