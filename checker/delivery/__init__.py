"""What consumers and projections must keep: the log's events once each, in order, nothing else.

Pure functions over lists: the log as it was read in the end, what clients were told, what each
consumer had, and the state it made of it. They know nothing of any broker or database.
"""

from checker.delivery.changes import Change, check_changes, check_follower, fold_changes
from checker.delivery.finding import Finding
from checker.delivery.log import Log, LogEntry, check_log
from checker.delivery.observed import (
    Acknowledged,
    LogRead,
    check_acknowledged,
    check_log_reads,
)
from checker.delivery.order import Delivery, check_order, check_places
from checker.delivery.state import check_state

__all__ = [
    "Acknowledged",
    "Change",
    "Delivery",
    "Finding",
    "Log",
    "LogEntry",
    "LogRead",
    "check_acknowledged",
    "check_changes",
    "check_follower",
    "check_log",
    "check_log_reads",
    "check_order",
    "check_places",
    "check_state",
    "fold_changes",
]
