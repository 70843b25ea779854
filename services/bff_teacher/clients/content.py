"""The content service: it gives a text to any caller with its id, under any content type."""

from bff_core.client import Credentials, JsonDecoder, ServiceClient, text
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, DownstreamRefused
from bff_core.settings import Operation
from services.bff_teacher.contracts.content import StoredText, is_storage_id
from services.bff_teacher.ports import TextAbsent, TextTooLarge

PLAIN_TEXT = {"Content-Type": "text/plain; charset=utf-8"}


class HttpTexts:
    def __init__(self, content: ServiceClient, *, text_of: Operation, store: Operation) -> None:
        # A text never changes under its id, and the right to it is checked before.
        self._text = content.endpoint(
            "text", text_of, text, credentials=Credentials(), json=False, public=True
        )

        self._store = content.endpoint(
            "store_text", store, JsonDecoder(StoredText), credentials=Credentials()
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

    async def store(self, ctx: RequestContext, text: str) -> str:
        answer = await self._store.request(
            ctx, "POST", ("v1", "content"), body=text.encode(), headers=PLAIN_TEXT
        )
        storage_id: str = answer.value.storage_id
        if not is_storage_id(storage_id):
            raise DownstreamFailed("content", reason="storage_id")
        return storage_id
