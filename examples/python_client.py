"""A client of the event store over gRPC in Python: the same `EventStore` as beside the database.

eventstore serve --port 50051 &
python examples/python_client.py grpc://127.0.0.1:50051 [TOKEN]
"""

import asyncio
import sys

from eventstore import ABSENT, Boundary, BoundaryCrossed, Event, Query, Write, stream_name
from eventstore.grpc.client import GrpcEventStore


async def main(url: str, token: str | None = None) -> None:
    """Book a seat once, too late a second time, and follow the log."""
    async with GrpcEventStore.connect(url, token=token) as store:
        seat = Query.of(types=("SeatTaken",), tags=("seat:14C",))
        head = await store.head()
        taken = Event(type="SeatTaken", data={"seat": "14C"}, tags=("seat:14C",))
        await store.append_all(
            [
                Write(stream=stream_name("flight-9"), events=[taken], expected=ABSENT),
                Write(
                    stream=stream_name("booking-9"), events=[Event(type="Booked")], expected=ABSENT
                ),
            ],
            boundary=Boundary(seat, after=head),
        )
        try:
            late = Event(type="SeatTaken", data={"seat": "14C"}, tags=("seat:14C",))
            await store.append(
                stream_name("flight-10"), [late], expected=ABSENT, boundary=Boundary(seat, head)
            )
        except BoundaryCrossed as crossed:
            print(f"too late: taken at position {crossed.last_match}")
        async for delivery in store.subscribe(after=head):
            for event in delivery.events:
                print(event.position, event.stream, event.type, event.data)
            if delivery.caught_up:
                return


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
