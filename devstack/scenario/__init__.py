"""The scenario: how the demo's batches move, and the notifications of each move."""

from devstack.scenario.moves import MOVES, DemoScenario, ScenarioMove, notifications_of

__all__ = ["MOVES", "DemoScenario", "ScenarioMove", "notifications_of"]
