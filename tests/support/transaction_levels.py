"""What the levels of transactions mean, by trying all orders: the oracle for small histories.

Nothing here knows of dependency graphs: serializability and snapshot isolation are executed on a
store, the weaker levels are their axioms (Biswas and Enea, OOPSLA 2019) over all orders of commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations, permutations
from typing import Any, NamedTuple

from checker.operation import Operation, Outcome

Store = dict[Any, Any]


class Step(NamedTuple):
    """A micro-operation, with what a read was answered."""

    f: str
    key: Any
    value: Any


def steps_of(operation: Operation) -> list[Step]:
    answered = operation.output if operation.outcome is Outcome.OK else operation.value
    return [Step(*step) for step in answered]


def runs(store: Store, operation: Operation) -> Store | None:
    """Run a transaction on a store; None if it cannot have read what it read."""
    store = dict(store)
    for f, key, value in steps_of(operation):
        if f == "append":
            store[key] = [*store.get(key, []), value]
        elif f == "w":
            store[key] = value
        elif operation.outcome is Outcome.OK:
            there = store.get(key)
            if there != value and (there or []) != (value if value is not None else []):
                return None
    return store


def written(operation: Operation) -> set[Any]:
    return {step.key for step in steps_of(operation) if step.f != "r"}


def possible_sets(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """All ways for transactions of unknown outcome to have happened or not."""
    sure = [one for one in operations if one.outcome is Outcome.OK]
    maybe = [one for one in operations if one.outcome is Outcome.INFO]
    subsets = chain.from_iterable(combinations(maybe, n) for n in range(len(maybe) + 1))
    for subset in subsets:
        yield sorted([*sure, *subset], key=lambda one: one.index)


def before(one: Operation, other: Operation, order: str) -> bool:
    """Whether clients know that one came before the other."""
    if order == "none":
        return False
    if one.process == other.process and one.index < other.index:
        return True
    return order == "realtime" and one.completed is not None and one.completed < other.invoked


def is_serializable(operations: Sequence[Operation], order: str) -> bool:
    return any(_serial(chosen, {}, order) for chosen in possible_sets(operations))


def _serial(left: Sequence[Operation], store: Store, order: str) -> bool:
    if not left:
        return True
    for one in left:
        if any(before(other, one, order) for other in left):
            continue
        after = runs(store, one)
        if after is not None and _serial([o for o in left if o is not one], after, order):
            return True
    return False


def is_snapshot_isolated(operations: Sequence[Operation], order: str) -> bool:
    """Whether transactions can have read at one instant and written at a later one.

    Of two that write one key, one had committed before the other began.
    """
    return any(_snapshots(chosen, [], {}, order) for chosen in possible_sets(operations))


def _snapshots(
    waiting: Sequence[Operation], active: Sequence[Operation], store: Store, order: str
) -> bool:
    if not waiting and not active:
        return True
    for one in waiting:
        if any(before(other, one, order) for other in (*waiting, *active)):
            continue
        if any(written(one) & written(other) for other in active):
            continue
        if runs(store, one) is None:
            continue
        rest = [other for other in waiting if other is not one]
        if _snapshots(rest, [*active, one], store, order):
            return True
    for one in active:
        blind = Operation(
            index=one.index,
            process=one.process,
            f=one.f,
            value=[list(step) for step in steps_of(one)],
            outcome=Outcome.INFO,
            invoked=0,
        )
        after = runs(store, blind)
        assert after is not None
        if _snapshots(waiting, [other for other in active if other is not one], after, order):
            return True
    return False


class Fetch(NamedTuple):
    """An outer read: the reader, the key, and who wrote what it read (None: nobody)."""

    reader: int
    key: Any
    writer: int | None


class Axioms:
    """The axioms of the weak levels over one choice of transactions that happened."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.nodes = operations
        self.fetches = [
            Fetch(reader, step.key, self._writer(step))
            for reader, one in enumerate(operations)
            if one.outcome is Outcome.OK
            for number, step in enumerate(steps_of(one))
            if step.f == "r" and not self._own(one, number, step.key)
        ]

    def _own(self, one: Operation, number: int, key: Any) -> bool:
        return any(step.f != "r" and step.key == key for step in steps_of(one)[:number])

    def _writer(self, read: Step) -> int | None:
        if not read.value and read.value != 0:
            return None
        value = read.value[-1] if isinstance(read.value, list) else read.value
        for node, one in enumerate(self.nodes):
            if any(s.f != "r" and s.key == read.key and s.value == value for s in steps_of(one)):
                return node
        raise AssertionError("a read of what nobody wrote is found otherwise")

    def so(self, one: int, other: int) -> bool:
        return before(self.nodes[one], self.nodes[other], "process")

    def wr(self, one: int, other: int) -> bool:
        return any(f.writer == one and f.reader == other for f in self.fetches) and one != other

    def causes(self, *, sessions: bool = True) -> set[tuple[int, int]]:
        size = range(len(self.nodes))
        related = {
            (a, b) for a in size for b in size if self.wr(a, b) or (sessions and self.so(a, b))
        }
        for middle in size:
            related |= {(a, b) for a in size for b in size if {(a, middle), (middle, b)} <= related}
        return related

    def visible(self, level: str, *, sessions: bool) -> set[tuple[int, int, int]]:
        """Triples: a writer, and the place of a fetch to whose reader it is visible."""
        size = range(len(self.nodes))
        causes = self.causes()
        found = set()
        for place, fetch in enumerate(self.fetches):
            reader = fetch.reader
            for one in size:
                if one == reader and level != "writes-follow-reads":
                    continue
                earlier = any(f.writer == one and f.reader == reader for f in self.fetches[:place])
                seen = {
                    "read-committed": earlier,
                    "read-atomic": self.wr(one, reader) or (sessions and self.so(one, reader)),
                    "causal": (one, reader) in causes,
                    "read-your-writes": self.so(one, reader),
                    "monotonic-reads": any(
                        self.wr(one, mid) and self.so(mid, reader) for mid in size
                    ),
                    "monotonic-writes": any(
                        self.so(one, mid) and self.wr(mid, reader) for mid in size
                    ),
                    "writes-follow-reads": any(
                        self.wr(one, mid)
                        and (mid == last or self.so(mid, last))
                        and self.wr(last, reader)
                        for mid in size
                        for last in size
                    ),
                }[level]
                if seen and fetch.key in written(self.nodes[one]):
                    found.add((one, place, reader))
        return found

    def forced(self, level: str, *, sessions: bool) -> set[tuple[int, int]]:
        """Pairs that any order of commits must have, whatever is read."""
        size = range(len(self.nodes))
        pairs = {(a, b) for a in size for b in size if self.wr(a, b)}
        if level in {"read-committed", "read-atomic", "causal"}:
            return pairs | {(a, b) for a in size for b in size if sessions and self.so(a, b)}
        writers = [node for node in size if written(self.nodes[node])]
        if level == "monotonic-writes":
            pairs |= {(a, b) for a in writers for b in writers if self.so(a, b)}
        if level == "writes-follow-reads":
            pairs |= {
                (a, b)
                for a in size
                for b in writers
                for mid in size
                if self.wr(a, mid) and (mid == b or self.so(mid, b)) and a != b
            }
        return pairs

    def hold(self, level: str, *, sessions: bool) -> bool:
        """Whether some order of commits satisfies a level."""
        forced, visible = (
            self.forced(level, sessions=sessions),
            self.visible(level, sessions=sessions),
        )
        if any(self.fetches[place].writer is None for _, place, _ in visible):
            return False
        for one, place, _ in visible:
            writer = self.fetches[place].writer
            assert writer is not None
            if one != writer:
                forced = forced | {(one, writer)}
        return any(
            all(order.index(a) < order.index(b) for a, b in forced) and self._lists_fit(order)
            for order in permutations(range(len(self.nodes)))
        )

    def _lists_fit(self, order: Sequence[int]) -> bool:
        """Whether lists grow in the order of commits, as far as reads show it."""
        for fetch_value, key in self._lists():
            shown = [self._writer(Step("r", key, [value])) for value in fetch_value]
            places = [order.index(node) for node in shown if node is not None]
            if places != sorted(places):
                return False
            longest = max((v for v, k in self._lists() if k == key), key=len)
            for node, one in enumerate(self.nodes):
                appended = [s.value for s in steps_of(one) if s.f == "append" and s.key == key]
                unseen = any(value not in longest for value in appended)
                if unseen and places and order.index(node) < max(places):
                    return False
        return True

    def _lists(self) -> list[tuple[list[Any], Any]]:
        return [
            (step.value, step.key)
            for one in self.nodes
            if one.outcome is Outcome.OK
            for step in steps_of(one)
            if step.f == "r" and isinstance(step.value, list)
        ]


def holds(operations: Sequence[Operation], level: str, *, sessions: bool) -> bool:
    """Whether a weak level holds for some choice of what happened."""
    return any(
        Axioms(chosen).hold(level, sessions=sessions)
        for chosen in possible_sets(operations)
        if _closed(chosen)
    )


def _closed(chosen: Sequence[Operation]) -> bool:
    """Whether everything that was read was written by one of those that happened."""
    there = {(step.key, step.value) for one in chosen for step in steps_of(one) if step.f != "r"}
    for one in chosen:
        for f, key, value in steps_of(one):
            if f != "r" or one.outcome is not Outcome.OK or value is None:
                continue
            values = value if isinstance(value, list) else [value]
            if any((key, each) not in there for each in values):
                return False
    return True
