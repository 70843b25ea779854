"""The platform's events as its services publish them over Kafka."""

from devstack.events.event import Event, Moment, moment, moment_of
from devstack.events.outbox import add

__all__ = ["Event", "Moment", "add", "moment", "moment_of"]
