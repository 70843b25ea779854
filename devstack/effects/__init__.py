"""Effects of the platform's writes, which follow over Kafka: later, and in other services."""

from devstack.effects.messages import Message
from devstack.effects.queue import Effect, schedule, take_due
from devstack.effects.runner import EffectRunner

__all__ = ["Effect", "EffectRunner", "Message", "schedule", "take_due"]
