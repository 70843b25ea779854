"""The commands of `./dev` that start, stop and show the platform in a box."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from devstack import log_files, logins, start
from devstack.background import run_in_background
from devstack.child import CODE_ROOT
from devstack.fault_orders import USAGE, FaultOrders
from devstack.following import follow, show_last
from devstack.problems import DevstackProblem
from devstack.processes import PLAN
from devstack.stack import Home, Plan
from devstack.state import State, is_running, read_state
from devstack.status import ask_all, show
from devstack.stopping import stop_running
from devstack.watch import Login, show_stream, stream_address

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="DEVSTACK_HOME", help="Folder for data, logs and keys.")
]
DEFAULT_HOME = CODE_ROOT / ".devstack"


@app.command()
def up(
    ctx: typer.Context,
    *,
    port_offset: Annotated[int, typer.Option(help="Shift every port by this much.")] = 0,
    detach: Annotated[bool, typer.Option("--detach", help="Come back when ready.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the data, seed anew.")] = False,
    ras_essay_endpoint: Annotated[
        bool,
        typer.Option("--ras-essay-endpoint", help="Emulate a RAS that has its newer essay route."),
    ] = False,
    scenario: Annotated[
        bool, typer.Option("--scenario/--no-scenario", help="Move a few batches now and then.")
    ] = True,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Start everything and follow the logs until Ctrl-C."""
    place = Home(home.resolve())
    wanted = start.Start(place, _plan(ctx), port_offset, fresh, ras_essay_endpoint, scenario)
    raise typer.Exit(_up_detached(wanted) if detach else _up(wanted))


@app.command()
def down(home: HomeOption = DEFAULT_HOME) -> None:
    """Stop what `up` started."""
    stopped = stop_running(Home(home.resolve()))
    typer.echo("Stopped." if stopped else "Nothing is running.")


@app.command()
def status(ctx: typer.Context, home: HomeOption = DEFAULT_HOME) -> None:
    """Show every process; the exit code is 0 when all are ready."""
    place = Home(home.resolve())
    state = read_state(place) if is_running(place) else None
    if state is None:
        said = log_files.last_line(place.log("devstack"))
        typer.echo(f"Not running.{f' Last time: {said}' if said else ''}")
        raise typer.Exit(1)
    statuses = asyncio.run(ask_all(_plan(ctx), state))
    raise typer.Exit(0 if show(Console(), statuses) else 1)


@app.command()
def logs(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A process, as `status` names it.")],
    *,
    follow_on: Annotated[bool, typer.Option("-f", "--follow", help="Go on.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print the end of one process's log."""
    known = [*_plan(ctx).names(), "seed", "devstack"]
    if name not in known:
        raise DevstackProblem(f"No process is called {name!r}: there are {', '.join(known)}.")
    log = Home(home.resolve()).log(name)
    show_last(log)
    if follow_on:
        asyncio.run(follow({name: log}, prefixed=False))


@app.command()
def token(
    user: Annotated[str, typer.Argument(help="An e-mail, or how a demo login begins: anna.")],
    password: Annotated[str, typer.Option(help="For an account of your own.")] = logins.PASSWORD,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print an access token, ready for an Authorization header."""
    email = logins.email_of(user)
    state = _ready_state(Home(home.resolve()))
    typer.echo(logins.fetch_token(state.ports["identity"], email, password))


@app.command()
def watch(
    user: Annotated[str, typer.Argument(help="An e-mail, or how a demo login begins: anna.")],
    *,
    password: Annotated[str, typer.Option(help="For an account of your own.")] = logins.PASSWORD,
    batch_id: Annotated[str | None, typer.Option(help="One batch instead of the list.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Show what is there and leave.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show a teacher's batches as they move; Ctrl-C ends it."""
    state = _ready_state(Home(home.resolve()))
    login = Login(state.ports["identity"], logins.email_of(user), password)
    address = stream_address(state.ports["gateway"], batch_id)
    show_stream(address, login, Console(), once=once)


@app.command()
def fault(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(help=f"{USAGE}.")],
    *,
    path: Annotated[str | None, typer.Option(help="Only calls whose path begins so.")] = None,
    share: Annotated[str | None, typer.Option(help="Only this share of calls: 30%.")] = None,
    seed: Annotated[int, typer.Option(help="Another choice of the calls in the share.")] = 0,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make an emulated service go wrong: latency=2s, error=500, hang, garbage, html, cut, down."""
    given = {"path": path, "share": share}
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    found = FaultOrders(_plan(ctx), Home(home.resolve())).obey(words, options, seed)
    standing = {name: faults for name, faults in found.items() if faults}
    for name, faults in standing.items():
        typer.echo(f"{name}: {', '.join(faults)}")
    if not standing:
        typer.echo("No faults.")


def _ready_state(home: Home) -> State:
    state = read_state(home) if is_running(home) else None
    if state is None or not state.ready:
        raise DevstackProblem("The devstack is not ready: start it with ./dev up.")
    return state


def _plan(ctx: typer.Context) -> Plan:
    return ctx.obj if isinstance(ctx.obj, Plan) else PLAN


def _up(wanted: start.Start) -> int:
    async def follow_all() -> None:
        logs = {name: wanted.home.log(name) for name in wanted.plan.names()}
        await follow(logs, prefixed=True)

    start.run(wanted, Console(), follow_all)
    typer.echo("Stopped.", err=True)
    return 0


def _up_detached(wanted: start.Start) -> int:
    def run(let_go: Callable[[], None]) -> int:
        async def leave() -> None:
            let_go()

        try:
            start.run(wanted, Console(), leave)
        except DevstackProblem as problem:
            _tell(problem)
            return 1
        return 0

    return run_in_background(run, wanted.home.log("devstack"))


def _tell(problem: DevstackProblem) -> None:
    typer.echo(f"devstack: {problem}", err=True)


def main(plan: Plan = PLAN) -> None:
    try:
        app(obj=plan, prog_name="./dev")
    except DevstackProblem as problem:
        _tell(problem)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
