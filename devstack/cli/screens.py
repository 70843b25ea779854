"""The commands of `./dev` that are about the screens."""

import os
from typing import Annotated

import typer

from devstack.cli.logins import local_url
from devstack.cli.options import DEFAULT_HOME, HomeOption
from devstack.cli.processes import require_known
from devstack.errors import DevstackError
from devstack.screens.build import Checkout, NotBuiltError, install, require_node
from devstack.screens.gallery import FOLDER, PAGE, page_of, read_screens
from devstack.seed.people import ADMIN, PASSWORD, TEACHERS
from devstack.supervisor.child import CODE_ROOT
from devstack.supervisor.stack import HOST, MAX_PORT, Home, is_free
from devstack.supervisor.state import ready_state

VITE_PORTS = range(5173, 5180)
"""Those from which the gateway takes calls in development."""


def web(
    port: Annotated[
        int | None,
        typer.Option(help="Instead of the first free one of 5173.", min=1, max=MAX_PORT),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Serve the screens with hot reload, on the running devstack; Ctrl-C ends it."""
    folder = Home(home)
    gateway = local_url(ready_state(folder).ports["gateway"])
    checkout = Checkout(CODE_ROOT, folder.log("web"))
    try:
        node = require_node()
        install(checkout, node)
    except NotBuiltError as error:
        raise DevstackError(f"The screens cannot be served: {error}.") from error
    own = port or _free_port()
    typer.echo(f"Open http://{HOST}:{own}/ (calls go to {gateway})")
    typer.echo(f"Sign in as {TEACHERS[0].email} or {ADMIN.email} with {PASSWORD}.")
    words = ["--host", HOST, "--port", str(own), "--strictPort", "--clearScreen", "false"]
    environment = {**node.environment(os.environ), "GATEWAY_URL": gateway}
    os.chdir(checkout.web)
    # In place of this process, so that Ctrl-C and the terminal are Vite's.
    os.execve(node.binary, [str(node.binary), str(checkout.vite), *words], environment)  # noqa: S606


def screenshots(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="As web/screenshots.toml has.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Take the pictures of docs/screens.md from the running devstack, all or some."""
    from devstack.screens.pictures import take_pictures  # noqa: PLC0415 - needs Playwright

    state = ready_state(Home(home))
    if not state.has_screens:
        raise DevstackError("This devstack has no screens: start it without --no-web.")
    screens = read_screens(CODE_ROOT)
    require_known("screen", names or [], [screen.name for screen in screens])
    chosen = [screen for screen in screens if not names or screen.name in names]
    for path in take_pictures(local_url(state.ports["gateway"]), chosen, CODE_ROOT / FOLDER):
        typer.echo(f"{path.relative_to(CODE_ROOT)}  {path.stat().st_size / 1024:.0f} KiB")
    (CODE_ROOT / PAGE).write_text(page_of(screens), "utf-8")


def _free_port() -> int:
    found = next((port for port in VITE_PORTS if is_free(port)), None)
    if found is None:
        raise DevstackError(
            "Ports 5173 to 5179 are taken: stop what listens there, or give --port."
        )
    return found
