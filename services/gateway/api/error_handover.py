"""Hands errors of the layers below Quart to the app, whose error handlers write the envelope."""

import asyncio
from collections.abc import Awaitable

from bff_core.errors import BffError, UpstreamAborted
from bff_core.server import AsgiApp, Message, Scope, Send, request_state
from services.gateway.api.body_reader import ClientDisconnected
from services.gateway.api.header_policy import REJECTION


async def answer_with(handling: Awaitable[None], app: AsgiApp, scope: Scope, send: Send) -> None:
    """Await what answers the request; its error is answered by the app, unless an answer began."""
    try:
        await handling
    except ClientDisconnected:
        return
    except UpstreamAborted:
        raise
    except Exception as error:
        if not request_state(scope).status:
            scope[REJECTION] = error
            await app(scope, _receive_nothing, send)
        elif not isinstance(error, BffError):
            raise


async def _receive_nothing() -> Message:
    """Stands in for `receive` when the app only answers: the body is read already, or unwanted."""
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}
