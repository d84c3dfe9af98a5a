"""The recording client: every way a request can end is written down as what it is."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from checker import History, HistoryBuilder, Outcome
from eventstore import (
    ANY,
    Event,
    EventStoreError,
    StreamVersion,
    WrongExpectedVersion,
    errors,
    stream_name,
)
from verification.recording import RecordingClient
from verification.workloads.requests import Append, Reply, WorkloadStore

STREAM = stream_name("order-1")
EVENT = Event(type="placed", id=UUID(int=7))
APPEND = Append(stream=STREAM, events=(EVENT,), expected=ANY)


class _Refusing:
    """A store whose every method raises what it was given."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def _refuse(self, *_args: Any, **_kwargs: Any) -> Any:
        raise self._error

    append = read_stream = read_log = stream_version = head = _refuse


class _Silent:
    """A store that never answers."""

    async def _wait(self, *_args: Any, **_kwargs: Any) -> Any:
        await asyncio.Event().wait()

    append = read_stream = read_log = stream_version = head = _wait


async def record(store: WorkloadStore, *, seconds_max: float = 5.0) -> tuple[Reply, History, int]:
    builder = HistoryBuilder()
    client = RecordingClient(store, builder, process=3, stride=10, seconds_max=seconds_max)
    reply = await client.perform(APPEND)
    return reply, builder.build(), client.process


def made(kind: type[EventStoreError]) -> EventStoreError:
    """Make an error of any class of the tree, whatever its constructor wants."""
    error = kind.__new__(kind)
    Exception.__init__(error, "what happened")
    if isinstance(error, WrongExpectedVersion):
        error.actual = StreamVersion(4)
    return error


def every_class(root: type[EventStoreError] = EventStoreError) -> list[type[EventStoreError]]:
    return [root, *(k for child in root.__subclasses__() for k in every_class(child))]


@pytest.mark.parametrize("kind", every_class(), ids=lambda kind: kind.__name__)
async def test_definite_is_the_whole_difference_between_fail_and_info(
    kind: type[EventStoreError],
) -> None:
    reply, history, process = await record(_Refusing(made(kind)))
    (operation,) = history
    expected = Outcome.FAIL if kind.definite else Outcome.INFO
    assert reply.outcome is operation.outcome is expected
    assert operation.error["type"]
    assert process == (3 if kind.definite else 13)


def test_the_error_classes_above_are_the_whole_tree() -> None:
    assert {kind.__name__ for kind in every_class()} == set(errors.__all__)


async def test_a_wrong_expected_version_is_an_observation() -> None:
    error = WrongExpectedVersion(STREAM, StreamVersion(9), StreamVersion(4))
    _, (operation,), _ = await record(_Refusing(error))
    assert operation.error == {"type": "wrong-expected-version", "actual": 4}


async def test_an_error_outside_the_tree_is_indefinite_and_says_so() -> None:
    error = ConnectionResetError("postgresql://postgres:hunter2@localhost/db went away")
    _, (operation,), process = await record(_Refusing(error))
    assert operation.outcome is Outcome.INFO
    assert operation.error == {
        "type": "untranslated",
        "class": "builtins.ConnectionResetError",
        "message": "postgresql://localhost/db went away",
    }
    assert process == 13


async def test_a_stores_own_timeout_error_is_not_taken_for_the_clients() -> None:
    _, (operation,), _ = await record(_Refusing(TimeoutError("a driver's")))
    assert operation.error["type"] == "untranslated"


async def test_no_answer_is_indefinite() -> None:
    _, (operation,), process = await record(_Silent(), seconds_max=0.01)
    assert operation.outcome is Outcome.INFO
    assert operation.error["type"] == "client-timeout"
    assert process == 13


async def test_a_cancelled_request_is_indefinite_and_the_cancellation_goes_on() -> None:
    builder = HistoryBuilder()
    client = RecordingClient(_Silent(), builder, process=0, stride=1)
    task = asyncio.create_task(client.perform(APPEND))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (operation,) = builder.build()
    assert operation.outcome is Outcome.INFO
    assert operation.error["type"] == "cancelled"


async def test_a_client_goes_on_under_a_new_process_after_an_unknown_outcome() -> None:
    builder = HistoryBuilder()
    client = RecordingClient(
        _Refusing(errors.OutcomeUnknown(STREAM, "reset")), builder, process=2, stride=8
    )
    for _ in range(3):
        await client.perform(APPEND)
    assert [operation.process for operation in builder.build()] == [2, 10, 18]
