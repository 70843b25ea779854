"""Outbound calls: what to ask is the client's, how to ask is here."""

from bff_core.cache.response_cache import CacheEntry
from bff_core.client.call import DownstreamResponse, Undecodable
from bff_core.client.decoding import JsonDecoder, text
from bff_core.client.document import document_at
from bff_core.client.endpoint import Endpoint, ServiceClient
from bff_core.client.headers import Credentials, ServiceIdentity
from bff_core.client.pipeline import ClientRuntime
from bff_core.client.transport import http_session

__all__ = [
    "CacheEntry",
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
