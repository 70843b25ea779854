"""Verification outside of an event loop."""

import asyncio

from bff_core.auth import Claims, TokenVerifier


def verified(verifier: TokenVerifier, authorization: str | None) -> Claims:
    """The claims of a token whose key needs no fetch; raises as `authenticate` does."""
    return asyncio.run(verifier.authenticate(authorization))
