"""A process manager for tests: numbers the orders as they come, and sends what each calls for."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from eventstore.stream import stream_name
from projector.process import Command

_tables = sa.MetaData()
numbers = sa.Table("invoice_numbers", _tables, sa.Column("order", sa.Text, unique=True))


class Invoicing:
    """Answers each order with an invoice, numbered without a gap, and a line in the journal."""

    name = "invoicing"
    generation = 1
    tables = _tables

    async def react(self, connection: AsyncConnection, event: RecordedEvent) -> list[Command]:
        if event.type != "ordered":
            return []
        count = sa.select(sa.func.count()).select_from(numbers)
        number = (await connection.execute(count)).scalar_one() + 1
        await connection.execute(sa.insert(numbers).values(order=str(event.id)))
        invoice = stream_name(f"invoice-{event.stream.partition('-')[2]}")
        data = {"number": number, "position": event.position}
        return [
            Command(stream=invoice, type="invoiced", data=data),
            Command(stream=stream_name("journal-1"), type="noted", data=data),
            Command(stream=invoice, type="sent", data=data, tags=("post",)),
        ]
