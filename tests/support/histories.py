"""Histories for tests: random but possible ones, made event by event as a recorder would."""

from __future__ import annotations

from hypothesis import strategies as st

from checker import History, HistoryBuilder, Outcome

__all__ = ["histories", "json_values"]

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**80), max_value=2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)


def json_values() -> st.SearchStrategy[object]:
    """Any JSON value, small."""
    return st.recursive(
        _SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=6,
    )


@st.composite
def histories(draw: st.DrawFn, *, max_events: int = 30) -> History:
    """A history of any values, with every outcome, pending operations and a nemesis."""
    header = draw(st.dictionaries(st.text(max_size=4), json_values(), max_size=2))
    header.pop("format", None)
    header.pop("type", None)
    builder = HistoryBuilder(header=header)
    values = json_values()
    idle: list[int | str] = [0, 1, "worker"]
    busy: list[int | str] = []
    time = 0
    for number in range(draw(st.integers(0, max_events))):
        time += draw(st.integers(0, 5))
        choice = draw(st.sampled_from(["invoke", "complete", "complete", "nemesis"]))
        if choice == "invoke" and idle:
            process = idle.pop(draw(st.integers(0, len(idle) - 1)))
            f = draw(st.sampled_from(["read", "write", "append"]))
            builder.invoke(process, f, key=draw(values), value=draw(values), time=time)
            busy.append(process)
        elif choice == "complete" and busy:
            process = busy.pop(draw(st.integers(0, len(busy) - 1)))
            outcome = draw(st.sampled_from(Outcome))
            builder.complete(process, outcome, output=draw(values), error=draw(values), time=time)
            idle.append(process if outcome is not Outcome.INFO else 100 + number)
        elif choice == "nemesis":
            builder.nemesis("kill", draw(values), time=time)
    return builder.build()
