"""The content service: whoever has an id has the text, under any content type."""

from bff_core.client import Credentials, ServiceClient, text
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, DownstreamRefused
from bff_core.settings import Operation
from services.bff_teacher.protocols import TextAbsent, TextTooLarge


class HttpTexts:
    def __init__(self, content: ServiceClient, *, text_of: Operation) -> None:
        # A text never changes under its id, and who may ask for it is settled before.
        self._text = content.endpoint(
            "text", text_of, text, credentials=Credentials(), json=False, public=True
        )

    async def text(self, ctx: RequestContext, storage_id: str) -> Fetched[str]:
        try:
            return await self._text.get(ctx, ("v1", "content", storage_id))
        except DownstreamFailed as error:
            raise _translated(error) from error


def _translated(error: DownstreamFailed) -> DownstreamFailed:
    if isinstance(error, DownstreamRefused) and error.upstream_status == 404:
        return TextAbsent(error.service, reason=error.reason, upstream_status=404)
    if error.reason == "too_large":
        return TextTooLarge(error.service, reason=error.reason)
    return error
