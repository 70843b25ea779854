"""The fixtures of client tests."""

from tests.unit.service_clients import client, ctx, downstream

__all__ = ["client", "ctx", "downstream"]
