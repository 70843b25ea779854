"""The commands of `./dev` that start, stop and show the devstack."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from devstack.cli import display
from devstack.cli.logins import email_of, fetch_token, local_url
from devstack.cli.watch import Login, show_stream, stream_address
from devstack.errors import DevstackError
from devstack.faults import client
from devstack.seed.people import PASSWORD
from devstack.supervisor import start
from devstack.supervisor.child import CODE_ROOT
from devstack.supervisor.logs import last_line
from devstack.supervisor.processes import PLAN
from devstack.supervisor.stack import (
    RAS_CACHE_SECONDS,
    SHIPPED_RAS_CACHE_SECONDS,
    Home,
    PlatformOptions,
    RunningStack,
    StackPlan,
)
from devstack.supervisor.state import is_running, read_state, ready_state, stop_running

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="DEVSTACK_HOME", help="Folder for data, logs and keys.")
]
UserArgument = Annotated[
    str, typer.Argument(help="An e-mail, or the beginning of a demo login: anna.")
]
PasswordOption = Annotated[str, typer.Option(help="The password of an account of your own.")]
DEFAULT_HOME = CODE_ROOT / ".devstack"


@app.command()
def up(
    ctx: typer.Context,
    *,
    port_offset: Annotated[int, typer.Option(help="Shift every port by this much.")] = 0,
    detach: Annotated[bool, typer.Option("--detach", help="Return when ready.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the data and seed anew.")] = False,
    ras_essay_endpoint: Annotated[
        bool,
        typer.Option("--ras-essay-endpoint", help="Emulate a RAS with its newer essay route."),
    ] = False,
    cms_class_info: Annotated[
        Literal["shipped", "fixed"],
        typer.Option(help="Let CMS's class-info route fail as it is shipped, or work."),
    ] = "shipped",
    as_shipped: Annotated[
        bool,
        typer.Option("--as-shipped", help="Emulate the platform with its own settings only."),
    ] = False,
    scenario: Annotated[
        bool, typer.Option("--scenario/--no-scenario", help="Move a few batches over time.")
    ] = True,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Start everything and follow the logs until Ctrl-C."""
    if as_shipped and (ras_essay_endpoint or cms_class_info == "fixed"):
        raise DevstackError("--as-shipped goes with no option that changes the platform.")
    platform = PlatformOptions(
        cms_class_info,
        ras_essay_endpoint,
        SHIPPED_RAS_CACHE_SECONDS if as_shipped else RAS_CACHE_SECONDS,
        scenario,
    )
    options = start.StartOptions(Home(home.resolve()), _plan(ctx), port_offset, fresh, platform)
    raise typer.Exit(_up_detached(options) if detach else _up(options))


def _up(options: start.StartOptions) -> int:
    async def show_and_follow(stack: RunningStack) -> None:
        display.show_ready(Console(), stack, options.plan)
        logs = {name: options.home.log(name) for name in options.plan.names()}
        await display.follow_logs(logs, prefixed=True)

    start.run(options, _show_process_ready, show_and_follow)
    typer.echo("Stopped.", err=True)
    return 0


def _up_detached(options: start.StartOptions) -> int:
    def run(report_ready: Callable[[], None]) -> int:
        async def show_and_detach(stack: RunningStack) -> None:
            display.show_ready(Console(), stack, options.plan)
            report_ready()

        try:
            start.run(options, _show_process_ready, show_and_detach)
        except DevstackError as error:
            _show_error(error)
            return 1
        return 0

    return start.run_in_background(run, options.home.log("devstack"))


@app.command()
def down(home: HomeOption = DEFAULT_HOME) -> None:
    """Stop what `up` started."""
    stopped = stop_running(Home(home.resolve()))
    typer.echo("Stopped." if stopped else "Nothing is running.")


@app.command()
def status(ctx: typer.Context, home: HomeOption = DEFAULT_HOME) -> None:
    """Show every process; the exit code is 0 when all are ready."""
    folder = Home(home.resolve())
    state = read_state(folder) if is_running(folder) else None
    if state is None:
        line = last_line(folder.log("devstack"))
        typer.echo(f"Not running.{f' Last time: {line}' if line else ''}")
        raise typer.Exit(1)
    statuses = asyncio.run(display.fetch_statuses(_plan(ctx), state))
    raise typer.Exit(0 if display.show_statuses(Console(), statuses) else 1)


@app.command()
def logs(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A process, as `status` names it.")],
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Print new lines, too.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print the end of one process's log."""
    known = [*_plan(ctx).names(), "seed", "devstack"]
    if name not in known:
        raise DevstackError(f"No process is called {name!r}: there are {', '.join(known)}.")
    log = Home(home.resolve()).log(name)
    display.show_log(log)
    if follow:
        asyncio.run(display.follow_logs({name: log}, prefixed=False))


@app.command()
def token(
    user: UserArgument,
    *,
    password: PasswordOption = PASSWORD,
    url: Annotated[str | None, typer.Option(help="The gateway of a stack in containers.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print an access token, ready for an Authorization header."""
    email = email_of(user)
    if url is None:
        url = local_url(ready_state(Home(home.resolve())).ports["identity"])
    typer.echo(fetch_token(url, email, password))


@app.command()
def watch(
    user: UserArgument,
    *,
    password: PasswordOption = PASSWORD,
    batch_id: Annotated[str | None, typer.Option(help="One batch instead of the list.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Print the snapshot and end.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show a teacher's batches as they move; Ctrl-C ends it."""
    state = ready_state(Home(home.resolve()))
    login = Login(state.ports["identity"], email_of(user), password)
    address = stream_address(state.ports["gateway"], batch_id)
    show_stream(address, login, Console(), once=once)


@app.command()
def fault(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(help=f"{client.USAGE}.")],
    *,
    path: Annotated[str | None, typer.Option(help="Only calls whose path begins so.")] = None,
    share: Annotated[str | None, typer.Option(help="Only this share of calls: 30%.")] = None,
    seed: Annotated[int, typer.Option(help="Another choice of the calls in the share.")] = 0,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make an emulated service fail: latency=2s, error=500, hang, garbage, html, cut, down."""
    given = {"path": path, "share": share}
    options = [f"{name}={value}" for name, value in given.items() if value is not None]

    def find_port(name: str) -> int:
        return ready_state(Home(home.resolve())).ports[name]

    names = _plan(ctx).emulated_names()
    found = client.order_faults(names, find_port, words, options, seed)
    active = {name: faults for name, faults in found.items() if faults}
    for name, faults in active.items():
        typer.echo(f"{name}: {', '.join(faults)}")
    if not active:
        typer.echo("No faults.")


def _plan(ctx: typer.Context) -> StackPlan:
    return ctx.obj if isinstance(ctx.obj, StackPlan) else PLAN


def _show_process_ready(name: str) -> None:
    typer.echo(f"{name} ready")


def _show_error(error: DevstackError) -> None:
    typer.echo(f"devstack: {error}", err=True)


def main(plan: StackPlan = PLAN) -> None:
    try:
        app(obj=plan, prog_name="./dev")
    except DevstackError as error:
        _show_error(error)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
