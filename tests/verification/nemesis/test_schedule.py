"""The schedule of faults: drawn from the seed, whole, in time, and never twice at once."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from verification.nemesis.schedule import Action, Target, schedule

seeds = st.integers(0, 2**63)
durations = st.floats(3, 300)


@given(seeds, durations)
def test_the_same_seed_gives_the_same_faults(seed: int, seconds: float) -> None:
    assert schedule(seed, seconds) == schedule(seed, seconds)


@given(seeds, durations)
def test_everything_is_killed_at_least_once(seed: int, seconds: float) -> None:
    killed = {f.target for f in schedule(seed, seconds) if f.action is Action.KILL}
    assert killed == set(Target)


@given(seeds, durations)
def test_faults_lie_within_the_traffic_in_order(seed: int, seconds: float) -> None:
    faults = schedule(seed, seconds)
    assert list(faults) == sorted(faults, key=lambda fault: fault.at)
    for fault in faults:
        assert 0.1 * seconds <= fault.at
        assert fault.at + fault.seconds <= 0.8 * seconds + 1e-6
        assert 0 < fault.seconds <= 1.0


@given(seeds, durations)
def test_faults_of_one_target_never_overlap(seed: int, seconds: float) -> None:
    for target in Target:
        mine = [fault for fault in schedule(seed, seconds) if fault.target is target]
        for one, next_one in itertools.pairwise(mine):
            assert one.at + one.seconds <= next_one.at


@given(seeds, durations, st.sets(st.sampled_from(Target)))
def test_a_target_does_not_change_the_faults_of_others(
    seed: int, seconds: float, targets: set[Target]
) -> None:
    of_all = [fault for fault in schedule(seed, seconds) if fault.target in targets]
    assert list(schedule(seed, seconds, targets)) == of_all


def test_seeds_differ_and_pauses_occur() -> None:
    runs = [schedule(seed, 20) for seed in range(20)]
    assert len(set(runs)) == 20
    assert any(fault.action is Action.PAUSE for run in runs for fault in run)


def test_the_words_come_in_pairs() -> None:
    words = {(f.starts_as, f.ends_as) for seed in range(20) for f in schedule(seed, 60)}
    assert ("kill-postgres", "restart-postgres") in words
    assert ("pause-nats", "resume-nats") in words
