"""The public test kit: contexts, clocks, tokens, stubs and verified fakes."""

from bff_core.testing.clock import FakeClock
from bff_core.testing.context import CORRELATION_ID, a_context
from bff_core.testing.outbound import an_outbound
from bff_core.testing.stub import ANY, UNTOLD, Recorded, Reply, StubServer, stub_server
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
    "SECRET",
    "UNTOLD",
    "FakeClock",
    "Recorded",
    "Reply",
    "RsaKeys",
    "StubServer",
    "a_context",
    "access_token",
    "an_outbound",
    "bearer",
    "refresh_token",
    "stub_server",
]
