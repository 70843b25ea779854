"""`./dev watch`: a teacher's batches in the terminal, from the event stream alone."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
import jwt
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from devstack.cli.log_view import printable
from devstack.cli.logins import fetch_token, local_url
from devstack.errors import DevstackError
from devstack.stream_client import (
    AccessToken,
    HttpStreamSource,
    JsonObject,
    SourceError,
    StreamEnded,
    StreamFollower,
    StreamRefused,
    StreamUpdate,
)
from devstack.supervisor.stack import HOST

EVENTS_PATH = "/bff/v1/teacher/events"
MAX_LINE_LENGTH = 400
# Of a response header.
_MAX_HEADER_BYTES = 16 * 1024
_REFUSALS = {
    403: "this person may not see it",
    404: "there is no such batch, or this BFF has no streams",
}
WIDE = 110
"""Columns of a terminal from which there is room for the phase."""
_STYLES = {
    "completed_successfully": "green",
    "completed_with_failures": "yellow",
    "failed": "red",
    "awaiting_review": "magenta",
    "processing": "cyan",
}


@dataclass(slots=True)
class Login:
    """Signs in at the Identity service on `port`."""

    port: int
    email: str
    password: str = field(repr=False)
    _succeeded: bool = field(default=False, repr=False)

    async def fetch(self) -> AccessToken:
        """A new access token.

        Raises:
            DevstackError: The first sign-in failed, or its token cannot be read.
            SourceError: A later sign-in failed; the follower tries again.
        """
        try:
            text = await asyncio.to_thread(
                fetch_token, local_url(self.port), self.email, self.password
            )
            claims = jwt.decode(text, options={"verify_signature": False})
            token = AccessToken(text, float(claims["exp"]))
        except DevstackError as error:
            if self._succeeded:
                raise SourceError(str(error)) from error
            raise
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise DevstackError("The login's access token has no expiry time.") from error
        self._succeeded = True
        return token


def stream_address(gateway_port: int, batch_id: str | None) -> str:
    query = f"?{urlencode({'batch_id': batch_id})}" if batch_id else ""
    return f"http://{HOST}:{gateway_port}{EVENTS_PATH}{query}"


def show_stream(address: str, login: Login, console: Console, *, once: bool) -> None:
    """Show a live table on a terminal, else a line for each event, until Ctrl-C or the snapshot.

    Raises:
        DevstackError: The sign-in or the stream was refused.
    """
    try:
        asyncio.run(watch_stream(address, login, console, once=once))
    except KeyboardInterrupt:
        return
    except StreamRefused as refused:
        reason = _REFUSALS.get(refused.status, "see the logs")
        message = f"The stream was refused with {refused.status}: {reason}."
        raise DevstackError(message) from refused


async def watch_stream(address: str, login: Login, console: Console, *, once: bool) -> None:
    async with aiohttp.ClientSession(max_line_size=_MAX_HEADER_BYTES) as session:
        follower = StreamFollower(HttpStreamSource(session, address), login.fetch)
        if console.is_terminal and not once:
            await _show_live(follower, console)
        else:
            await _show_lines(follower, console, once=once)


async def _show_live(follower: StreamFollower, console: Console) -> None:
    def table(caption: str, changed: object = None) -> Table:
        return batch_table(follower.copy.batches, caption, changed, width=console.width)

    # Drawn on each event only: nothing changes in between.
    with Live(table("connecting"), console=console, auto_refresh=False) as live:
        async with aclosing(follower.follow()) as items:
            async for item in items:
                changed = None if isinstance(item, StreamEnded) else item.data.get("batch_id")
                line = line_of(item, follower.copy.batches)
                live.update(table(line, changed), refresh=True)


async def _show_lines(follower: StreamFollower, console: Console, *, once: bool) -> None:
    async with aclosing(follower.follow()) as items:
        async for item in items:
            if not once:
                console.out(line_of(item, follower.copy.batches), highlight=False)
                console.file.flush()
            elif isinstance(item, StreamEnded):
                raise DevstackError(f"The stream ended before its snapshot: {item.reason}.")
            elif item.event == "snapshot":
                console.print(batch_table(follower.copy.batches, "", width=console.width))
                return


def batch_table(
    batches: Mapping[str, JsonObject], caption: str, changed: object = None, *, width: int
) -> Table:
    """The batches, newest first, with a caption below; the `changed` one is marked."""
    table = Table(
        box=None, padding=(0, 1, 0, 0), expand=True, caption=Text(caption), caption_justify="left"
    )
    table.add_column("", width=1)
    table.add_column("title", no_wrap=True, overflow="ellipsis", ratio=2)
    table.add_column("class", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("status", no_wrap=True)
    if width >= WIDE:
        table.add_column("phase", no_wrap=True, overflow="ellipsis")
    for name in ("done", "failed", "%", "updated"):
        table.add_column(name, no_wrap=True, justify="right")

    def age(pair: tuple[str, JsonObject]) -> tuple[str, str]:
        return str(pair[1].get("created_at", "")), pair[0]

    for batch_id, batch in sorted(batches.items(), key=age, reverse=True):
        is_changed = batch_id == changed
        cells = _cells(batch, with_phase=width >= WIDE)
        table.add_row("*" if is_changed else "", *cells, style="bold" if is_changed else "")
    return table


def _cells(batch: JsonObject, *, with_phase: bool) -> list[Text]:
    done, total = _text(batch, "completed_essays"), _text(batch, "total_essays")
    return [
        Text(_text(batch, "title")),
        Text(_text(batch, "class_name")),
        Text(_text(batch, "status"), _STYLES.get(str(batch.get("status")), "")),
        *([Text(_text(batch, "processing_phase"))] if with_phase else []),
        Text(f"{done}/{total}" if total else done),
        Text(_text(batch, "failed_essays")),
        Text(_text(batch, "progress_percent")),
        # The time of day.
        Text(_text(batch, "last_updated")[11:19]),
    ]


def _text(batch: JsonObject, name: str) -> str:
    value = batch.get(name)
    return "" if value is None else printable(str(value))


def line_of(item: StreamUpdate | StreamEnded, batches: Mapping[str, JsonObject]) -> str:
    """One line for one item, without control characters."""
    if isinstance(item, StreamEnded):
        return f"disconnected: {printable(item.reason)}; next try in {item.pause:.1f} s"
    data = item.data
    words = [item.event]
    if item.event == "snapshot":
        words += [f"version={data.get('version')}", f"batches={len(batches)}"]
    else:
        if (batch_id := data.get("batch_id")) is not None:
            title = batches.get(str(batch_id), {}).get("title")
            words.append(str(batch_id) if title is None else f"{batch_id} ({title})")
        rest = {name: value for name, value in data.items() if name not in {"batch_id", "version"}}
        if rest:
            words.append(json.dumps(rest, ensure_ascii=False))
    line = printable(" ".join(words))
    return line if len(line) <= MAX_LINE_LENGTH else f"{line[:MAX_LINE_LENGTH]}…"
