"""The commands of `./dev` that start, stop and show the devstack."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from devstack.cli import display, screens
from devstack.cli.log_view import LogView
from devstack.cli.logins import email_of, fetch_token, local_url
from devstack.cli.options import (
    DEFAULT_HOME,
    BrokerOption,
    ClassInfoOption,
    EssayRouteOption,
    HomeOption,
    ReviewRouteOption,
    ShippedOption,
)
from devstack.cli.output import PatientOutput, discard_output
from devstack.cli.processes import require_known, restart_processes
from devstack.errors import DevstackError, full_disk
from devstack.faults import client
from devstack.seed.people import PASSWORD
from devstack.supervisor import start
from devstack.supervisor.environment import ignored_variables
from devstack.supervisor.kafka_broker import broker_binary, broker_fault
from devstack.supervisor.logs import last_line
from devstack.supervisor.processes import PLAN
from devstack.supervisor.stack import Home, PlatformOptions, RunningStack, StackPlan
from devstack.supervisor.state import is_running, read_state, ready_state, stop_running

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

UserArgument = Annotated[
    str, typer.Argument(help="An e-mail, or the beginning of a demo login: anna.")
]
PasswordOption = Annotated[str, typer.Option(help="The password of an account of your own.")]


@app.command()
def up(
    ctx: typer.Context,
    *,
    port_offset: Annotated[int, typer.Option(help="Shift every port by this much.")] = 0,
    detach: Annotated[bool, typer.Option("--detach", help="Return when ready.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the data and seed anew.")] = False,
    ras_essay_endpoint: EssayRouteOption = False,
    cms_class_info: ClassInfoOption = None,
    cms_validation_status: ReviewRouteOption = False,
    as_shipped: ShippedOption = False,
    scenario: Annotated[
        bool, typer.Option("--scenario/--no-scenario", help="Move a few batches over time.")
    ] = True,
    reload: Annotated[
        bool, typer.Option("--reload", help="Restart a service of ours when its code changes.")
    ] = False,
    web: Annotated[
        bool, typer.Option("--web/--no-web", help="Build the screens if they have changed.")
    ] = True,
    kafka: BrokerOption = True,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Start everything and follow the logs until Ctrl-C."""
    if as_shipped and (ras_essay_endpoint or cms_validation_status or cms_class_info == "fixed"):
        raise DevstackError("--as-shipped goes with no option that changes the platform.")
    _show_event(*ignored_variables(os.environ))
    platform = PlatformOptions.shipped(scenario=scenario)
    if not as_shipped:
        platform = PlatformOptions(
            cms_class_info or "fixed",
            ras_essay_endpoint,
            scenario=scenario,
            cms_validation_status=cms_validation_status,
        )
    plan = _with_broker(_plan(ctx), broker_binary()) if kafka else _plan(ctx).without("kafka")
    options = start.StartOptions(Home(home), plan, port_offset, fresh, reload, platform, web)
    with contextlib.redirect_stdout(PatientOutput(sys.stdout)):
        raise typer.Exit(_up_detached(options) if detach else _up(options))


def _with_broker(plan: StackPlan, binary: Path | None) -> StackPlan:
    """The plan, without the broker where this machine has none; a line says so."""
    fault = broker_fault(binary) if "kafka" in plan.names() else None
    if fault is None:
        return plan
    _show_event(f"Without the platform's events: {fault}.")
    return plan.without("kafka")


def _up(options: start.StartOptions) -> int:
    names = options.plan.names()

    async def show_and_follow(stack: RunningStack) -> None:
        display.show_ready(stack.ports, options.plan, has_screens=stack.screens is not None)
        await LogView({name: options.home.log(name) for name in names}).follow()

    start.run(options, _show_process_ready, _show_event, show_and_follow)
    _show_event("Stopped.")
    return 0


def _up_detached(options: start.StartOptions) -> int:
    def run(report_ready: Callable[[], None]) -> int:
        async def show_and_detach(stack: RunningStack) -> None:
            display.show_ready(stack.ports, options.plan, has_screens=stack.screens is not None)
            report_ready()

        try:
            start.run(options, _show_process_ready, _show_event, show_and_detach)
        except DevstackError as error:
            _show_event(f"devstack: {error}")
            return 1
        return 0

    return start.run_in_background(run, options.home.log("devstack"))


@app.command()
def down(home: HomeOption = DEFAULT_HOME) -> None:
    """Stop what `up` started."""
    stopped = stop_running(Home(home))
    typer.echo("Stopped." if stopped else "Nothing is running.")


@app.command()
def status(ctx: typer.Context, home: HomeOption = DEFAULT_HOME) -> None:
    """Show every process; the exit code is 0 when all are ready."""
    folder = Home(home)
    state = read_state(folder) if is_running(folder) else None
    if state is None:
        line = last_line(folder.log("devstack"))
        typer.echo(f"Not running.{f' Last time: {line}' if line else ''}")
        raise typer.Exit(1)
    plan = _plan(ctx).limited_to(state.ports)
    all_ready = asyncio.run(display.show_statuses(plan, state, folder))
    full = full_disk(folder.path)
    if full:
        typer.echo(f"{full}: free some space; a service that cannot write fails.")
    raise typer.Exit(0 if all_ready and not full else 1)


@app.command()
def info(ctx: typer.Context, home: HomeOption = DEFAULT_HOME) -> None:
    """Print the addresses, the logins and the first call again."""
    state = ready_state(Home(home))
    plan = _plan(ctx).limited_to(state.ports)
    display.show_ready(state.ports, plan, has_screens=state.has_screens)


@app.command()
def restart(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="As `status` names them.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Restart processes, also one that has crashed; the others live on."""
    folder = Home(home)
    state = read_state(folder)
    plan = _plan(ctx).limited_to(state.ports) if state else _plan(ctx)
    require_known("process", names, plan.names())
    restart_processes(folder, names)
    typer.echo(f"Restarted: {', '.join(names)}.")


@app.command()
def logs(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="As `status` names them.")
    ] = None,
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Print new lines, too.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="Last lines of each.")] = 200,
    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        typer.Option(help="Leave out the lines below this level."),
    ] = "debug",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print the end of one log, of several, or of all."""
    known = [*_plan(ctx).names(), "web", "seed", "devstack"]
    require_known("process", names or [], known)
    folder = Home(home)
    view = LogView({name: folder.log(name) for name in names or known}, level=level)
    view.show_end(lines)
    if follow:
        asyncio.run(view.follow())


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
        url = local_url(ready_state(Home(home)).ports["identity"])
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
    from devstack.cli import watch as live  # noqa: PLC0415 - an HTTP client, for this one only

    ports = ready_state(Home(home)).ports
    login = live.Login(ports["identity"], email_of(user), password)
    live.show_stream(live.stream_address(ports["gateway"], batch_id), login, Console(), once=once)


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
        return ready_state(Home(home)).ports[name]

    names = _plan(ctx).emulated_names()
    found = client.order_faults(names, find_port, words, options, seed)
    active = {name: faults for name, faults in found.items() if faults}
    for name, faults in active.items():
        typer.echo(f"{name}: {', '.join(faults)}")
    if not active:
        typer.echo("No faults.")


app.command()(screens.web)
app.command()(screens.screenshots)


def _plan(ctx: typer.Context) -> StackPlan:
    return ctx.obj if isinstance(ctx.obj, StackPlan) else PLAN


def _show_process_ready(name: str) -> None:
    typer.echo(f"{name} ready")


def _show_event(*lines: str) -> None:
    # The terminal may be closed.
    with contextlib.suppress(OSError):
        for line in lines:
            typer.echo(line, err=True)


def main(plan: StackPlan = PLAN) -> None:
    try:
        app(obj=plan, prog_name="./dev")
    except DevstackError as error:
        _show_event(f"devstack: {error}")
        sys.exit(1)
    except BrokenPipeError:
        discard_output(sys.stdout)
        sys.exit(1)
