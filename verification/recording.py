"""A client that records: what it asked, what it was answered, and when it does not know.

Every request becomes an invocation before it is sent and a completion after its answer, in one
task, on one timeline. The completion follows from the error alone: ``definite`` is a ``fail``,
everything else an ``info`` (it may have happened, and may still). A wrong expected version is a
``fail`` that *observes* something, so its error carries the actual version for the judge.

After an ``info`` the client goes on under a new process number, as Jepsen's do: the old one may
still be doing what it was doing. What is not an `EventStoreError` breaks the store's contract; it
is recorded as ``info`` of type ``untranslated``, which the judge convicts.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final, Protocol

from checker import Outcome
from eventstore import EventStoreError, WrongExpectedVersion
from verification.workloads.requests import Reply, Request, WorkloadStore

__all__ = [
    "REQUEST_SECONDS_MAX",
    "UNAVAILABLE",
    "UNTRANSLATED",
    "HistorySink",
    "RecordingClient",
]

REQUEST_SECONDS_MAX: Final = 15.0
"""When a client gives up on an answer, should the store break its own promise of a time limit."""

UNAVAILABLE: Final = "store-unavailable"
"""The type of the error that the store could not even be connected to."""

UNTRANSLATED: Final = "untranslated"
"""The type of an error that is not of the store's tree, so that nobody knows what it means."""

MESSAGE_CHARACTERS_MAX: Final = 300


class HistorySink(Protocol):
    """Where invocations and completions go, each at the moment of its call."""

    def invoke(self, process: int, f: str, *, key: Any = None, value: Any = None) -> None:
        """Add an invocation."""
        ...

    def complete(
        self,
        process: int,
        outcome: Outcome,
        *,
        f: str | None = None,
        output: Any = None,
        error: Any = None,
    ) -> None:
        """Add the completion of the process's open operation."""
        ...


_GAVE_UP: Final = Reply(
    outcome=Outcome.INFO,
    error={"type": "client-timeout", "message": "the client gave up waiting for an answer"},
)
_CANCELLED: Final = Reply(
    outcome=Outcome.INFO, error={"type": "cancelled", "message": "the run was ended"}
)


class RecordingClient:
    """One client of an event store, and its process in the history.

    ``stride`` is the number of clients: a client that lost track of an operation goes on as
    process + stride, so that the numbers of all clients stay apart and ``process % stride`` names
    the client.
    """

    def __init__(
        self,
        store: WorkloadStore,
        sink: HistorySink,
        *,
        process: int,
        stride: int,
        seconds_max: float = REQUEST_SECONDS_MAX,
    ) -> None:
        self._store = store
        self._sink = sink
        self._stride = stride
        self._seconds_max = seconds_max
        self.process = process

    async def perform(self, request: Request) -> Reply:
        """Send a request and record it. Raises only when this task itself is cancelled."""
        self._sink.invoke(self.process, request.f, key=request.key, value=request.value)
        limit = asyncio.timeout(self._seconds_max)
        try:
            async with limit:
                output = await request.send(self._store)
        except Exception as error:  # noqa: BLE001  # whatever it is, the history must say so
            reply = _GAVE_UP if limit.expired() else _reply_to(error)
            return self._complete(request, reply)
        except BaseException:
            self._complete(request, _CANCELLED)
            raise
        return self._complete(request, Reply(outcome=Outcome.OK, output=output))

    def _complete(self, request: Request, reply: Reply) -> Reply:
        self._sink.complete(
            self.process, reply.outcome, f=request.f, output=reply.output, error=reply.error
        )
        if reply.outcome is Outcome.INFO:
            self.process += self._stride
        return reply


def _reply_to(error: Exception) -> Reply:
    if isinstance(error, WrongExpectedVersion):
        return Reply(
            outcome=Outcome.FAIL,
            error={"type": "wrong-expected-version", "actual": int(error.actual)},
        )
    if isinstance(error, EventStoreError):
        return Reply(
            outcome=Outcome.FAIL if error.definite else Outcome.INFO,
            error={"type": _words(type(error).__name__), "message": _brief(error)},
        )
    return Reply(
        outcome=Outcome.INFO,
        error={
            "type": UNTRANSLATED,
            "class": f"{type(error).__module__}.{type(error).__qualname__}",
            "message": _brief(error),
        },
    )


def _words(class_name: str) -> str:
    """Write a class name as histories do: StoreUnavailable is store-unavailable."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", class_name).lower()


def _brief(error: Exception) -> str:
    """One line of the error, without what a URL may carry before its host."""
    line = " ".join(str(error).split())
    return re.sub(r"//[^/@\s]*@", "//", line)[:MESSAGE_CHARACTERS_MAX]
