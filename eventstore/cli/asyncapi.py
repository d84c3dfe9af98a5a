"""``eventstore asyncapi``: print the AsyncAPI document of a program's event types."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from eventstore.asyncapi import asyncapi as document_of
from eventstore.errors import ConfigError
from eventstore.event_types import EventTypes

__all__ = ["asyncapi", "load_types"]


def asyncapi(
    *,
    types: Annotated[
        str, Parameter(help="MODULE or MODULE:ATTRIBUTE, where the program's EventTypes are.")
    ],
    title: Annotated[str, Parameter(help="What the log is called.")] = "Events",
    document_version: Annotated[str, Parameter(help="The version of the document.")] = "1.0.0",
    nats_url: Annotated[
        str | None, Parameter(help="Where the log is; user and password are left out.")
    ] = None,
) -> None:
    """Print the AsyncAPI 3.0 document of the log on NATS, as JSON."""
    loaded = load_types(types)
    loaded.check()
    document = document_of(loaded, title=title, version=document_version, nats_url=nats_url)
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def load_types(given: str) -> EventTypes:
    """Load event types, also from the working folder, which a console script does not look in.

    Raises:
        ConfigError: says what is wrong with it.
    """
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # last: nothing there shadows what is installed
    name, colon, attribute = given.partition(":")
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise ConfigError(f"module {name!r} cannot be imported: {error!r}") from error
    if colon:
        found = getattr(module, attribute, None)
        if not isinstance(found, EventTypes):
            raise ConfigError(f"{given!r} is no EventTypes, it is {found!r:.80}.")
        return found
    all_found = [value for value in vars(module).values() if isinstance(value, EventTypes)]
    if len(all_found) != 1:
        raise ConfigError(
            f"module {name!r} has {len(all_found)} EventTypes: name one, as MODULE:ATTRIBUTE."
        )
    return all_found[0]
