"""The contract of an event store, as tests that every store passes.

A test class inherits `EventStoreContract` and gives the fixture `store`: an empty store.
"""

from __future__ import annotations

from tests.contract.appending import AppendingContract
from tests.contract.boundaries import BoundaryContract
from tests.contract.outcomes import OutcomeContract
from tests.contract.paging import PagingContract
from tests.contract.querying import QueryingContract
from tests.contract.racing import RacingContract
from tests.contract.reading import ReadingContract
from tests.contract.refusing import RefusingContract
from tests.contract.several_streams import SeveralStreamsContract
from tests.contract.subscribing import SubscribingContract
from tests.contract.waiting import WaitingContract


class EventStoreContract(
    ReadingContract,
    PagingContract,
    QueryingContract,
    AppendingContract,
    BoundaryContract,
    SeveralStreamsContract,
    OutcomeContract,
    RefusingContract,
    RacingContract,
    WaitingContract,
    SubscribingContract,
):
    """All of it."""
