"""Following the log over NATS, for services: subscriptions, checkpoints, competing members."""

from eventstore.consumer.selection import Selection
from eventstore.consumer.subscription import ConsumerSubscription, subscribe

__all__ = ["ConsumerSubscription", "Selection", "subscribe"]
