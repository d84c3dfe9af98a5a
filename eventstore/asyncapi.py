"""The AsyncAPI document of the log on NATS: made from the event types, and from `eventstore.wire`.

AsyncAPI describes an application from its own side: ours, the relay, *sends* each event. A channel
is a type of event, its address the subject; a message has the headers of the wire contract and the
schema of the type's struct.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0. Its schemas are a superset of
JSON Schema draft 07, so what msgspec writes for 2020-12 is brought to that.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from eventstore import wire
from eventstore.config import nats_url as checked_nats_url
from eventstore.errors import ConfigError
from eventstore.event_types import SCHEMA_VERSION, EventTypes

__all__ = ["asyncapi"]

_SCHEMAS: Final = "#/components/schemas/"
_HEADERS: Final = "EventHeaders"
_JSON: Final = "application/json"
_NO_KEY: Final = re.compile(r"[^A-Za-z0-9._-]")

_DESCRIPTION: Final = """\
The log of an event store, in position order, on the JetStream stream `EVENTS`. The sequence of a
message in the stream is the event's position, for ever. To see each event once and in order, keep
the last position with your own data in one transaction, take the event whose position is one more,
drop those below, and on a gap ask again from the right place."""

_PARAMETERS: Final = {
    "category": {"description": "What comes before the first hyphen of the stream's name."},
    "stream": {
        "description": "The stream's name. Space, control characters and . * > % are written as "
        "% and two upper-case hexadecimal digits."
    },
}


def asyncapi(
    types: EventTypes, *, title: str, version: str, nats_url: str | None = None
) -> dict[str, Any]:
    """Make the document.

    Args:
        types: The events that the log has; `EventTypes.check` was called.
        title: What the log is called.
        version: That of the document, which the application gives.
        nats_url: Where the log is; user and password do not get into the document.

    Raises:
        ConfigError: no type is registered, a struct has no schema, the URL cannot be used, a type
            has braces in its name, or two have one name in the document.
    """
    registered = types.registered()
    if not registered:
        raise ConfigError("no event type is registered: decorate a struct with one.")
    structs = [struct for _, _, struct in registered]
    try:
        payloads, schemas = msgspec.json.schema_components(
            structs, ref_template=f"{_SCHEMAS}{{name}}"
        )
    except TypeError as error:
        raise ConfigError(f"an event type has no JSON Schema: {error}") from error
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for (name, newest, _), payload in zip(registered, payloads, strict=True):
        key = _NO_KEY.sub("_", name)
        if key in channels:
            raise ConfigError(f"event type {name!r} has the name of another one here, {key!r}.")
        messages[key] = _message(name, newest, _draft07(payload))
        channels[key] = _channel(key, name)
        operations[f"send.{key}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{key}"},
            "messages": [{"$ref": f"#/channels/{key}/messages/{key}"}],
            "summary": f"The relay carries each {name!r} that was appended to the log.",
        }
    document: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version, "description": _DESCRIPTION},
        "defaultContentType": _JSON,
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": {_HEADERS: _headers(), **{n: _draft07(s) for n, s in schemas.items()}},
        },
    }
    if nats_url is not None:
        document["servers"] = _servers(nats_url)
    return document


def _channel(key: str, name: str) -> dict[str, Any]:
    token = wire.escape_token(name)
    if "{" in token or "}" in token:
        raise ConfigError(f"event type {name!r}: AsyncAPI takes what is in braces for a parameter.")
    return {
        "address": f"events.{{category}}.{{stream}}.{token}",
        "title": name,
        "description": f"Subscribe to events.*.*.{token}, or to a category or stream of them.",
        "parameters": _PARAMETERS,
        "messages": {key: {"$ref": f"#/components/messages/{key}"}},
        "bindings": {"nats": {}},
    }


def _message(name: str, newest: int, payload: dict[str, Any]) -> dict[str, Any]:
    older = (
        f" Events of versions before {newest} are in the log too, in the shape of their time: "
        f"{SCHEMA_VERSION} in the metadata says which, 1 without it."
    )
    return {
        "name": name,
        "title": name,
        "summary": f"Version {newest} of {name!r}." + (older if newest > 1 else ""),
        "contentType": _JSON,
        "headers": {"$ref": f"{_SCHEMAS}{_HEADERS}"},
        "payload": payload,
        "x-schema-version": newest,
    }


def _headers() -> dict[str, Any]:
    """The headers of a message, as NATS has them: text."""
    number = {"type": "string", "pattern": "^[0-9]+$"}
    required: dict[str, Any] = {
        wire.EVENT_ID: {
            "type": "string",
            "format": "uuid",
            "description": "The event's id; the same event has it in every delivery.",
        },
        wire.POSITION: number
        | {"description": "The event's place in the log, from 1: the stream's sequence."},
        "Trueorder-Previous-Position": number | {"description": "Always one less."},
        "Trueorder-Stream-Version": number
        | {"description": "The event's place in its own stream, from 1."},
        "Trueorder-Recorded-At": {
            "type": "string",
            "format": "date-time",
            "description": "When it was recorded, by the database's clock.",
        },
        "Content-Type": {"type": "string", "const": _JSON},
    }
    optional: dict[str, Any] = {
        "Trueorder-Metadata": {
            "type": "string",
            "contentMediaType": _JSON,
            "description": "The event's metadata, a JSON object in ASCII; only if it has any. "
            f"{SCHEMA_VERSION} in it is the version of the body's shape, 1 without it.",
        },
        "Trueorder-Tags": {
            "type": "string",
            "contentMediaType": _JSON,
            "description": "The event's tags, a JSON array of texts in ASCII; only if it has any.",
        },
        "traceparent": {
            "type": "string",
            "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
            "description": "W3C Trace Context; only if the metadata has it.",
        },
    }
    return {
        "type": "object",
        "description": "Headers that are not listed are to be ignored.",
        "properties": required | optional,
        "required": list(required),
    }


def _servers(nats_url: str) -> dict[str, Any]:
    parts = urlsplit(checked_nats_url(nats_url))
    hosts = parts.netloc.rpartition("@")[2].split(",")
    return {
        f"nats-{number}": {"host": host, "protocol": "nats"}
        for number, host in enumerate(hosts, start=1)
    }


def _draft07(schema: Any) -> Any:
    """Write a schema of JSON Schema 2020-12, as msgspec makes it, in the words of draft 07."""
    if isinstance(schema, list):
        return [_draft07(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    written = {key: _draft07(value) for key, value in schema.items()}
    if "prefixItems" in written:  # a tuple
        more = written.pop("items", True)
        written["items"] = written.pop("prefixItems")
        written["additionalItems"] = more
    return written
