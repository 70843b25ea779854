"""Responses that a browser saves as a CSV file."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from bff_core.server import ExtraResponse, extra_responses
from services.bff_teacher.screens.batch_results import ResultsFile
from services.bff_teacher.screens.failure_texts import language_headers

View = Callable[..., Awaitable[ResultsFile]]
Answer = tuple[bytes, int, dict[str, str]]

_EXAMPLE = (
    "\ufeffRank,Last name,First name,Match,File,Score,Spelling corrections,Remarks,Essay\r\n"
    "1,Lindqvist,Maja,suggested,Maja_Lindqvist_sv1-krönika.docx,0.9500,7,,"
    "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01\r\n"
)
_DOCUMENTED = ExtraResponse(
    "200",
    "A line an essay, in UTF-8 with a byte order mark; separated by `;` with decimal commas in"
    " Swedish, else by `,`",
    {"text/csv": {"type": "string", "examples": [_EXAMPLE]}},
    headers=("Content-Disposition", "Content-Language"),
)


def returns_csv(view: View) -> Callable[..., Awaitable[Answer]]:
    """Send the file that the view returns, as an attachment."""

    @extra_responses(_DOCUMENTED)
    @wraps(view)
    async def written(*args: Any, **kwargs: Any) -> Answer:
        file = await view(*args, **kwargs)
        headers = {
            "Content-Type": "text/csv; charset=utf-8; header=present",
            "Content-Disposition": disposition(file),
            # It holds names of pupils.
            "Cache-Control": "private, no-store",
            **language_headers(file.language),
        }
        return file.content, 200, headers

    return written


def disposition(file: ResultsFile) -> str:
    """RFC 6266: a name in ASCII for old clients, and the real one, encoded."""
    encoded = quote(file.name, safe="")
    return f"attachment; filename=\"results-{file.code}.csv\"; filename*=UTF-8''{encoded}"
