"""JSON Schemas (draft 2020-12) of what the checker reads and writes, made from its own types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from checker.history.codec import FORMAT, Event
from checker.operation import Outcome
from checker.report.result_document import SCHEMA, ResultDocument

__all__ = ["SCHEMAS"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _Header(msgspec.Struct):
    """The first line, if it says anything about the rest; it may have any other fields."""

    format: str
    model: str | None = None


def _history() -> dict[str, Any]:
    """Describe one line of `trueorder.history/1`: the header, or an event."""
    _, components = msgspec.json.schema_components((Event, _Header), ref_template="#/$defs/{name}")
    event, header = components["Event"], components["_Header"]
    event["properties"]["type"] = {"enum": ["invoke", *map(str, Outcome)]}
    header["title"] = "Header"
    header["properties"]["format"] = {"const": FORMAT}
    header["not"] = {"required": ["type"]}
    _say_briefly(components)
    return {
        "$schema": _DIALECT,
        "title": FORMAT,
        "description": "One line of a history; the header may only be the first.",
        "oneOf": [{"$ref": "#/$defs/Event"}, {"$ref": "#/$defs/Header"}],
        "$defs": {"Event": event, "Header": header},
    }


def _result() -> dict[str, Any]:
    schema = msgspec.json.schema(ResultDocument)
    _say_briefly(schema["$defs"])
    schema["$defs"]["ResultDocument"]["required"] = ["schema", "verdict", "checker", "files"]
    return {"$schema": _DIALECT, "title": SCHEMA, **schema}


def _say_briefly(definitions: dict[str, Any]) -> None:
    """Keep of each description its first paragraph: the rest is for those who read the code."""
    for definition in definitions.values():
        if "description" in definition:
            first = definition["description"].partition("\n\n")[0]
            definition["description"] = " ".join(first.split())


SCHEMAS: Final[Mapping[str, Callable[[], dict[str, Any]]]] = MappingProxyType(
    {"history": _history, "result": _result}
)
"""What makes each schema, by what it describes."""
