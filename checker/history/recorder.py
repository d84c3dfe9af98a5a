"""Record a history while it happens, so that a crash at any moment leaves what can be judged.

::

    with Recorder("run.jsonl") as recorder:
        session = recorder.session()
        with session.operation("write", key="k", value=3) as op:
            op.ok(client.write("k", 3))

What makes a verdict on the recording sound:

* An invocation is written before the operation starts, a completion after it ended, each by one
  unbuffered write. A process that is killed leaves its operations pending, never lost.
* Stamping and writing happen under one lock, so the order of the lines is the order in time. Any
  number of threads and tasks of one operating-system process may share a recorder; another
  process takes a file of its own.
* Whatever is not known to have done nothing is ``info``: an exception is a ``fail`` only if it
  says so itself, by an attribute ``definite`` that is True.
* After an ``info`` the process number is retired, since its operation may still take effect.

Nothing here retries, buffers or drops: if the disk does not take an event, the recording is broken
and says so at once.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from checker.history.codec import NEMESIS, Event, encode_event, encode_header
from checker.operation import Outcome

__all__ = ["RecordedOperation", "Recorder", "RecordingBroken", "Session"]

_PERMISSIONS: Final = 0o644


class RecordingBroken(RuntimeError):
    """An event could not be written whole; what was written before it can still be judged."""


class Recorder:
    """Writes one history file, `trueorder.history/1`. Closing it is enough; `sync` makes it last.

    Args:
        path: The file to create. An existing file is evidence, and is never added to.
        header: Fields of the header line, JSON values: the model, the seed, what was tested.
        clock: Nanoseconds, of any origin, that do not go back. The first event is at 0, and
            the others count from it.

    Raises:
        FileExistsError: There is such a file already.
        TypeError: The header has no JSON form.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        header: dict[str, Any] | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        first = encode_header(header or {})
        self.path = Path(path)
        self._clock = clock
        self._origin: int | None = None
        self._lock = threading.Lock()
        self._open: dict[int | str, str] = {}
        self._retired: set[int | str] = set()
        self._next_process = 0
        self._index = 0
        self._broken: OSError | None = None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file: int | None = os.open(self.path, flags, _PERMISSIONS)
        self._write(first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def process(self) -> int:
        """Return a process number that nobody has used."""
        with self._lock:
            return self._new_process()

    def session(self) -> Session:
        """Return a client's own line of processes; use it from one thread or task at a time."""
        return Session(self)

    def operation(
        self, process: int | str, f: str, *, key: Any = None, value: Any = None
    ) -> RecordedOperation:
        """Return a ``with`` block around one operation of ``process``; see `RecordedOperation`."""
        return RecordedOperation(self, process, f, key, value)

    def invoke(self, process: int | str, f: str, *, key: Any = None, value: Any = None) -> None:
        """Write an invocation; call it before the operation starts.

        Raises:
            ValueError: The process has an operation open, or is retired.
            TypeError: A value has no JSON form.
            RecordingBroken: It could not be written, so the operation must not start.
        """
        with self._lock:
            if process == NEMESIS:
                raise ValueError(f"{NEMESIS!r} is no client: use Recorder.nemesis")
            if process in self._open:
                raise ValueError(
                    f"process {process!r} invokes {f!r} while its {self._open[process]!r} is open"
                )
            if process in self._retired:
                raise ValueError(
                    f"process {process!r} is retired: its last operation may still take effect. "
                    "Go on as Recorder.process(), or use a Session"
                )
            self._record("invoke", process, f, key=key, value=value)
            self._open[process] = f
            if isinstance(process, int):
                self._next_process = max(self._next_process, process + 1)

    def complete(
        self,
        process: int | str,
        outcome: Outcome,
        *,
        f: str | None = None,
        output: Any = None,
        error: Any = None,
    ) -> None:
        """Write the completion of the process's open operation; call it after the operation ended.

        Raises:
            ValueError: The process has no operation open, or another one.
            TypeError: A value has no JSON form; the operation stays open.
            RecordingBroken: It could not be written; the operation's outcome stays unknown.
        """
        with self._lock:
            opened = self._open.get(process)
            if opened is None or f not in {None, opened}:
                raise ValueError(f"process {process!r} completes {f!r} but has open: {opened!r}")
            self._record(outcome.value, process, opened, value=output, error=error)
            del self._open[process]
            if outcome is Outcome.INFO:
                self._retired.add(process)

    def nemesis(self, f: str, value: Any = None) -> None:
        """Write what the fault injector does: ``kill-x`` at its start, ``restart-x`` at its end.

        Raises:
            TypeError: The value has no JSON form.
            RecordingBroken: It could not be written.
        """
        with self._lock:
            self._record("info", NEMESIS, f, value=value)

    def sync(self) -> None:
        """Return when all that was recorded is on the disk (fsync)."""
        with self._lock:
            os.fsync(self._descriptor())

    def close(self) -> None:
        """Close the file. Operations that are open stay pending. Closing twice is harmless."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _new_process(self) -> int:
        number = self._next_process
        self._next_process += 1
        return number

    def _record(
        self,
        kind: str,
        process: int | str,
        f: str,
        *,
        key: Any = None,
        value: Any = None,
        error: Any = None,
    ) -> None:
        now = self._clock()
        if self._origin is None:
            self._origin = now
        event = Event(
            type=kind,
            process=process,
            f=f,
            key=key,
            value=value,
            error=error,
            time=now - self._origin,
            index=self._index,
        )
        self._write(encode_event(event))
        self._index += 1

    def _write(self, line: bytes) -> None:
        if self._broken is not None:
            raise RecordingBroken(f"{self.path}: nothing follows a failed write") from self._broken
        file = self._descriptor()
        try:
            written = os.write(file, line)
            while written < len(line):
                written += os.write(file, line[written:])
        except OSError as error:
            self._broken = error
            raise RecordingBroken(f"{self.path}: {error.strerror or error}") from error

    def _descriptor(self) -> int:
        if self._file is None:
            raise ValueError(f"the recorder of {self.path} is closed")
        return self._file


class RecordedOperation:
    """One operation as a ``with`` block: invoked on entry, completed by exactly one outcome.

    Call `ok`, `fail` or `info` inside, once the answer is there. An exception that leaves the block
    before that completes the operation as ``fail`` when its attribute ``definite`` is True, else as
    ``info`` (cancellation and timeouts included), and goes on its way. A block that ends without an
    outcome is a mistake of its author: ``info``, and a `ValueError`.
    """

    def __init__(
        self, recorder: Recorder, process: int | str, f: str, key: Any, value: Any
    ) -> None:
        self._recorder = recorder
        self._f = f
        self._key = key
        self._value = value
        self.process = process
        self.outcome: Outcome | None = None

    def __enter__(self) -> Self:
        self._recorder.invoke(self.process, self._f, key=self._key, value=self._value)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.outcome is not None:
            return
        if error is None:
            self.info("no outcome was recorded")
            raise ValueError(f"{self._f!r} was left without an outcome: call ok, fail or info")
        what = {"type": type(error).__name__, "message": str(error)}
        if getattr(error, "definite", False) is True:
            self.fail(what)
        else:
            self.info(what)

    def ok(self, output: Any = None) -> None:
        """It happened, and this is the answer."""
        self._complete(Outcome.OK, output=output)

    def fail(self, error: Any = None) -> None:
        """It certainly had no effect, and never will."""
        self._complete(Outcome.FAIL, error=error)

    def info(self, error: Any = None) -> None:
        """It may have happened, and may still."""
        self._complete(Outcome.INFO, error=error)

    def _complete(self, outcome: Outcome, *, output: Any = None, error: Any = None) -> None:
        if self.outcome is not None:
            raise ValueError(f"{self._f!r} already ended as {self.outcome.value!r}")
        self._recorder.complete(self.process, outcome, f=self._f, output=output, error=error)
        self.outcome = outcome


class Session:
    """A client that does one thing at a time, under a new process number after each ``info``."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._last: RecordedOperation | None = None
        self.process = recorder.process()

    def operation(self, f: str, *, key: Any = None, value: Any = None) -> RecordedOperation:
        """Return a ``with`` block around the client's next operation."""
        if self._last is not None and self._last.outcome is Outcome.INFO:
            self.process = self._recorder.process()
        self._last = self._recorder.operation(self.process, f, key=key, value=value)
        return self._last
