"""Inbound requests: from bytes to a context, from a model or a failure to bytes."""

from bff_core.server.asgi import AsgiApp, Message, Receive, Scope, Send
from bff_core.server.errors import ErrorHandlers
from bff_core.server.guard import (
    PUBLIC,
    SERVICE,
    SIGNED_IN,
    Guard,
    ServiceKeys,
    UndeclaredRouteError,
    access,
    budget,
    rule_of,
)
from bff_core.server.health import Dependencies, Health, health_routes
from bff_core.server.hooks import for_unmatched_paths, for_unsafe_methods
from bff_core.server.lifecycle import Lifecycle, LifecycleMiddleware
from bff_core.server.mounting import UnguardedMountError, make_nestable
from bff_core.server.openapi.declarations import (
    ExtraResponse,
    Link,
    error_responses,
    extra_responses,
    file_field,
    openapi_links,
    operation_id,
    optional_body,
    path_parameters,
    response_headers,
)
from bff_core.server.openapi.document import COMPLETION, attach_openapi, document_of
from bff_core.server.request_middleware import (
    ConcurrencyLimiter,
    RequestMiddleware,
    RequestTooSlow,
    release_slot,
    request_state,
)
from bff_core.server.routes.context import ContextProvider, inject
from bff_core.server.routes.responses import (
    ETAGGED,
    METRICS,
    TAGGED_CACHE_CONTROL,
    returns,
    returns_etagged,
)
from bff_core.server.routes.validation import (
    parse_body,
    read_json,
    read_query,
    takes_body,
    takes_headers,
    takes_query,
)
from bff_core.server.run import LIFECYCLE, run

__all__ = [
    "COMPLETION",
    "ETAGGED",
    "LIFECYCLE",
    "METRICS",
    "PUBLIC",
    "SERVICE",
    "SIGNED_IN",
    "TAGGED_CACHE_CONTROL",
    "AsgiApp",
    "ConcurrencyLimiter",
    "ContextProvider",
    "Dependencies",
    "ErrorHandlers",
    "ExtraResponse",
    "Guard",
    "Health",
    "Lifecycle",
    "LifecycleMiddleware",
    "Link",
    "Message",
    "Receive",
    "RequestMiddleware",
    "RequestTooSlow",
    "Scope",
    "Send",
    "ServiceKeys",
    "UndeclaredRouteError",
    "UnguardedMountError",
    "access",
    "attach_openapi",
    "budget",
    "document_of",
    "error_responses",
    "extra_responses",
    "file_field",
    "for_unmatched_paths",
    "for_unsafe_methods",
    "health_routes",
    "inject",
    "make_nestable",
    "openapi_links",
    "operation_id",
    "optional_body",
    "parse_body",
    "path_parameters",
    "read_json",
    "read_query",
    "release_slot",
    "request_state",
    "response_headers",
    "returns",
    "returns_etagged",
    "rule_of",
    "run",
    "takes_body",
    "takes_headers",
    "takes_query",
]
