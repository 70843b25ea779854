"""HTTP client of the downstream services: endpoints, and the policies around each call."""

from bff_core.client.call import (
    Absence,
    Credentials,
    DownstreamResponse,
    ServiceIdentity,
    Undecodable,
)
from bff_core.client.decoding import JsonDecoder, text
from bff_core.client.endpoint import Endpoint, ServiceClient
from bff_core.client.pipeline import ClientRuntime
from bff_core.client.transport import document_at, http_session

__all__ = [
    "Absence",
    "ClientRuntime",
    "Credentials",
    "DownstreamResponse",
    "Endpoint",
    "JsonDecoder",
    "ServiceClient",
    "ServiceIdentity",
    "Undecodable",
    "document_at",
    "http_session",
    "text",
]
