"""Options that several commands of `./dev` have."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from devstack.supervisor.child import CODE_ROOT

HomeOption = Annotated[
    Path,
    typer.Option(
        "--home", envvar="DEVSTACK_HOME", resolve_path=True, help="Folder for data, logs and keys."
    ),
]
DEFAULT_HOME = CODE_ROOT / ".devstack"
EssayRouteOption = Annotated[
    bool, typer.Option("--ras-essay-endpoint", help="Emulate a RAS with its newer essay route.")
]
ReviewRouteOption = Annotated[
    bool, typer.Option("--cms-validation-status", help="Emulate CMS's route of review states.")
]

ClassInfoOption = Annotated[
    Literal["shipped", "fixed"] | None,
    typer.Option(help="Let CMS's class-info route work (the default), or fail as shipped."),
]
BrokerOption = Annotated[
    bool, typer.Option("--kafka/--no-kafka", help="Publish the platform's events.")
]
ShippedOption = Annotated[
    bool, typer.Option("--as-shipped", help="Emulate the platform with its own settings only.")
]
