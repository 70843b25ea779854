"""The routes of the session cookie as the document shows them; `SessionMiddleware` answers them."""

from quart import Blueprint, Response
from quart_schema import DataSource, document_querystring, document_request, document_response

from bff_core.errors import (
    DownstreamFailed,
    DownstreamTimeout,
    DownstreamUnreachable,
    InvalidRequest,
    NotAuthenticated,
    PayloadTooLarge,
    RateLimited,
    Unavailable,
)
from bff_core.server import (
    PUBLIC,
    ExtraResponse,
    RequestTooSlow,
    access,
    error_responses,
    extra_responses,
    operation_id,
)
from services.gateway.dto import EndSessionQuery, LoginV1, SessionV1
from services.gateway.implementations.identity import IDENTITY_ERRORS
from services.gateway.implementations.origin_policy import CrossSiteRequest
from services.gateway.route_table import SESSION_PATH

_REFUSALS = tuple(error for error in IDENTITY_ERRORS.values() if error.status in {401, 403, 429})
_ENDED = ExtraResponse("204", "There is no session any more")

blueprint = Blueprint("session", __name__)


def _written_otherwise() -> InvalidRequest:
    """Reached only by a path that is the route's after decoding, but not as it is."""
    return InvalidRequest("The path must be written plainly")


@blueprint.post(SESSION_PATH)
@operation_id("openSession")
@access(PUBLIC)
@error_responses(
    InvalidRequest,
    CrossSiteRequest,
    RequestTooSlow,
    PayloadTooLarge,
    RateLimited,
    DownstreamFailed,
    DownstreamUnreachable,
    DownstreamTimeout,
    *_REFUSALS,
)
@document_response(SessionV1)
@document_request(LoginV1, source=DataSource.JSON)
async def open_session() -> Response:
    """Sign in with a cookie in place of tokens."""
    raise _written_otherwise()


@blueprint.get(SESSION_PATH)
@operation_id("getSession")
@access(PUBLIC)
@error_responses(InvalidRequest, NotAuthenticated, CrossSiteRequest, RateLimited, Unavailable)
@document_response(SessionV1)
async def read_session() -> Response:
    """The session of the cookie: who is signed in, and the token for `X-CSRF`."""
    raise _written_otherwise()


@blueprint.delete(SESSION_PATH)
@operation_id("endSession")
@access(PUBLIC)
@error_responses(InvalidRequest, CrossSiteRequest, RateLimited, Unavailable)
@extra_responses(_ENDED)
@document_querystring(EndSessionQuery)
async def end_session() -> Response:
    """Sign out, here and at Identity."""
    raise _written_otherwise()
