"""The content service: it gives a text to any caller with its id, under any content type."""

from bff_core.client import Credentials, ServiceClient, text
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, DownstreamRefused
from bff_core.settings import Operation
from services.bff_teacher.ports import TextAbsent, TextTooLarge


class HttpTexts:
    def __init__(self, content: ServiceClient, *, text_of: Operation) -> None:
        # A text never changes under its id, and the right to it is checked before.
        self._text = content.endpoint(
            "text", text_of, text, credentials=Credentials(), json=False, public=True
        )

    async def text(self, ctx: RequestContext, storage_id: str) -> Fetched[str]:
        try:
            return await self._text.get(ctx, ("v1", "content", storage_id))
        except DownstreamFailed as error:
            if isinstance(error, DownstreamRefused) and error.upstream_status == 404:
                raise TextAbsent(error.service, reason=error.reason, upstream_status=404) from error
            if error.reason == "too_large":
                raise TextTooLarge(error.service, reason=error.reason) from error
            raise
