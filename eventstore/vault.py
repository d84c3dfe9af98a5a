"""Personal data in a log that never changes: sealed by a key a subject, forgotten with the key.

A subject is whom the data is about (``customer:42``: an identifier, no name). `Vault.seal` replaces
values of an event by sealed ones before it is appended, `Vault.open` puts them back after it was
read. `Vault.forget` destroys the subject's key, and with it every value sealed for it, in the log,
in its backups, in JetStream and wherever else a copy went; the log's bytes, its positions and its
chain of hashes stay as they are.

A sealed value is the object ``{"$sealed": 1, "subject": ..., "box": ...}``; where they are is in
the metadata (``sealed``: paths by subject), and a tag finds all events of a subject. Keys are
looked up for each call and kept nowhere: what begins after `forget` has returned opens nothing.
"""

from __future__ import annotations

import copy
import itertools
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from eventstore import reading
from eventstore.encoding import encode_event
from eventstore.errors import InvalidEvent, SealBroken, SubjectForgotten
from eventstore.event import Event, RecordedEvent
from eventstore.query import Query
from eventstore.sealing import BoxBroken, MasterKeys, new_data_key, open_box, seal
from eventstore.store import EventStore
from eventstore.subject_keys import SubjectKeys, check_subject, subject_tag

__all__ = ["Vault"]

SEALED: Final = "sealed"
"""The key of the paths in an event's metadata."""

_MARK: Final = "$sealed"
_PAGE: Final = 500


class Vault:
    """Seals and opens events by the keys of their subjects."""

    def __init__(self, keys: SubjectKeys, master_keys: MasterKeys) -> None:
        self._keys = keys
        self._master_keys = master_keys

    async def seal(self, event: Event, subject: str, paths: Sequence[str]) -> Event:
        """Return the event with the values at ``paths`` sealed for a subject.

        A path is ``data`` or ``metadata`` and the keys of objects below it, with dots between:
        ``data.address.street``. What is not there is refused, since a path that is misspelt would
        leave the value readable for ever. If there are several subjects, seal for one after the
        other; their paths must not overlap.

        Raises:
            SubjectForgotten: its key is destroyed; take another subject.
            InvalidEvent: there is nothing at a path, or paths overlap; or the event itself breaks
                a rule.
            InvalidRequest: the subject is none.
        """
        check_subject(subject)
        encoded = encode_event(event)  # what is sealed cannot be checked any more
        sealed = _paths(event.metadata)
        _refuse_overlap([*paths, *(path for of_one in sealed.values() for path in of_one)])
        key = await self._obtain(subject)
        content = {
            "data": msgspec.json.decode(encoded.data),
            "metadata": msgspec.json.decode(encoded.metadata),
        }
        for path in paths:
            holder, name = _place(content, path)
            box = seal(key, msgspec.json.encode(holder[name]), _purpose(subject, event.id, path))
            holder[name] = {_MARK: 1, "subject": subject, "box": b64encode(box).decode()}
        return msgspec.structs.replace(
            event,
            data=content["data"],
            metadata={
                **content["metadata"],
                SEALED: {**sealed, subject: [*sealed.get(subject, []), *paths]},
            },
            tags=tuple(dict.fromkeys((*event.tags, subject_tag(subject)))),
        )

    async def open(
        self,
        events: Sequence[RecordedEvent],
        *,
        subject: str | None = None,
        forgotten: Any = None,
    ) -> list[RecordedEvent]:
        """Return the events with their sealed values as they were.

        Those of a subject that was forgotten become ``forgotten``. With ``subject`` only its values
        are opened, and the others stay sealed.

        Raises:
            SealBroken: a value does not open though its subject was not forgotten.
            ReadFailed, StoreUnavailable: no answer came from where the keys are.
        """
        wanted = {name for event in events for name in _sealed(event)}
        if subject is not None:
            wanted &= {subject}
        if not wanted:
            return list(events)
        keys = await self._keys.find(sorted(wanted))
        return [self._open(event, wanted, keys, forgotten) for event in events]

    async def forget(self, subject: str) -> bool:
        """Destroy a subject's key for ever; says whether there was one.

        Raises:
            InvalidRequest: the subject is none.
            UpdateFailed, StoreUnavailable: no answer came; repeat it.
        """
        return await self._keys.forget(check_subject(subject))

    async def export(self, store: EventStore, subject: str) -> AsyncIterator[RecordedEvent]:
        """Iterate over the events that hold values of a subject, with these opened.

        Raises:
            InvalidRequest: the subject is none.
            SubjectForgotten: there is nothing left to be opened.
            As `EventStore.read_log` and `open`.
        """
        check_subject(subject)
        if (await self._keys.find([subject])).get(subject, b"") is None:
            raise SubjectForgotten(f"{subject!r} was forgotten: what was sealed for it is lost.")
        query = Query.of(tags=(subject_tag(subject),))
        async for event in reading.log(store, query=query):
            (opened,) = await self.open([event], subject=subject)
            yield opened

    async def rewrap(self) -> int:
        """Wrap every key that another master key wraps by the current one; returns how many.

        After that the other master keys can be destroyed, and with them what backups of the keys
        held.
        """
        rewrapped, after = 0, ""
        while page := await self._keys.page(after, _PAGE):
            for subject, wrapped in page:
                if self._master_keys.wrapped_by(wrapped) != self._master_keys.current:
                    key = self._unwrap(wrapped, subject)
                    again = self._master_keys.wrap(key, subject)
                    rewrapped += await self._keys.replace(subject, wrapped, again)
            after = page[-1][0]
        return rewrapped

    async def _obtain(self, subject: str) -> bytes:
        found = await self._keys.find([subject])
        if subject in found:
            wrapped = found[subject]
        else:
            wrapped = await self._keys.add(subject, self._master_keys.wrap(new_data_key(), subject))
        if wrapped is None:
            raise SubjectForgotten(
                f"{subject!r} was forgotten, and nothing can be sealed for it any more: "
                "take another subject for whoever it is now."
            )
        return self._unwrap(wrapped, subject)

    def _unwrap(self, wrapped: bytes, subject: str) -> bytes:
        try:
            return self._master_keys.unwrap(wrapped, subject)
        except BoxBroken as error:
            raise SealBroken(f"the key of {subject!r} does not unwrap: {error}.") from error

    def _open(
        self,
        event: RecordedEvent,
        subjects: set[str],
        keys: Mapping[str, bytes | None],
        forgotten: Any,
    ) -> RecordedEvent:
        sealed = {name: paths for name, paths in _sealed(event).items() if name in subjects}
        if not sealed:
            return event
        content = {"data": copy.deepcopy(event.data), "metadata": copy.deepcopy(event.metadata)}
        for subject, paths in sealed.items():
            wrapped = keys.get(subject, b"")
            key = None if wrapped is None else self._key(event, subject, wrapped)
            for path in paths:
                try:
                    holder, name = _place(content, path)
                    holder[name] = (
                        forgotten
                        if key is None
                        else _value(key, holder[name], _purpose(subject, event.id, path))
                    )
                except (BoxBroken, InvalidEvent, msgspec.DecodeError) as error:
                    raise SealBroken(
                        f"event at position {event.position}: what is sealed at {path} does not "
                        f"open: {str(error).rstrip('.')}."
                    ) from error
        return msgspec.structs.replace(event, data=content["data"], metadata=content["metadata"])

    def _key(self, event: RecordedEvent, subject: str, wrapped: bytes) -> bytes:
        if not wrapped:
            raise SealBroken(
                f"event at position {event.position}: there is no key of {subject!r}, and none was "
                "forgotten. Are these the keys of this log, or were they restored from before?"
            )
        return self._unwrap(wrapped, subject)


def _sealed(event: RecordedEvent) -> Mapping[str, list[str]]:
    """Which paths are sealed for whom; what is not of our making is nobody's."""
    try:
        return _paths(event.metadata)
    except InvalidEvent:
        return {}


def _paths(metadata: Mapping[str, Any]) -> dict[str, list[str]]:
    try:
        return msgspec.convert(metadata.get(SEALED, {}), dict[str, list[str]])
    except msgspec.ValidationError:
        raise InvalidEvent(
            f"its metadata has {SEALED!r}, which is where the vault says what it has sealed."
        ) from None


def _refuse_overlap(paths: Sequence[str]) -> None:
    for one, other in itertools.combinations(paths, 2):
        if one == other or one.startswith(f"{other}.") or other.startswith(f"{one}."):
            raise InvalidEvent(f"{one!r} and {other!r} overlap, so both cannot be sealed.")


def _place(content: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Find the object that holds what is at a path, and its name in it."""
    *above, name = path.split(".")
    holder: Any = content
    for step in above:
        holder = holder.get(step) if isinstance(holder, dict) else None
    reserved = path == "metadata" or path.split(".")[:2] == ["metadata", SEALED]
    if reserved or not isinstance(holder, dict) or name not in holder:
        raise InvalidEvent(
            f"there is nothing at {path!r} that can be sealed: a path is what leads to a value, "
            "such as 'data.name' or 'metadata.ip'."
        )
    return holder, name


def _purpose(subject: str, event_id: object, path: str) -> list[str]:
    return ["value", subject, str(event_id), path]


def _value(key: bytes, sealed: Any, purpose: list[str]) -> Any:
    try:
        box = b64decode(sealed["box"], validate=True)
    except (KeyError, TypeError, ValueError):
        raise BoxBroken("it is not what sealing makes") from None
    return msgspec.json.decode(open_box(key, box, purpose))
