"""`./dev watch`: a teacher's batches in the terminal, from the event stream and nothing else."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
import jwt
from rich.console import Console
from rich.live import Live

from devstack import logins
from devstack.problems import DevstackProblem
from devstack.stack import HOST
from devstack.stream_client import Ended, Follower, HttpSource, StreamRefused, Token
from devstack.stream_client.source import SourceFailed
from devstack.watch_display import batch_table, line_of

EVENTS_PATH = "/bff/v1/teacher/events"
# One connection; a redirect or a proxy of the person's shell has no part in it.
_MAX_LINE = 16 * 1024


@dataclass(frozen=True, slots=True)
class Login:
    """Whom to sign in as, and where."""

    port: int
    email: str
    password: str = field(repr=False)

    def token(self) -> Token:
        """A fresh access token.

        Raises:
            DevstackProblem: The sign-in was refused, or its token cannot be read.
        """
        text = logins.fetch_token(self.port, self.email, self.password)
        try:
            claims = jwt.decode(text, options={"verify_signature": False})
            return Token(text, float(claims["exp"]))
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise DevstackProblem("The login's access token does not say when it ends.") from error


class _Tokens:
    """The first sign-in is told to the person; a later one that fails is tried again."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._first = True

    async def fetch(self) -> Token:
        try:
            token = await asyncio.to_thread(self._login.token)
        except DevstackProblem as problem:
            if self._first:
                raise
            raise SourceFailed(str(problem)) from problem
        self._first = False
        return token


def stream_address(gateway_port: int, batch_id: str | None) -> str:
    query = f"?{urlencode({'batch_id': batch_id})}" if batch_id else ""
    return f"http://{HOST}:{gateway_port}{EVENTS_PATH}{query}"


def show_stream(address: str, login: Login, console: Console, *, once: bool) -> None:
    """A live table on a terminal, else a line for each event; until Ctrl-C, or the first snapshot.

    Raises:
        DevstackProblem: The sign-in or the stream was refused.
    """
    try:
        asyncio.run(_watch(address, login, console, once=once))
    except KeyboardInterrupt:
        return
    except StreamRefused as refused:
        raise DevstackProblem(
            f"The stream was refused with {refused.status}: {_WHY.get(refused.status, 'see the logs')}."
        ) from refused


async def _watch(address: str, login: Login, console: Console, *, once: bool) -> None:
    async with aiohttp.ClientSession(max_line_size=_MAX_LINE) as session:
        follower = Follower(HttpSource(session, address), _Tokens(login).fetch)
        if once:
            await _show_once(follower, console)
        elif console.is_terminal:
            await _show_live(follower, console)
        else:
            await _show_lines(follower, console)


async def _show_once(follower: Follower, console: Console) -> None:
    async with aclosing(follower.follow()) as items:
        async for item in items:
            if isinstance(item, Ended):
                raise DevstackProblem(f"The stream ended before it told anything: {item.reason}.")
            if item.event == "snapshot":
                console.print(batch_table(follower.copy.batches, ""))
                return


async def _show_live(follower: Follower, console: Console) -> None:
    # Drawn on each event only: nothing changes in between.
    with Live(batch_table({}, "connecting"), console=console, auto_refresh=False) as live:
        async with aclosing(follower.follow()) as items:
            async for item in items:
                said = line_of(item, follower.copy.batches)
                live.update(batch_table(follower.copy.batches, said), refresh=True)


async def _show_lines(follower: Follower, console: Console) -> None:
    async with aclosing(follower.follow()) as items:
        async for item in items:
            console.out(line_of(item, follower.copy.batches), highlight=False)
            console.file.flush()


_WHY = {
    403: "it is not this person's to see",
    404: "there is no such batch, or this BFF has no streams",
}
