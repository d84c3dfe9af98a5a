from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker import Outcome
from checker.history.formats import read_history
from checker.history.recorder import Recorder


class DefiniteError(Exception):
    definite = True


class IndefiniteError(Exception):
    definite = False


class VagueError(Exception):
    definite = "perhaps"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


@pytest.fixture
def recorder(path: Path) -> Iterator[Recorder]:
    ticks = itertools.count(1000, 10)
    with Recorder(path, header={"model": "register"}, clock=lambda: next(ticks)) as recorder:
        yield recorder


def test_records_what_was_asked_and_answered(recorder: Recorder, path: Path) -> None:
    with recorder.operation(3, "cas", key="x", value=[1, 2]) as op:
        op.ok([1, 2])
    with recorder.operation("b", "write", key="x", value=5) as op:
        op.fail({"type": "refused"})
    recorder.nemesis("kill-postgres", ["n1"])
    with recorder.operation("b", "read", key="x") as op:
        op.info("timeout")
    history = read_history(path)
    assert history.header == {"model": "register"}
    cas, write, read = history
    assert (cas.process, cas.key, cas.value, cas.output) == (3, "x", [1, 2], [1, 2])
    assert (cas.time_invoked, cas.time_completed) == (0, 10)
    assert (write.process, write.outcome, write.error) == ("b", Outcome.FAIL, {"type": "refused"})
    assert (read.outcome, read.error) == (Outcome.INFO, "timeout")
    assert [(event.f, event.value, event.time) for event in history.nemesis] == [
        ("kill-postgres", ["n1"], 40)
    ]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (DefiniteError("no"), Outcome.FAIL),
        (IndefiniteError("lost"), Outcome.INFO),
        (VagueError("?"), Outcome.INFO),
        (TimeoutError("slow"), Outcome.INFO),
        (asyncio.CancelledError(), Outcome.INFO),
        (KeyboardInterrupt(), Outcome.INFO),
    ],
)
def test_an_exception_fails_only_if_it_says_so(
    recorder: Recorder, path: Path, error: BaseException, outcome: Outcome
) -> None:
    with pytest.raises(type(error)), recorder.operation(0, "write", value=1):
        raise error
    (write,) = read_history(path)
    assert write.outcome is outcome
    assert write.error == {"type": type(error).__name__, "message": str(error)}


def test_an_outcome_stands_whatever_happens_after_it(recorder: Recorder, path: Path) -> None:
    def succeed_and_raise() -> None:
        with recorder.operation(0, "write", value=1) as op:
            op.ok()
            raise IndefiniteError

    with pytest.raises(IndefiniteError):
        succeed_and_raise()
    assert [write.outcome for write in read_history(path)] == [Outcome.OK]


def test_an_operation_has_exactly_one_outcome(recorder: Recorder, path: Path) -> None:
    with pytest.raises(ValueError, match="left without an outcome"), recorder.operation(0, "read"):
        pass
    with recorder.operation(1, "read") as op:
        op.ok(1)
        with pytest.raises(ValueError, match="already ended as 'ok'"):
            op.fail()
    assert [read.outcome for read in read_history(path)] == [Outcome.INFO, Outcome.OK]


def test_a_process_is_retired_after_an_unknown_outcome(recorder: Recorder, path: Path) -> None:
    session = recorder.session()
    processes = [session.process]
    for outcome in (Outcome.OK, Outcome.INFO, Outcome.FAIL, Outcome.INFO, Outcome.OK):
        with session.operation("read") as op:
            getattr(op, outcome.value)()
        processes.append(session.process)
    first, *_, last = processes
    assert [op.process for op in read_history(path)] == [first, first, 1, 1, 2]
    assert last == 2
    with pytest.raises(ValueError, match="process 0 is retired"):
        recorder.invoke(0, "read")


def test_process_numbers_are_new(recorder: Recorder) -> None:
    recorder.invoke(7, "read")
    assert recorder.process() == 8
    assert recorder.session().process == 9


def test_misuse_is_refused_before_it_is_written(recorder: Recorder, path: Path) -> None:
    recorder.invoke(0, "read")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="process 0 invokes 'write' while its 'read' is open"):
        recorder.invoke(0, "write")
    with pytest.raises(ValueError, match="process 1 completes 'read' but has open: None"):
        recorder.complete(1, Outcome.OK, f="read")
    with pytest.raises(ValueError, match="process 0 completes 'write' but has open: 'read'"):
        recorder.complete(0, Outcome.OK, f="write")
    with pytest.raises(ValueError, match=r"use Recorder\.nemesis"):
        recorder.invoke("nemesis", "kill")
    with pytest.raises(TypeError, match="value holds a set, which JSON cannot hold"):
        recorder.invoke(2, "write", value={1})
    assert path.read_bytes() == before
    recorder.complete(0, Outcome.OK, output=4)
    recorder.invoke(2, "write", value=[1])


def test_an_answer_that_json_cannot_hold_leaves_the_outcome_unknown(
    recorder: Recorder, path: Path
) -> None:
    with pytest.raises(TypeError, match="bytes"), recorder.operation(0, "read") as op:
        op.ok(b"raw")
    (read,) = read_history(path)
    assert read.outcome is Outcome.INFO


def test_an_existing_recording_is_never_touched(path: Path) -> None:
    path.write_text("evidence")
    with pytest.raises(FileExistsError):
        Recorder(path)
    assert path.read_text() == "evidence"


def test_nothing_is_recorded_after_closing(recorder: Recorder) -> None:
    recorder.sync()
    recorder.close()
    recorder.close()
    for act in (recorder.sync, lambda: recorder.invoke(0, "read")):
        with pytest.raises(ValueError, match="is closed"):
            act()


def test_threads_and_tasks_share_a_recorder(recorder: Recorder, path: Path) -> None:
    def work(session_count: int) -> None:
        async def client() -> None:
            session = recorder.session()
            for number in range(20):
                with session.operation("write", value=number) as op:
                    await asyncio.sleep(0)
                    op.ok() if number % 5 else op.info("timeout")

        async def clients() -> None:
            await asyncio.gather(*(client() for _ in range(session_count)))

        asyncio.run(clients())

    threads = [threading.Thread(target=work, args=(4,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = read_history(path)
    assert len(history) == 4 * 4 * 20
    times = [op.time_invoked for op in history]
    assert times == sorted(times)
    assert sum(op.outcome is Outcome.INFO for op in history) == 4 * 4 * 4
