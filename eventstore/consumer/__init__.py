"""Following the log over NATS, for services: subscriptions, checkpoints, competing members."""

from eventstore.consumer.checkpoints import CheckpointStore, FileCheckpoint
from eventstore.consumer.member import GroupMember, Share
from eventstore.consumer.selection import Selection
from eventstore.consumer.subscription import ConsumerSubscription, subscribe

__all__ = [
    "CheckpointStore",
    "ConsumerSubscription",
    "FileCheckpoint",
    "GroupMember",
    "Selection",
    "Share",
    "subscribe",
]
