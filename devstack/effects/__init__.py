"""Effects of the platform's writes, which follow over Kafka: later, and in other services."""

from devstack.effects.queue import Effect, schedule
from devstack.effects.runner import EffectRunner

__all__ = ["Effect", "EffectRunner", "schedule"]
