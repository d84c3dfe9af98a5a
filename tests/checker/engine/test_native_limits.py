"""What a search may cost is kept, and whoever waits for it can stop it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from checker import Limits, Operation, Outcome, Verdict
from checker.engine import native
from checker.models import Register

ROOT = Path(__file__).parents[3]
LONG = Limits(timeout_seconds=600)


def hard(writers: int = 40) -> list[Operation]:
    """So many writes and their reads, all at once, and a last read of what nobody wrote."""
    operations = []
    for number in range(writers):
        operations.append(_operation(2 * number, "write", number))
        operations.append(_operation(2 * number + 1, "read", number))
    last = _operation(2 * writers, "read", "never written")
    return [*operations, last]


def _operation(index: int, f: str, value: object) -> Operation:
    ends = (0, 1) if value != "never written" else (2, 3)
    return Operation(
        index=index,
        process=index,
        f=f,
        value=value if f == "write" else None,
        output=value if f == "read" else None,
        outcome=Outcome.OK,
        invoked=ends[0],
        completed=ends[1],
    )


def test_a_search_that_takes_too_long_says_so_and_how_far_it_came() -> None:
    outcome = native.search(Register(), hard(), Limits(timeout_seconds=0.2))
    assert outcome.verdict is Verdict.UNKNOWN
    assert "time limit of 0.2 s: raise --timeout" in outcome.reason
    assert outcome.configurations > 1000
    assert outcome.longest_prefix
    assert outcome.blocked is not None


def test_no_time_at_all_is_a_limit_like_any_other() -> None:
    outcome = native.search(Register(), hard(), Limits(timeout_seconds=0.0))
    assert outcome.verdict is Verdict.UNKNOWN


def test_a_search_keeps_no_more_memory_than_it_may() -> None:
    limits = Limits(timeout_seconds=60, memory_bytes=8 * 2**20)
    outcome = native.search(Register(), hard(), limits)
    assert outcome.verdict is Verdict.UNKNOWN
    assert "memory limit of 8388608 bytes: raise --memory-limit" in outcome.reason
    assert outcome.peak_bytes <= limits.memory_bytes


SEARCH = """
import json, resource, sys
from checker import Limits
from checker.engine import native
from checker.models import Register
from tests.checker.engine.test_native_limits import hard

def kibibytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = kibibytes()
print("searching", flush=True)
outcome = native.search(Register(), hard(), Limits(**json.loads(sys.argv[1])))
print(json.dumps([outcome.reason, kibibytes() - before]))
"""


def start(limits: dict[str, float]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SEARCH, json.dumps(limits)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_process_stays_within_its_memory_too() -> None:
    with start({"timeout_seconds": 60, "memory_bytes": 24 * 2**20}) as process:
        output, _ = process.communicate(timeout=60)
    reason, grown = json.loads(output.splitlines()[-1])
    assert "memory limit" in reason
    assert grown * 1024 < 1.5 * 24 * 2**20


def test_ctrl_c_ends_a_search() -> None:
    with start({"timeout_seconds": 600}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "searching\n"
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in errors


def test_a_token_ends_a_search_from_another_thread() -> None:
    token = native.CancelToken()
    beats = 0

    def cancel_later() -> None:
        # Runs only if the search leaves the interpreter to others.
        nonlocal beats
        for _ in range(100):
            beats += 1
        token.cancel()

    timer = threading.Timer(0.05, cancel_later)
    timer.start()
    outcome = native.search(Register(), hard(), LONG, cancel=token)
    timer.join()
    assert beats == 100
    assert (outcome.verdict, token.is_cancelled) == (Verdict.UNKNOWN, True)
    assert outcome.reason.endswith("was cancelled")


def test_a_cancelled_token_ends_every_search() -> None:
    token = native.CancelToken()
    token.cancel()
    for _ in range(2):
        outcome = native.search(Register(), hard(), LONG, cancel=token)
        assert outcome.verdict is Verdict.UNKNOWN
