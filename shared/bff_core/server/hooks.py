"""Hooks before requests that concern some requests only."""

from collections.abc import Awaitable, Callable
from functools import wraps

from quart import Response, request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Hook = Callable[[], Awaitable[Response | None]]


def for_unsafe_methods(hook: Hook) -> Hook:
    """Run the hook before requests to a route with an unsafe method."""

    @wraps(hook)
    async def run() -> Response | None:
        if request.method in SAFE_METHODS or request.url_rule is None:
            return None
        return await hook()

    return _selective(run)


def for_unmatched_paths(hook: Hook) -> Hook:
    """Run the hook before requests that match no route."""

    @wraps(hook)
    async def run() -> Response | None:
        return await hook() if request.url_rule is None else None

    return _selective(run)


def _selective(hook: Hook) -> Hook:
    hook.__skips_matched_reads__ = True  # type: ignore[attr-defined]  # read by `skips_matched_reads`
    return hook


def skips_matched_reads(hook: object) -> bool:
    """True for a hook that does nothing before a GET that matches a route."""
    return getattr(hook, "__skips_matched_reads__", False)
