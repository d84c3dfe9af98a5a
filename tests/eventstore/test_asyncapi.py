"""The AsyncAPI document, against the schema of AsyncAPI and against real messages."""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from eventstore import wire
from eventstore.asyncapi import asyncapi
from eventstore.errors import ConfigError
from eventstore.event import RecordedEvent
from eventstore.event_types import EventTypes
from tests.support.commands import runner
from tests.support.recorded import recorded

SCHEMA = Path(__file__).parent / "asyncapi_schema" / "asyncapi-3.0.0.json.gz"

types = EventTypes()


class Line(msgspec.Struct):
    article: str
    amount: int = 1


@types.event("order placed v1.0")
class OrderPlaced(msgspec.Struct):
    """An order was placed."""

    lines: list[Line]
    place: tuple[float, float] | None = None
    code: tuple[str, int] = ("", 0)


@types.event("OrderPaid", version=2)
class OrderPaid(msgspec.Struct, forbid_unknown_fields=True):
    total: int


@types.upcast("OrderPaid", version=1)
def with_a_total(data: Any) -> Any:
    return {"total": data["sum"]}


@pytest.fixture
def document() -> Any:
    made = asyncapi(types, title="Shop", version="3.1.0", nats_url="nats://me:secret@a:4222,b:4222")
    return json.loads(msgspec.json.encode(made))


def test_it_is_a_valid_document(document: Any) -> None:
    schema = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    jsonschema.Draft7Validator(schema).validate(document)
    assert document["info"]["title"] == "Shop"


def test_what_is_wrong_is_not_valid(document: Any) -> None:
    schema = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    document["operations"]["send.OrderPaid"]["action"] = "shout"
    assert not jsonschema.Draft7Validator(schema).is_valid(document)


def test_the_schemas_are_of_draft_07(document: Any) -> None:
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft7Validator.check_schema(schema)
    assert "prefixItems" not in json.dumps(document)


def test_references_lead_somewhere(document: Any) -> None:
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        found = document
        for part in reference.split("/"):
            found = found[part]
        assert found


def resolved(document: Any, schema: Any) -> jsonschema.Draft7Validator:
    """A schema of the document, with the document's components in reach."""
    return jsonschema.Draft7Validator({**schema, "components": document["components"]})


def message_of(body: Any, **changes: Any) -> tuple[RecordedEvent, wire.WireMessage]:
    draft = types.to_event(body)
    event = msgspec.structs.replace(
        recorded(7), type=draft.type, data=draft.data, metadata=draft.metadata, **changes
    )
    return event, wire.encode(event)


def test_messages_are_what_the_document_says(document: Any) -> None:
    for key, body in {
        "order_placed_v1.0": OrderPlaced([Line("hat"), Line("coat", 2)], (1.0, 2.0), ("a", 1)),
        "OrderPaid": OrderPaid(5),
    }.items():
        event, message = message_of(body, tags=("customer:1",))
        described = document["components"]["messages"][key]
        assert described["name"] == event.type
        resolved(document, described["headers"]).validate(message.headers)
        payload = resolved(document, described["payload"])
        payload.validate(json.loads(message.body))
        assert not payload.is_valid({"something": "else"})
        address = document["channels"][key]["address"]
        assert address.format(category="count", stream=event.stream) == message.subject


def test_all_headers_of_the_contract_are_described(document: Any) -> None:
    traced = {"traceparent": f"00-{'4b' * 16}-{'0f' * 8}-01"}
    event, _ = message_of(OrderPaid(5), tags=("customer:1",))
    message = wire.encode(msgspec.structs.replace(event, metadata=traced))
    headers = document["components"]["schemas"]["EventHeaders"]
    assert list(headers["properties"]) == [*headers["required"], *list(message.headers)[6:]]
    assert headers["required"] == list(message.headers)[:6]
    for missing in headers["required"]:
        rest = {name: value for name, value in message.headers.items() if name != missing}
        assert not jsonschema.Draft7Validator(headers).is_valid(rest)


def test_passwords_stay_out_and_each_server_is_named(document: Any) -> None:
    assert "secret" not in json.dumps(document)
    assert [server["host"] for server in document["servers"].values()] == ["a:4222", "b:4222"]


def test_older_versions_are_mentioned(document: Any) -> None:
    messages = document["components"]["messages"]
    assert "before 2 are in the log too" in messages["OrderPaid"]["summary"]
    assert "before" not in messages["order_placed_v1.0"]["summary"]


def test_what_cannot_be_described_is_refused() -> None:
    with pytest.raises(ConfigError, match="no event type is registered"):
        asyncapi(EventTypes(), title="Shop", version="1")
    clashing = EventTypes()
    clashing.event("a b")(Line)
    clashing.event("a/b")(OrderPaid)
    with pytest.raises(ConfigError, match="'a/b' has the name of another one here, 'a_b'"):
        asyncapi(clashing, title="Shop", version="1")
    braces = EventTypes()
    braces.event("{x}")(Line)
    with pytest.raises(ConfigError, match="in braces"):
        asyncapi(braces, title="Shop", version="1")
    unwritable = EventTypes()
    unwritable.event("x")(re.Pattern)
    with pytest.raises(ConfigError, match="no JSON Schema"):
        asyncapi(unwritable, title="Shop", version="1")


MODULE = """
import msgspec
from eventstore.event_types import EventTypes

types = EventTypes()

@types.event("Counted")
class Counted(msgspec.Struct):
    n: int
"""


def test_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "shop_events.py").write_text(MODULE)
    run = runner(monkeypatch, capsys)
    done = run("asyncapi", "--types", "shop_events", "--title", "Shop")
    assert done.code == 0
    printed = json.loads(done.out)
    assert printed["channels"]["Counted"]["address"] == "events.{category}.{stream}.Counted"
    assert "servers" not in printed
    for given, complaint in {
        "shop_events:Counted": "is no EventTypes",
        "msgspec": "has 0 EventTypes",
        "no_such_module": "cannot be imported",
    }.items():
        refused = run("asyncapi", "--types", given)
        assert refused.code == 2
        assert complaint in refused.err
