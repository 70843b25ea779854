"""The scenario: how the demo's batches move, and the notifications of each move."""

from devstack.scenario.moves import MOVES, Scenario, ScenarioMove
from devstack.scenario.notifications import Notification, notifications_of

__all__ = ["MOVES", "Notification", "Scenario", "ScenarioMove", "notifications_of"]
