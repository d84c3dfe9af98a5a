"""The results of a history's parts: what is known of all, and each made when it is asked for."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker import CheckResult, PartitionResult, Partitions, Verdict
from checker.result import PartColumns


@st.composite
def parts(draw: st.DrawFn) -> list[PartitionResult]:
    verdicts = draw(st.lists(st.sampled_from(Verdict), max_size=6))
    return [
        PartitionResult(
            key=key,
            verdict=verdict,
            algorithm=draw(st.sampled_from(["zones", "search: native"])),
            operations=draw(st.integers(1, 3)),
            seconds=0.0,
            reason="time is up" if verdict is Verdict.UNKNOWN else "",
            configurations=draw(st.integers(0, 2)),
        )
        for key, verdict in enumerate(verdicts)
    ]


def made_late(made: list[PartitionResult], asked: list[int]) -> Partitions:
    """The same parts, as a native judgement gives them; what is asked for is written down."""

    def make(place: int) -> PartitionResult:
        asked.append(place)
        return msgspec.structs.replace(made[place])

    return Partitions(PartColumns(*Partitions.of(made).columns), make)


@given(made=parts())
def test_parts_are_chosen_as_if_all_were_made(made: list[PartitionResult]) -> None:
    found = Partitions.of(made)
    assert list(found) == made
    assert found.worst is max((part.verdict for part in made), key=severity, default=Verdict.VALID)
    for verdict in Verdict:
        assert list(found.of_verdict(verdict)) == [one for one in made if one.verdict is verdict]
    by_hardness = sorted(
        (part for part in made if part.reason),
        key=lambda part: (part.configurations, part.operations),
        reverse=True,
    )
    assert list(found.undecided) == by_hardness
    assert found.columns.algorithms == tuple(dict.fromkeys(part.algorithm for part in made))


@given(made=parts())
def test_what_a_result_says_of_itself_makes_no_more_than_the_hardest_part(
    made: list[PartitionResult],
) -> None:
    asked: list[int] = []
    results = [result(made_late(made, asked)), result(Partitions.of(made))]
    words = [(each.verdict, each.reason, each.decided) for each in results]
    assert words[0] == words[1]
    assert len(asked) <= 1


def test_a_part_is_made_once_whoever_asks_for_it() -> None:
    asked: list[int] = []
    found = made_late([part(0, Verdict.VALID), part(1, Verdict.INVALID)], asked)
    (invalid,) = found.of_verdict(Verdict.INVALID)
    assert asked == [1]
    assert found[1] is found[-1] is found[1:][0] is invalid
    assert list(found) == [found[0], invalid]
    assert asked == [1, 0]


def test_it_is_a_sequence_and_equal_to_one_with_the_same_results() -> None:
    made = [part(0, Verdict.VALID), part(1, Verdict.UNKNOWN)]
    found = Partitions.of(made)
    assert found == made_late(made, [])
    assert found != Partitions.of(made[:1])
    assert found != made
    assert (len(found), found[:1], found[2:]) == (2, (made[0],), ())
    assert made[1] in found
    assert repr(found) == "Partitions(2, worst: unknown)"
    with pytest.raises(IndexError):
        found[2]
    with pytest.raises(TypeError):
        hash(found)


def part(key: int, verdict: Verdict) -> PartitionResult:
    return PartitionResult(key=key, verdict=verdict, algorithm="zones", operations=1, seconds=0.0)


def severity(verdict: Verdict) -> int:
    return verdict.severity


def result(partitions: Partitions) -> CheckResult:
    return CheckResult(
        model="register",
        consistency="linearizable",
        verdict=partitions.worst,
        algorithm="zones",
        operations=sum(partitions.columns.operations),
        seconds=0.0,
        partitions=partitions,
    )
