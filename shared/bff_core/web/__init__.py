"""Inbound requests: from bytes to a context, from a model or a failure to bytes."""

from bff_core.web._di import ContextProvider
from bff_core.web._door import Door
from bff_core.web._edge import Edge, exchange_of
from bff_core.web._envelope import ErrorEnvelopeV1
from bff_core.web._errors import ErrorHandlers
from bff_core.web._guard import PUBLIC, Guard, UndeclaredRouteError, access, rule_of
from bff_core.web._health import Health, Lifecycle, health_routes
from bff_core.web._openapi import attach_openapi, document_of
from bff_core.web._relaying import body_chunks, relayed
from bff_core.web._responses import METRICS, returns
from bff_core.web._serving import LIFECYCLE, hypercorn_config, run
from bff_core.web._validation import read_body, takes_body, takes_query

__all__ = [
    "LIFECYCLE",
    "METRICS",
    "PUBLIC",
    "ContextProvider",
    "Door",
    "Edge",
    "ErrorEnvelopeV1",
    "ErrorHandlers",
    "Guard",
    "Health",
    "Lifecycle",
    "UndeclaredRouteError",
    "access",
    "attach_openapi",
    "body_chunks",
    "document_of",
    "exchange_of",
    "health_routes",
    "hypercorn_config",
    "read_body",
    "relayed",
    "returns",
    "rule_of",
    "run",
    "takes_body",
    "takes_query",
]
