"""Checks the compose files against Compose itself, the image, the settings and the guide."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.compose import rules, settings_rules
from tools.compose.documents import (
    BASE,
    BESIDE_PLATFORM,
    EXAMPLE,
    GUIDE,
    ROOT,
    NotReadable,
    Stack,
    compose,
    image_stages,
    stacks,
)

BESIDE = ("-f", BASE, "-f", BESIDE_PLATFORM)


def findings(root: Path = ROOT) -> Iterator[str]:
    """Yield a line for every fault.

    Raises:
        NotReadable: Compose refuses the files.
    """
    dockerfile = (root / "Dockerfile").read_text("utf-8")
    alone, beside = stacks(dockerfile)
    for stack in (alone, beside):
        yield from (f"{stack.name}: {line}" for line in of_stack(stack))
    known = [settings_rules.settings_of(alone.module(name)) for name in alone.services]
    ours = [settings for settings in known if settings is not None]
    yield from settings_rules.image_names(alone.image_environment, ours)
    for stage in image_stages(dockerfile):
        yield from rules.image(stage)
    yield from rules.base_images(dockerfile)
    yield from settings_rules.emulators(alone, root / "devstack")
    yield from settings_rules.example(alone, (root / EXAMPLE).read_text("utf-8"))
    written = (root / GUIDE).read_text("utf-8")
    for stack in (alone, beside):
        yield from settings_rules.guide(stack, written)


def of_stack(stack: Stack) -> Iterator[str]:
    """Yield the faults of one set of containers."""
    return itertools.chain(
        rules.order(stack),
        rules.confinement(stack),
        rules.ports(stack),
        rules.patience(stack),
        rules.pace(stack),
        rules.storage(stack),
        rules.names(stack),
        settings_rules.both_ways(stack),
        settings_rules.secrets(stack),
    )


def require_readable() -> None:
    """Let Compose read every combination of the files, with the example environment.

    Raises:
        NotReadable: Compose refuses one.
    """
    example = ("--env-file", EXAMPLE)
    combinations: tuple[tuple[str, ...], ...] = (
        example,
        (*example, "--profile", "emulators", "--profile", "kafka"),
        (*BESIDE, *example),
        (*BESIDE, *example, "--profile", "gateway"),
    )
    for options in combinations:
        compose(*options, "config", "--quiet", environ={"COMPOSE_PROFILES": "", "BFF_IMAGE": "bff"})


def main() -> int:
    """Exit code 1 and a line per finding, else 0."""
    try:
        require_readable()
        found = list(findings())
    except NotReadable as error:
        found = [f"Compose refuses the files: {error}"]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
