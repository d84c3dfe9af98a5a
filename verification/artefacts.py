"""The run folder: everything a run saw, and enough to judge it again.

Each file is written whole: beside its place, fsynced, then renamed, so that a reader sees all of it
or none. The history alone grows while the run goes on; `sync` puts it on disk before it is judged.
``docs/reference/run-folder.md`` describes every file. Nothing here judges.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec

from eventstore import RecordedEvent
from verification.errors import FolderUnusable, NotARun
from verification.scenarios import Scenario

__all__ = [
    "AppliedRow",
    "ChangeRow",
    "Convergence",
    "Documents",
    "FeedProgress",
    "LogRow",
    "ReadModel",
    "RunFolder",
    "RunOutcome",
    "StreamRow",
    "sync",
]

Row = TypeVar("Row", bound=msgspec.Struct)
Value = TypeVar("Value")

SCENARIO: Final = "scenario.json"


_README: Final = """\
A run of Trueorder's demo: real servers, killed and restarted under traffic, and what was seen.

report.html      the verdict and its evidence; open it in a browser
verdict.json     the same for programs (trueorder.result/1)
history.jsonl    what every client asked and was answered, and the faults (trueorder.history/1)
log.jsonl        the final log in PostgreSQL
stream.jsonl     what NATS JetStream holds
applied.jsonl    what the projector applied, in order
read-model.json  what it made of it
documents.json   another read model, and the bucket that follows its changes
changes.jsonl    these changes, as NATS JetStream holds them
scenario.json    seed, size, and planted bug if there is one
servers.json     versions and durability settings of the servers
outcome.json     how the run went
logs/            of the servers, the relay, the projectors and the feed

Judge it again, from this folder alone:

    trueorder judge {folder}

Run it again (the same faults and requests, other interleavings):

    {command}
"""


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the final log, as Postgres holds it."""

    position: int
    stream: str
    version: int
    id: str
    type: str
    data: Any = None

    @classmethod
    def of(cls, event: RecordedEvent) -> Self:
        """Take the row from an event as the store read it."""
        return cls(
            position=event.position,
            stream=event.stream,
            version=event.version,
            id=str(event.id),
            type=event.type,
            data=event.data,
        )


class StreamRow(msgspec.Struct, frozen=True, kw_only=True):
    """One message of JetStream's stream: its sequence, and what its subject and headers say."""

    sequence: int
    position: int
    stream: str
    version: int
    id: str


class AppliedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event that the projector applied; ``ordinal`` counts what it applied, in order."""

    ordinal: int
    position: int
    id: str


class ReadModel(msgspec.Struct, frozen=True, kw_only=True):
    """The projector's read model: its checkpoint, and its rows by key."""

    checkpoint: int
    rows: dict[str, Any]


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the feed's stream: its sequence, and the change that it carries.

    A removal has the document null; a message that carries no change has number 0.
    """

    sequence: int
    number: int
    previous: int
    key: str
    document: Any = None


class Documents(msgspec.Struct, frozen=True, kw_only=True):
    """The read model with a feed: its checkpoint and its documents, and what the bucket holds.

    In ``bucket`` null stands for a value that was deleted.
    """

    checkpoint: int
    rows: Mapping[str, Any]
    bucket: Mapping[str, Any]


class FeedProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the documents and their feed are; null for what could not be asked.

    ``applied`` is the documents' checkpoint, ``recorded`` the number of the last change, ``told``
    that of the last one on the stream, ``kept`` that of the last one in the bucket.
    """

    applied: int | None
    recorded: int | None
    told: int | None
    kept: int | None

    def reached(self, head: int) -> bool:
        """Whether the documents are at ``head``, and everybody knows of their last change."""
        return self.applied == head and (
            self.recorded is not None and self.recorded == self.told == self.kept
        )


class Convergence(msgspec.Struct, frozen=True, kw_only=True):
    """How far relay and projector had come when the run stopped waiting for them.

    ``carried`` is the position of JetStream's last message, ``applied`` the projector's checkpoint;
    ``feed`` is null in a run without a change feed.
    ``stalled`` is true when nothing had moved for as long as the run allows, false when it still
    did: only the first refutes that they catch up.
    """

    head: int
    carried: int
    applied: int
    seconds: float
    stalled: bool = False
    reason: str = ""
    feed: FeedProgress | None = None

    @property
    def reached(self) -> bool:
        """Whether everything stood at the head of the log."""
        return self.carried == self.head == self.applied and (
            self.feed is None or self.feed.reached(self.head)
        )


class RunOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How the run went, apart from any verdict: ``ended`` is "complete" or why it is not."""

    ended: str
    started_at: str
    seconds: dict[str, float] = {}
    convergence: Convergence | None = None
    notes: tuple[str, ...] = ()


class RunFolder:
    """The files of one run, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.history = path / "history.jsonl"
        self.report = path / "report.html"
        self.verdict = path / "verdict.json"
        self.logs = path / "logs"

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """Make a new run folder.

        Raises:
            FolderUnusable: it exists and is not empty, or cannot be made.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise FolderUnusable(path, "it is not empty. Name a new folder with --out.")
            folder = cls(path.resolve())
            folder.logs.mkdir()
        except OSError as error:
            raise FolderUnusable(path, error.strerror or str(error)) from error
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open the folder of a run that was made before.

        Raises:
            NotARun: there is no run in it.
        """
        folder = cls(path.resolve())
        if not (path / SCENARIO).is_file():
            raise NotARun(path, f"it has no {SCENARIO}, so it is not a run of `trueorder demo`.")
        if not folder.history.is_file():
            raise NotARun(path, f"it has no {folder.history.name}: the run ended before it began.")
        return folder

    def write_scenario(self, scenario: Scenario) -> None:
        """Write what was asked for: seed, size, mutant; and, for people, what this folder is."""
        self._write(SCENARIO, _pretty(scenario))
        text = _README.format(folder=self.path, command=scenario.command)
        self._write("README.txt", text.encode())

    def read_scenario(self) -> Scenario:
        """Read what was asked for."""
        return self._read(SCENARIO, Scenario)

    def write_servers(self, servers: dict[str, Any]) -> None:
        """Write versions and durability settings of both servers."""
        self._write("servers.json", _pretty(servers))

    def read_servers(self) -> dict[str, Any]:
        """Read versions and durability settings; empty if the servers never ran."""
        if not (self.path / "servers.json").is_file():
            return {}
        return self._read("servers.json", dict[str, Any])

    def write_outcome(self, outcome: RunOutcome) -> None:
        """Write how the run went."""
        self._write("outcome.json", _pretty(outcome))

    def read_outcome(self) -> RunOutcome | None:
        """Read how the run went; None if it never came to an end."""
        if not (self.path / "outcome.json").is_file():
            return None
        return self._read("outcome.json", RunOutcome)

    def write_log(self, rows: Iterable[LogRow]) -> None:
        """Write the final log."""
        self._write_lines("log.jsonl", rows)

    def read_log(self) -> list[LogRow] | None:
        """Read the final log; None if it was not collected."""
        return self._read_lines("log.jsonl", LogRow)

    def write_stream(self, rows: Iterable[StreamRow]) -> None:
        """Write JetStream's content."""
        self._write_lines("stream.jsonl", rows)

    def read_stream(self) -> list[StreamRow] | None:
        """Read JetStream's content; None if it was not collected."""
        return self._read_lines("stream.jsonl", StreamRow)

    def write_applied(self, rows: Iterable[AppliedRow]) -> None:
        """Write what the projector applied."""
        self._write_lines("applied.jsonl", rows)

    def read_applied(self) -> list[AppliedRow] | None:
        """Read what the projector applied; None if it was not collected."""
        return self._read_lines("applied.jsonl", AppliedRow)

    def write_read_model(self, model: ReadModel) -> None:
        """Write the read model."""
        self._write("read-model.json", _pretty(model))

    def read_read_model(self) -> ReadModel | None:
        """Read the read model; None if it was not collected."""
        if not (self.path / "read-model.json").is_file():
            return None
        return self._read("read-model.json", ReadModel)

    def write_changes(self, rows: Iterable[ChangeRow]) -> None:
        """Write the content of the feed's stream."""
        self._write_lines("changes.jsonl", rows)

    def read_changes(self) -> list[ChangeRow] | None:
        """Read the content of the feed's stream; None if it was not collected."""
        return self._read_lines("changes.jsonl", ChangeRow)

    def write_documents(self, documents: Documents) -> None:
        """Write the documents, and what the bucket holds of them."""
        self._write("documents.json", _pretty(documents))

    def read_documents(self) -> Documents | None:
        """Read documents and bucket; None if they were not collected."""
        if not (self.path / "documents.json").is_file():
            return None
        return self._read("documents.json", Documents)

    def write_verdict(self, document: dict[str, Any]) -> None:
        """Write the verdict, a `trueorder.result/1` document."""
        self._write(self.verdict.name, _pretty(document))

    def _write(self, name: str, content: bytes) -> None:
        target = self.path / name
        draft = target.with_name(f".{name}.draft")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        sync(self.path)

    def _write_lines(self, name: str, rows: Iterable[msgspec.Struct]) -> None:
        self._write(name, b"".join(msgspec.json.encode(row) + b"\n" for row in rows))

    def _read(self, name: str, type_: type[Value]) -> Value:
        try:
            return msgspec.json.decode((self.path / name).read_bytes(), type=type_)
        except (OSError, msgspec.MsgspecError) as error:
            raise NotARun(self.path, f"{name} cannot be read: {error}") from error

    def _read_lines(self, name: str, type_: type[Row]) -> list[Row] | None:
        path = self.path / name
        return list(self._rows(path, type_)) if path.is_file() else None

    def _rows(self, path: Path, type_: type[Row]) -> Iterator[Row]:
        decoder = msgspec.json.Decoder(type_)
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield decoder.decode(line)
                except msgspec.MsgspecError as error:
                    raise NotARun(self.path, f"{path.name}:{number}: {error}") from error


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's entries, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
