"""Inbound requests: from bytes to a context, from a model or a failure to bytes."""

from bff_core.web._connection import Connection, watch_of, while_caller_stays
from bff_core.web._declared import (
    Link,
    OtherAnswer,
    answers,
    leads_to,
    may_be_bodiless,
    places,
    refuses,
    sends,
)
from bff_core.web._di import ContextProvider, inject
from bff_core.web._door import Door, leave_door
from bff_core.web._edge import (
    AsgiApp,
    Edge,
    Exchange,
    Message,
    Receive,
    Scope,
    SendMessage,
    exchange_of,
)
from bff_core.web._envelope import ErrorEnvelopeV1
from bff_core.web._errors import ErrorHandlers
from bff_core.web._guard import (
    PUBLIC,
    SERVICE,
    Guard,
    UndeclaredRouteError,
    access,
    budget,
    rule_of,
)
from bff_core.web._health import Health, Leaning, Lifecycle, health_routes
from bff_core.web._mounting import make_mountable
from bff_core.web._openapi import attach_openapi, document_of
from bff_core.web._relaying import body_chunks, relayed
from bff_core.web._responses import METRICS, returns
from bff_core.web._services import ServiceKeys
from bff_core.web._serving import LIFECYCLE, hypercorn_config, run
from bff_core.web._short_way import ShortWay, spares_reads
from bff_core.web._streaming import returns_events
from bff_core.web._switches import heed_switches
from bff_core.web._tags import TAGGED, returns_tagged
from bff_core.web._validation import parse_body, takes_body, takes_headers, takes_query

__all__ = [
    "LIFECYCLE",
    "METRICS",
    "PUBLIC",
    "SERVICE",
    "TAGGED",
    "AsgiApp",
    "Connection",
    "ContextProvider",
    "Door",
    "Edge",
    "ErrorEnvelopeV1",
    "ErrorHandlers",
    "Exchange",
    "Guard",
    "Health",
    "Leaning",
    "Lifecycle",
    "Link",
    "Message",
    "OtherAnswer",
    "Receive",
    "Scope",
    "SendMessage",
    "ServiceKeys",
    "ShortWay",
    "UndeclaredRouteError",
    "access",
    "answers",
    "attach_openapi",
    "body_chunks",
    "budget",
    "document_of",
    "exchange_of",
    "health_routes",
    "heed_switches",
    "hypercorn_config",
    "inject",
    "leads_to",
    "leave_door",
    "make_mountable",
    "may_be_bodiless",
    "parse_body",
    "places",
    "refuses",
    "relayed",
    "returns",
    "returns_events",
    "returns_tagged",
    "rule_of",
    "run",
    "sends",
    "spares_reads",
    "takes_body",
    "takes_headers",
    "takes_query",
    "watch_of",
    "while_caller_stays",
]
