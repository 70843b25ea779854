"""The public test kit: contexts, clocks, tokens, stubs and verified fakes."""

from bff_core.testing.clock import FakeClock
from bff_core.testing.doubles import CORRELATION_ID, a_client_runtime, a_context
from bff_core.testing.stub_server import ANY, NO_LENGTH, Reply, StubServer, stub_server
from bff_core.testing.tokens import (
    AUDIENCE,
    ISSUER,
    SECRET,
    RsaKeys,
    access_token,
    bearer,
    refresh_token,
)

__all__ = [
    "ANY",
    "AUDIENCE",
    "CORRELATION_ID",
    "ISSUER",
    "NO_LENGTH",
    "SECRET",
    "FakeClock",
    "Reply",
    "RsaKeys",
    "StubServer",
    "a_client_runtime",
    "a_context",
    "access_token",
    "bearer",
    "refresh_token",
    "stub_server",
]
