"""Files, event loops, clocks and limits at the front door."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from checker import (
    CancelToken,
    History,
    JudgeProgress,
    Limits,
    MalformedHistory,
    Model,
    Verdict,
    acheck,
    check,
    check_file,
)
from checker.cli import main
from checker.history.formats import read_history
from checker.history.recorded import read_natively
from checker.history.uncertainty import widen
from checker.history.writer import write_history
from checker.models import Register
from tests.support.drafts import arrange
from tests.support.register_histories import register_drafts
from tests.support.seeded import seeded

ROOT = Path(__file__).parents[2]
CORPORA = Path(__file__).parent / "corpora"
LONG = Limits(timeout_seconds=600)


def write_hard(path: Path, writers: int = 40, key: str = "hard") -> Path:
    """Writes at once, and a read of what nobody wrote; a value written twice asks for a search."""
    pairs = [(n, *pair) for n in range(writers) for pair in (("write", n), ("read", None))]
    alone: dict[str, object] = {"client": 0, "key": key}
    rows: list[dict[str, object]] = [
        alone | {"call": 0, "return": 9, "f": "write", "value": -1},
        alone | {"call": 100, "return": 109, "f": "write", "value": -1},
    ]
    rows += [
        {"client": client, "call": 200, "return": 299, "f": f, "key": key, "value": value, "out": n}
        for client, (n, f, value) in enumerate(pairs)
    ]
    rows.append(alone | {"call": 300, "return": 309, "f": "read", "out": "never"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


FILES = sorted(CORPORA.glob("porcupine/etcd/*.log"))[:25]
FILES += [
    CORPORA / "knossos" / name
    for name in ("good/cas-register-bug.edn", "bad/rethink-fail-minimal.edn")
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_judged_as_its_history_is(path: Path) -> None:
    history = read_history(path)
    ours = check_file(path, "cas-register")
    theirs = check(history, "cas-register")
    assert (ours.verdict, ours.algorithm, ours.operations) == (
        theirs.verdict,
        theirs.algorithm,
        theirs.operations,
    )
    assert [anomaly.explanation for anomaly in ours.anomalies] == [
        anomaly.explanation for anomaly in theirs.anomalies
    ]
    assert read_natively(path).load() == history


def test_an_operation_of_another_object_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "run.ops"
    path.write_text('\n{"client": 0, "call": 1, "return": 2, "f": "push", "value": 1}\n')
    with pytest.raises(MalformedHistory) as raised:
        check_file(path, "register")
    assert (raised.value.source, raised.value.line) == (str(path), 2)
    with pytest.raises(MalformedHistory) as reference:
        check_file(path, "register", engine="reference")
    assert str(raised.value) == str(reference.value)


def test_limits_make_it_unknown_with_how_far_it_came(tmp_path: Path) -> None:
    path = write_hard(tmp_path / "hard.ops")
    late = check_file(path, "register", limits=Limits(timeout_seconds=0.3))
    assert late.verdict is Verdict.UNKNOWN
    assert "and reached the time limit of 0.3 s: raise --timeout" in late.reason
    small = check_file(path, "register", limits=Limits(memory_bytes=4 << 20))
    assert small.verdict is Verdict.UNKNOWN
    assert "raise --memory-limit" in small.reason
    assert small.peak_bytes is not None
    assert small.peak_bytes <= 4 << 20


def test_how_much_is_decided_is_said_and_the_hardest_undecided_part_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = write_hard(tmp_path / "a.ops", key="a").read_text()
    other = write_hard(tmp_path / "b.ops", key="b").read_text()
    lines += re.sub(r'"client": (\d+)', r'"client": "b\1"', other)
    path = tmp_path / "both.ops"
    lines += '{"client": "c", "call": 1, "return": 2, "f": "read", "key": "c", "out": null}\n'
    path.write_text(lines)
    result = check_file(path, "register", limits=Limits(timeout_seconds=0.3))
    decided = f"1 of 3 parts are decided, with 1 of {result.operations:,} operations"
    assert result.reason.startswith(f"{decided}; key ")
    assert "the hardest of 2 undecided parts: the search saw" in result.reason
    assert main(["verify", str(path), "--model", "register", "--timeout", "300ms"]) == 3
    assert f"  {decided}; the hardest of the rest:\n  key " in capsys.readouterr().out


def test_progress_is_told_and_may_end_the_check(tmp_path: Path) -> None:
    path = write_hard(tmp_path / "hard.ops")
    told: list[JudgeProgress] = []

    class Enough(Exception):
        pass

    def tell(progress: JudgeProgress) -> None:
        told.append(progress)
        if len(told) == 2:
            raise Enough

    with pytest.raises(Enough):
        check_file(path, "register", limits=LONG, on_progress=tell)
    assert (told[1].parts, told[1].parts_decided, told[1].operations) == (1, 0, 83)
    assert told[1].configurations > 0


def test_parts_decided_before_it_was_stopped_are_told(tmp_path: Path) -> None:
    path = write_hard(tmp_path / "hard.ops")
    easy = '{"client": 900, "call": 1, "return": 2, "f": "write", "key": "easy", "value": 1}\n'
    path.write_text(easy + path.read_text())
    keys: list[object] = []

    def stop(progress: JudgeProgress) -> None:
        assert progress.parts_decided == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(
            read_natively(path),
            "register",
            limits=LONG,
            on_stopped=lambda parts: keys.extend(part.key for part in parts),
            on_progress=stop,
        )
    assert keys == ["easy"]


def test_a_token_stops_the_check_from_another_thread(tmp_path: Path) -> None:
    token = CancelToken()
    timer = threading.Timer(0.05, token.cancel)
    timer.start()
    path = write_hard(tmp_path / "hard.ops")
    result = check_file(path, "register", limits=LONG, cancel=token)
    timer.join()
    assert result.verdict is Verdict.UNKNOWN
    assert result.reason.endswith("was cancelled")


async def test_a_check_leaves_the_event_loop_free(tmp_path: Path) -> None:
    history = read_history(write_hard(tmp_path / "hard.ops", writers=4))
    result = await acheck(history, "register")
    assert result.verdict is Verdict.INVALID


class Slow(Register):
    """A model of one's own: the search calls Python."""

    name = "slow"


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("model", ["register", Slow()], ids=["native", "python"])
async def test_a_cancelled_task_ends_its_search(
    tmp_path: Path, model: str | Model[str], engine: str
) -> None:
    history = read_history(write_hard(tmp_path / "hard.ops"))
    before = threading.active_count()
    task = asyncio.create_task(
        acheck(history, model, limits=LONG, engine="reference" if engine != "auto" else "auto")
    )
    await asyncio.sleep(0.2)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # The worker of the executor stays, waiting for work; no thread searches.
    assert threading.active_count() <= before + 1


VERIFY = """
import sys
from checker import Limits, check_file
print("judging", flush=True)
check_file(sys.argv[1], "register", limits=Limits(timeout_seconds=600))
"""


def test_ctrl_c_ends_a_check(tmp_path: Path) -> None:
    path = write_hard(tmp_path / "hard.ops")
    command = [sys.executable, "-c", VERIFY, str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "judging\n"
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in errors


LEAK = """
import resource, sys
from checker import check_file
def once():
    check_file(sys.argv[1], "register")
for _ in range(100):
    once()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(300):
    once()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_repeated_checks_keep_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run.ops"
    row = '{"client": 0, "call": %d, "return": %d, "f": "write", "key": "k", "value": %d}\n'
    path.write_text("".join(row % (3 * n, 3 * n + 1, n) for n in range(2000)))
    command = [sys.executable, "-c", LEAK, str(path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    # One history is more than 100 KiB: if each call kept one, this would be 30 MiB.
    assert int(result.stdout) < 8 * 1024


def timed(seed: int) -> History:
    """A history with times of its own: a thousand nanoseconds from one end to the next."""
    drafts = [d for d in register_drafts(seeded(seed), operations=7) if d.f != "cas"]
    history = arrange(drafts)
    replace = msgspec.structs.replace
    return replace(
        history,
        operations=tuple(
            replace(
                operation,
                time_invoked=1000 * operation.invoked + 1,
                time_completed=None
                if operation.completed is None
                else 1000 * operation.completed + 1,
            )
            for operation in history
        ),
    )


def test_uncertain_clocks_never_turn_valid_into_invalid() -> None:
    acquitted = 0
    for seed in range(300):
        history = timed(seed)
        verdicts = [
            check(history, "register", clock_uncertainty=uncertainty).verdict
            for uncertainty in (0, 400, 600, 2500, 10**9)
        ]
        acquitted += verdicts[0] != verdicts[-1]
        for before, after in pairwise(verdicts):
            assert (before, after) != (Verdict.VALID, Verdict.INVALID), seed
    assert acquitted > 20


def test_files_are_widened_as_histories_are(tmp_path: Path) -> None:
    for seed in range(40):
        history = timed(seed)
        path = tmp_path / "run.jsonl"
        write_history(history, path)
        ours = read_natively(path, clock_uncertainty=700)
        theirs = widen(history, 700)
        assert [(op.invoked, op.completed) for op in ours] == [
            (op.invoked, op.completed) for op in theirs
        ]


def test_the_verdict_says_that_clocks_were_uncertain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.ops"
    rows = [
        {"client": 0, "call": 10, "return": 20, "f": "write", "value": 1},
        {"client": 1, "call": 30, "return": 40, "f": "read", "value": None, "out": None},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["verify", str(path)]) == 1
    for engine in ("auto", "reference"):
        options = ["--clock-uncertainty", "0.001ms", "--engine", engine]
        assert main(["verify", str(path), *options]) == 0
        assert "clocks uncertain by 1.00 us" in capsys.readouterr().out
    assert main(["verify", str(path), "--clock-uncertainty", "0.001ms", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["clock_uncertainty"] == 1000
    with pytest.raises(ValueError, match="widened when it is read"):
        check(read_natively(path), "register", clock_uncertainty=1)


def test_a_history_without_times_cannot_be_widened(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text('{"type": "invoke", "process": 0, "f": "read"}\n')
    with pytest.raises(MalformedHistory, match="it has no times"):
        check_file(path, "register", clock_uncertainty=5)
    with pytest.raises(MalformedHistory, match="it has no times"):
        check(read_history(path), "register", clock_uncertainty=5)
