"""Random histories of event streams: what clients of a right store observe, and mutations of it."""

from __future__ import annotations

import dataclasses
from random import Random
from typing import Any

from checker import Outcome
from tests.support.drafts import Draft, perturb_times

__all__ = ["Mix", "mutate", "random_mix", "stream_drafts"]


@dataclasses.dataclass(frozen=True)
class Mix:
    """What a random history is made of."""

    operations: int = 8
    clients: int = 3
    streams: int = 1
    batch_max: int = 2
    positions: bool = False
    unknown: float = 0.15
    """How often the answer of an operation gets lost."""
    retries: float = 0.15
    log_operations: float = 0.0
    actuals: float = 0.7
    """How often a conflict says where the stream really is."""
    final_read: float = 0.5
    """How often the history ends with a full read of everything."""


def random_mix(random: Random, *, whole: bool) -> Mix:
    """A mix of one stream, or of a whole store with positions."""
    return Mix(
        operations=random.randint(2, 12),
        clients=random.choice([1, 2, 3, 5]),
        streams=random.randint(1, 3) if whole else 1,
        batch_max=random.choice([1, 2, 3]),
        positions=whole,
        unknown=random.choice([0, 0.1, 0.3]),
        retries=random.choice([0, 0.15, 0.3]),
        log_operations=random.choice([0.1, 0.3, 0.5]) if whole else 0,
        actuals=random.choice([0, 0.5, 1]),
        final_read=random.choice([0, 0.5, 1]),
    )


class _Store:
    """A right store, in the plainest way that can be written down."""

    def __init__(self, mix: Mix, random: Random) -> None:
        self.mix = mix
        self.random = random
        self.log: list[tuple[str, int, str]] = []
        self.answers: dict[tuple[str, ...], dict[str, Any]] = {}

    def events(self, stream: str) -> list[list[Any]]:
        rows = [[v, i, p] for p, (s, v, i) in enumerate(self.log, start=1) if s == stream]
        return rows if self.mix.positions else [row[:2] for row in rows]

    def perform(self, draft: Draft) -> None:
        """Take effect, and write down the answer."""
        draft.outcome = Outcome.OK
        page = draft.value or {}
        if draft.f == "append":
            self.append(draft)
        elif draft.f == "read":
            events = self.events(draft.key)
            draft.output = {"events": events[page["after"] :][: page["limit"]]}
        elif draft.f == "version":
            draft.output = len(self.events(draft.key))
        elif draft.f == "head":
            draft.output = len(self.log)
        else:
            rows = [[p, *row] for p, row in enumerate(self.log, start=1)]
            draft.output = {"events": rows[page["after"] :][: page["limit"]]}

    def append(self, draft: Draft) -> None:
        ids, expected = tuple(draft.value["ids"]), draft.value["expected"]
        version = len(self.events(draft.key))
        if ids in self.answers:
            draft.output = self.answers[ids]
            return
        right = {"any": True, "exists": version > 0, "absent": version == 0}.get(
            expected, expected == version
        )
        if not right:
            draft.outcome = Outcome.FAIL
            known = self.random.random() < self.mix.actuals
            actual = version if known else None
            draft.error = {"type": "wrong-expected-version", "actual": actual}
            return
        for event in ids:
            version += 1
            self.log.append((draft.key, version, event))
        position = len(self.log) if self.mix.positions else None
        draft.output = self.answers[ids] = {"version": version, "position": position}


def _request(random: Random, mix: Mix, store: _Store, made: list[Draft], number: int) -> Draft:
    stream = f"s-{random.randrange(mix.streams)}"
    if random.random() < mix.log_operations:
        if random.random() < 0.4:
            return Draft("head")
        return Draft("read-log", value=_page(random, len(store.log)))
    appends = [draft for draft in made if draft.f == "append"]
    if appends and random.random() < mix.retries:
        again = random.choice(appends)
        value = dict(again.value)
        if random.random() < 0.2:
            value["expected"] = random.choice(["any", "exists", "absent", 0, 1, 2])
        return Draft("append", key=again.key, value=value)
    version = len(store.events(stream))
    kind = random.choice(["append", "append", "append", "read", "read", "version"])
    if kind == "append":
        near = max(0, version + random.choice([0, 0, 0, 0, -1, 1]))
        expected = random.choice(["any", "exists", "absent", near, near, near])
        ids = [f"e{number}.{place}" for place in range(random.randint(1, mix.batch_max))]
        return Draft("append", key=stream, value={"ids": ids, "expected": expected})
    if kind == "read":
        return Draft("read", key=stream, value=_page(random, version))
    return Draft("version", key=stream)


def _page(random: Random, size: int) -> dict[str, int]:
    after = random.choice([0, 0, 0, random.randint(0, size + 1)])
    return {"after": after, "limit": random.choice([1, 2, 3, 100, 100])}


def stream_drafts(random: Random, mix: Mix) -> list[Draft]:
    """Run clients against a right store; the history is linearizable by construction."""
    store = _Store(mix, random)
    made: list[Draft] = []
    waiting: list[Draft] = []
    answered: list[Draft] = []
    now = 0.0
    while len(made) < mix.operations or waiting or answered:
        now += 1.0
        choice = random.random()
        if choice < 0.4 and len(made) < mix.operations and len(waiting) < mix.clients:
            draft = _request(random, mix, store, made, len(made))
            draft.invoked = now
            made.append(draft)
            waiting.append(draft)
        elif choice < 0.7 and waiting:
            draft = waiting.pop(random.randrange(len(waiting)))
            if random.random() < mix.unknown:
                _lose(random, store, draft, waiting)
            else:
                store.perform(draft)
                answered.append(draft)
        elif answered:
            answered.pop(random.randrange(len(answered))).completed = now
        elif len(made) >= mix.operations and all(d.completed is not None for d in waiting):
            break
    if random.random() < mix.final_read:
        made += _final_reads(mix, store, now)
    return made


def _lose(random: Random, store: _Store, draft: Draft, waiting: list[Draft]) -> None:
    """Lose an answer; the effect comes now, later, or never."""
    fate = random.random()
    if fate < 0.4:
        store.perform(draft)
    elif fate < 0.7 and draft.f == "append":
        late = draft.copy()
        waiting.append(late)
    draft.outcome, draft.completed = Outcome.INFO, None
    draft.output = draft.error = None


def _final_reads(mix: Mix, store: _Store, now: float) -> list[Draft]:
    page = {"after": 0, "limit": 1000}
    reads = [Draft("read", key=f"s-{n}", value=page) for n in range(mix.streams)]
    if mix.log_operations:
        reads.append(Draft("read-log", value=page))
    for place, draft in enumerate(reads):
        store.perform(draft)
        draft.invoked, draft.completed = now + 2 * place + 1, now + 2 * place + 2
    return reads


def mutate(random: Random, drafts: list[Draft]) -> None:
    """Change one thing; the history may or may not stay linearizable."""
    choice = random.random()
    if choice < 0.35:
        perturb_times(random, drafts)
        return
    draft = random.choice(drafts)
    if choice < 0.45:
        drafts.remove(draft)
        if not drafts:
            drafts.append(draft)
    elif choice < 0.5:
        _turn(random, draft)
    elif draft.f == "append":
        _mutate_append(random, draft, drafts)
    elif draft.outcome is Outcome.OK and draft.f in ("version", "head"):
        draft.output = max(0, draft.output + random.choice([-1, 1, 1, 2]))
    elif draft.outcome is Outcome.OK:
        _mutate_events(random, draft, drafts)


def _turn(random: Random, draft: Draft) -> None:
    """Change how it ended."""
    if draft.outcome is Outcome.OK:
        draft.outcome = random.choice([Outcome.INFO, Outcome.FAIL])
        draft.error = {"type": "unavailable"}
    elif draft.f == "append" and draft.outcome is Outcome.INFO:
        draft.outcome = Outcome.FAIL
        draft.completed = draft.invoked + random.uniform(0.5, 9)
        draft.error = random.choice(
            [
                {"type": "unavailable"},
                {"type": "wrong-expected-version", "actual": random.choice([None, 0, 1, 2, 3])},
            ]
        )


def _mutate_append(random: Random, draft: Draft, drafts: list[Draft]) -> None:
    near = random.choice([-1, 1])
    what = random.choice(["answer", "expected", "ids"])
    if what == "expected":
        draft.value = {
            **draft.value,
            "expected": random.choice(["any", "exists", "absent", 0, 1, 2, 3]),
        }
    elif what == "ids":
        other = random.choice([d for d in drafts if d.f == "append"])
        ids = random.choice(
            [other.value["ids"], draft.value["ids"] + ["new"], draft.value["ids"][:1] * 2]
        )
        draft.value = {**draft.value, "ids": list(ids)}
    elif draft.outcome is Outcome.OK:
        output = dict(draft.output)
        field = random.choice(["version", "position"])
        if output[field] is not None:
            output[field] = random.choice([output[field] + near, output[field] + near, None])
        if output["version"] is not None:
            draft.output = output
    elif draft.outcome is Outcome.FAIL and "actual" in draft.error:
        actual = random.choice([None, 0, 1, 2, 3, 4])
        draft.error = {**draft.error, "actual": actual}


def _mutate_events(random: Random, draft: Draft, drafts: list[Draft]) -> None:
    events = [list(event) for event in draft.output["events"]]
    what = random.choice(["drop", "last", "swap", "number", "id", "more"])
    place = random.randrange(len(events)) if events else 0
    if what == "last" or not events:
        if events:
            events.pop()
    elif what == "drop":
        del events[place]
    elif what == "swap" and len(events) > 1:
        other = random.randrange(len(events))
        column = random.choice([None, -1 if draft.f == "read-log" else 1])
        if column is None:
            events[place], events[other] = events[other], events[place]
        else:
            one, two = events[place], events[other]
            one[column], two[column] = two[column], one[column]
    elif what == "number":
        columns = [n for n, value in enumerate(events[place]) if isinstance(value, int)]
        events[place][random.choice(columns)] += random.choice([-1, 1])
    else:
        ids = [i for d in drafts if d.f == "append" for i in d.value["ids"]]
        if what == "id" and ids:
            events[place][-1 if draft.f == "read-log" else 1] = random.choice([*ids, "unheard"])
        elif what == "more" and ids:
            extra = list(events[-1])
            extra[0] += 1
            extra[-1 if draft.f == "read-log" else 1] = random.choice(ids)
            events.append(extra)
    draft.output = {"events": events}
