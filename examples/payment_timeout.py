"""An order that is not paid within an hour is cancelled: `projector run payment_timeout:manager`.

The time comes as events too, from `projector clock --every 60`.
"""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from projector.process import Command
from projector.process_clock import TICKED

HOUR = 3600


class PaymentTimeout:
    """Keeps the orders that are not paid, and when each is due."""

    name = "payment-timeout"
    generation = 1
    tables = sa.MetaData()
    unpaid = sa.Table("unpaid_orders", tables, sa.Column("id", sa.Text), sa.Column("due", sa.Float))

    async def react(self, connection: AsyncConnection, event: RecordedEvent) -> list[Command]:
        """Note what is placed, forget what is paid, cancel what is due."""
        unpaid, columns = self.unpaid, self.unpaid.c
        if event.type == "order-placed":
            due = event.recorded_at.timestamp() + HOUR
            await connection.execute(sa.insert(unpaid).values(id=event.stream, due=due))
        elif event.type == "order-paid":
            await connection.execute(sa.delete(unpaid).where(columns.id == event.stream))
        elif event.type == TICKED:
            late = sa.delete(unpaid).where(columns.due <= event.data["time"]).returning(columns.id)
            orders = sorted((await connection.execute(late)).scalars())
            return [Command(stream=order, type="order-cancelled") for order in orders]
        return []


manager = PaymentTimeout()
