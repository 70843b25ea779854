"""Outbound calls: what to ask is the client's, how to ask is here."""

from bff_core.http._call import Undecodable
from bff_core.http._client import Endpoint, ServiceClient
from bff_core.http._decode import JsonDecoder, text
from bff_core.http._headers import Credentials, ServiceIdentity
from bff_core.http._transport import http_session

__all__ = [
    "Credentials",
    "Endpoint",
    "JsonDecoder",
    "ServiceClient",
    "ServiceIdentity",
    "Undecodable",
    "http_session",
    "text",
]
