"""Makes a blueprint mountable into a blueprint of somebody else, behind its guard."""

import structlog
from quart import Blueprint, jsonify, request
from quart.blueprints import BlueprintSetupState
from quart.typing import ResponseReturnValue

log = structlog.get_logger()


class UnguardedMountError(RuntimeError):
    """The blueprint was registered where no hook checks the caller; the app does not start."""


def make_nestable(blueprint: Blueprint) -> None:
    """Prepare `blueprint` for a blueprint of the platform that checks the internal key.

    That one's hooks authenticate the caller. Failures get the platform's own 500.
    """
    blueprint.record(_require_guarded_parent)
    blueprint.register_error_handler(Exception, _internal_error)


def _require_guarded_parent(setup: BlueprintSetupState) -> None:
    # An app-wide hook is no guard: the platform's apps have them for tracing.
    if not setup.app.before_request_funcs.get(setup.name_prefix):
        raise UnguardedMountError(f"{setup.blueprint.name} needs a parent that checks the caller")


async def _internal_error(error: Exception) -> ResponseReturnValue:
    # The text of a database error holds the values of its statement.
    log.warning("mounted_route_failed", route=request.endpoint, error=type(error).__name__)
    return jsonify({"error": "Internal server error"}), 500
