"""Outbound calls: what to ask is the client's, how to ask is here."""

from bff_core.http._call import Answer, Undecodable
from bff_core.http._client import Endpoint, ServiceClient
from bff_core.http._decode import JsonDecoder, text
from bff_core.http._document import document_at
from bff_core.http._forward import AnswerCut, Forwarder, Outgoing, Relay, RequestTooSlow, Upload
from bff_core.http._headers import Credentials, ServiceIdentity
from bff_core.http._outbound import Outbound
from bff_core.http._relay_headers import inward, named_by_connection, passes_inward
from bff_core.http._relay_path import checked_path
from bff_core.http._shelf import Kept
from bff_core.http._transport import http_session

__all__ = [
    "Answer",
    "AnswerCut",
    "Credentials",
    "Endpoint",
    "Forwarder",
    "JsonDecoder",
    "Kept",
    "Outbound",
    "Outgoing",
    "Relay",
    "RequestTooSlow",
    "ServiceClient",
    "ServiceIdentity",
    "Undecodable",
    "Upload",
    "checked_path",
    "document_at",
    "http_session",
    "inward",
    "named_by_connection",
    "passes_inward",
    "text",
]
