"""`/_devstack/scenario`: how far the scenario is, and steps by order, for the same machine only."""

import json
import sqlite3

from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue

from devstack.emulators.controls import is_local
from devstack.emulators.ras.scenario_run import ScenarioRun
from devstack.emulators.replies import internal_error, plain

SCENARIO_PATH = "/_devstack/scenario"
MOST_STEPS = 500
_MAX_ORDER_BYTES = 1024


class ScenarioOrders:
    """`pace_seconds` is None where only orders move anything."""

    def __init__(self, run: ScenarioRun, pace_seconds: float | None) -> None:
        self._run = run
        self._pace_seconds = pace_seconds

    def blueprint(self) -> Blueprint:
        routes = Blueprint("scenario", __name__)
        routes.before_request(_local_only)
        routes.add_url_rule(SCENARIO_PATH, "tell", self.tell)
        routes.add_url_rule(SCENARIO_PATH, "order", self.order, methods=["POST"])
        routes.register_error_handler(sqlite3.Error, _failed)
        return routes

    async def tell(self) -> ResponseReturnValue:
        return jsonify({"step": await self._run.last_step(), "pace_seconds": self._pace_seconds})

    async def order(self) -> ResponseReturnValue:
        """`{"steps": 3}`, or nothing for one; each step's move, in order."""
        steps = _steps_in(await request.body)
        if steps is None:
            return plain(f'An order is JSON: {{"steps": 1}}, {MOST_STEPS} at most.', 400)
        moves = [await self._run.step() for _ in range(steps)]
        return jsonify({"step": moves[-1]["step"], "moves": moves})


async def _local_only() -> ResponseReturnValue | None:
    return None if is_local(request.scope) else plain("local only", 403)


async def _failed(_error: Exception) -> ResponseReturnValue:
    return internal_error()


def _steps_in(content: bytes) -> int | None:
    """None when the order makes no sense."""
    try:
        steps = json.loads(content or b"{}").get("steps", 1)
    except (ValueError, AttributeError, RecursionError):
        return None
    good = type(steps) is int and 1 <= steps <= MOST_STEPS and len(content) <= _MAX_ORDER_BYTES
    return steps if good else None
