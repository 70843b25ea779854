"""HTTP client of the downstream services: endpoints, and the policies around each call."""

from bff_core.client.call import (
    Credentials,
    DownstreamResponse,
    ServiceIdentity,
    SizedBody,
    Undecodable,
)
from bff_core.client.decoding import JsonDecoder, text
from bff_core.client.document import document_at
from bff_core.client.endpoint import Endpoint, ServiceClient
from bff_core.client.pipeline import ClientRuntime
from bff_core.client.policies.absence import Absence
from bff_core.client.transport import http_session

__all__ = [
    "Absence",
    "ClientRuntime",
    "Credentials",
    "DownstreamResponse",
    "Endpoint",
    "JsonDecoder",
    "ServiceClient",
    "ServiceIdentity",
    "SizedBody",
    "Undecodable",
    "document_at",
    "http_session",
    "text",
]
