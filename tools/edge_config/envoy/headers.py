"""The allow-lists of headers, the headers that every answer has, and the bodies of refusals."""

from collections.abc import Mapping

from services.gateway.api.header_policy import API_CSP, SECURITY_HEADERS
from services.gateway.implementations.filters import (
    REQUEST_HEADERS,
    REQUEST_PREFIXES,
    RESPONSE_HEADERS,
)
from tools.edge_config import errors
from tools.edge_config.envoy.config import Config, extension, header, regex
from tools.edge_config.patterns import other_names
from tools.edge_config.site import LIMITS, Site

# Envoy writes these itself; a client's framing has been read by then.
_FRAMING = frozenset({"content-length", "transfer-encoding", "host"})
_SENT_ONCE = ("idempotency-key", "last-event-id", "range", "traceparent", "user-agent")
CORRELATION_ID = "%REQ(X-CORRELATION-ID)%"
_ID_HEADER = "x-correlation-id"
_HAS_ID: Config = {"name": _ID_HEADER, "present_match": True}
_TIMESTAMP = "%START_TIME(%Y-%m-%dT%H:%M:%S.%6fZ)%"


def header_filter(site: Site) -> Config:
    """Removes what is in neither list; a name that nobody has thought of goes nowhere."""
    return extension(
        "envoy.filters.http.header_mutation",
        "extensions.filters.http.header_mutation.v3.HeaderMutation",
        {
            "mutations": {
                "request_mutations": [
                    # A client's own id is replaced: nothing here can tell whether it is one.
                    {"append": header(_ID_HEADER, "%REQ(X-REQUEST-ID)%")},
                    _remove(_request_names()),
                    *({"append": _first_of(name)} for name in _SENT_ONCE),
                ],
                "response_mutations": [
                    _remove(_response_names()),
                    *({"append": one} for one in every_answer(site)),
                    {"append": _unless_there("cache-control", "no-store")},
                ],
            }
        },
    )


def _first_of(name: str) -> Config:
    """A repeated header as its first value: Envoy cannot refuse what the services read once."""
    value = {"key": name, "value": f"%REQ({name.upper()})%"}
    return {"header": value, "append_action": "OVERWRITE_IF_EXISTS"}


def _remove(names: str) -> Config:
    return {"remove_on_match": {"key_matcher": regex(names)}}


def _request_names() -> str:
    allowed = {name.decode() for name in REQUEST_HEADERS} | _FRAMING | {_ID_HEADER}
    return other_names(allowed, [prefix.decode() for prefix in REQUEST_PREFIXES])


def _response_names() -> str:
    own = {name for headers in errors.HEADERS.values() for name in headers}
    return other_names({name.decode() for name in RESPONSE_HEADERS} | _FRAMING | own)


def every_answer(site: Site) -> list[Config]:
    """Headers of every answer, whoever gives it."""
    headers = [(name.decode(), value.decode()) for name, value in SECURITY_HEADERS]
    if LIMITS.hsts_seconds:
        hsts = f"max-age={LIMITS.hsts_seconds}; includeSubDomains"
        headers.append(("strict-transport-security", hsts))
    headers.append(("content-security-policy", API_CSP.decode()))
    headers.append((_ID_HEADER, CORRELATION_ID))
    if site.origins:
        # Whether a page may read an answer depends on its origin, so a cache must tell them apart.
        headers.append(("vary", "Origin"))
    return [header(name, value) for name, value in headers]


def _unless_there(name: str, value: str) -> Config:
    return {"header": {"key": name, "value": value}, "append_action": "ADD_IF_ABSENT"}


def local_replies(site: Site) -> Config:
    """The error envelope for whatever Envoy refuses itself.

    What it refuses before it has given the request an id has a status alone, as in the gateway.
    """
    bare = {
        "filter": {"header_filter": {"header": _HAS_ID | {"invert_match": True}}},
        "headers_to_add": _added_to_errors(site, {}),
        "body_format_override": {"text_format_source": {"inline_string": ""}},
    }
    by_status = [_mapper(site, status) for status in errors.BY_STATUS]
    return {"mappers": [*by_status, bare]}


def _mapper(site: Site, status: int) -> Config:
    body = errors.envelope(status, correlation_id=CORRELATION_ID, timestamp=_TIMESTAMP)
    filters = [
        {"status_code_filter": {"comparison": _equals(status)}},
        {"header_filter": {"header": _HAS_ID}},
    ]
    return {
        "filter": {"and_filter": {"filters": filters}},
        "headers_to_add": _added_to_errors(site, errors.HEADERS.get(status, {})),
        "body_format_override": {"json_format": body},
    }


def _added_to_errors(site: Site, own: Mapping[str, str]) -> list[Config]:
    added = [header(name, value) for name, value in own.items()]
    return [*every_answer(site), header("cache-control", "no-store"), *added]


def _equals(status: int) -> Config:
    return {"op": "EQ", "value": {"default_value": status, "runtime_key": "edge.unused"}}
