"""What the commands share: options, where a projection is looked for, and printing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.config import DATABASE_URL as STORE_DATABASE_URL
from eventstore.config import NATS_URL as STORE_NATS_URL
from eventstore.store import EventStore
from projector.config import DATABASE_URL, NATS_URL
from projector.errors import ConfigError
from projector.postgres_documents import DocumentTable
from projector.process import ProcessProjection
from projector.projection import Projection, load_projection

__all__ = [
    "ActiveGeneration",
    "DatabaseUrl",
    "Generation",
    "Json",
    "NatsUrl",
    "ProjectionName",
    "ProjectionOrName",
    "StoreUrl",
    "WithoutStore",
    "bound",
    "generation_lease",
    "lease_name",
    "load",
    "name_of",
    "print_json",
]

ProjectionName = Annotated[
    str, Parameter(help="A projection that is built in (stream-totals), or MODULE:ATTRIBUTE.")
]

ProjectionOrName = Annotated[
    str, Parameter(help="The name of a projection, or MODULE:ATTRIBUTE, where it is.")
]

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON document.")]

Generation = Annotated[
    int | None,
    Parameter(
        name="--generation",
        help="Which building of the read model; a projection of documents can be built anew "
        "beside the present one. Without it, the first.",
        validator=Number(gte=1),
    ),
]

ActiveGeneration = Annotated[
    int | None,
    Parameter(
        name="--generation",
        help="Which building of the read model; without it, the one that is read.",
        validator=Number(gte=1),
    ),
]

DatabaseUrl = Annotated[
    str | None,
    Parameter(
        name="--database-url",
        help="The read model, postgresql://USER:PASSWORD@HOST:PORT/DATABASE; without it, "
        f"${DATABASE_URL}, else ${STORE_DATABASE_URL} is used.",
    ),
]

NatsUrl = Annotated[
    str | None,
    Parameter(
        name="--nats-url",
        help=f"nats://HOST:PORT; without it, ${NATS_URL}, else ${STORE_NATS_URL} is used.",
    ),
]

StoreUrl = Annotated[
    str | None,
    Parameter(
        name="--store-url",
        help="The event store, to notice a relay that stands still and to fill gaps of the stream; "
        f"without it, ${STORE_DATABASE_URL}, else the read model's database is used.",
    ),
]

WithoutStore = Annotated[
    bool,
    Parameter(
        name="--without-store",
        negative="",
        help="Do without the event store: a gap that stays is an error.",
    ),
]


def load(given: str, generation: int | None = None) -> Projection:
    """Load a projection, also from the working folder, which a console script does not look in.

    Raises:
        ConfigError: says what is wrong with it, or that its generation is not ours to choose.
    """
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # last: nothing there shadows what is installed
    loaded = load_projection(given)
    if isinstance(loaded, Projection):
        if generation not in {None, loaded.generation}:
            raise ConfigError(
                f"projection {given!r} is of generation {loaded.generation}, by its own word: a "
                "projection that keeps tables of its own names new tables for a new generation."
            )
        return loaded
    return DocumentTable(loaded, generation or 1)


def name_of(given: str) -> str:
    """Return the name of a projection that was named, or given by where it is.

    Raises:
        ConfigError: it cannot be loaded.
    """
    return load(given).name if ":" in given else given


def print_json(value: Any) -> None:
    """Print a value as one line of JSON on standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def bound(projection: Projection, store: EventStore | None) -> Projection:
    """Give a process manager the store that takes its commands; other projections need none.

    Raises:
        ConfigError: it needs a store, and there is none.
    """
    if not isinstance(projection, ProcessProjection):
        return projection
    if store is None:
        raise ConfigError(f"process manager {projection.name!r} appends: it needs the event store.")
    return projection.appending_to(store)


def lease_name(projection: Projection) -> str:
    """Name the lease of whoever keeps a projection."""
    return generation_lease(projection.name, projection.generation)


def generation_lease(projection: str, generation: int) -> str:
    """Name the lease of whoever keeps a generation of the projection of a name."""
    return f"projector {projection} {generation}"
