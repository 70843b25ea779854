"""`python -m tools.platform_canary --ras URL --cms URL …`: reads only; see docs/platform.md."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tools.platform_canary.asking import Finding, Platform, ask_all
from tools.platform_canary.expectations import State
from tools.platform_canary.report import NOT_ASKED, as_json, as_table, exit_code

SERVICES = ("ras", "cms", "files", "content", "identity", "bos", "entitlements")
WITH_TOKEN = "an admin is signed in"  # noqa: S105 - the name of a state


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tools.platform_canary", description=__doc__)
    for name in SERVICES:
        made.add_argument(f"--{name}", metavar="URL", help=f"base URL of the real {name}")
    made.add_argument("--states", type=Path, metavar="FILE", help="JSON with the ids of each state")
    made.add_argument("--seconds", type=float, default=15.0, help="time for each read")
    made.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return made


def read_states(path: Path | None, environ: Mapping[str, str]) -> dict[str, State]:
    """The ids of each state, and the admin's token of the environment.

    Raises:
        ValueError: The file is not an object of objects.
        OSError: It cannot be read.
    """
    given = json.loads(path.read_text("utf-8")) if path else {}
    if not isinstance(given, dict) or not all(isinstance(ids, dict) for ids in given.values()):
        raise ValueError("the file of states must map each state to its ids")
    states: dict[str, State] = {
        name: {key: str(one) for key, one in ids.items()} for name, ids in given.items()
    }
    if token := environ.get("PLATFORM_CANARY_TOKEN"):
        states[WITH_TOKEN] = {**states.get(WITH_TOKEN, {}), "token": token}
    return states


async def ask(
    urls: Mapping[str, str], states: Mapping[str, State], key: str, seconds: float
) -> list[Finding]:
    async with AsyncExitStack() as stack:
        services = {
            name: await stack.enter_async_context(
                httpx.AsyncClient(base_url=url.rstrip("/"), timeout=seconds, trust_env=False)
            )
            for name, url in urls.items()
        }
        return await ask_all(Platform(services, states, key, seconds))


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    urls = {name: url for name in SERVICES if (url := getattr(given, name))}
    try:
        states = read_states(given.states, os.environ)
    except (OSError, ValueError) as error:
        print(f"platform_canary: {error}", file=sys.stderr)
        return NOT_ASKED
    if not urls:
        print("platform_canary: name at least one service, such as --ras URL", file=sys.stderr)
        return NOT_ASKED
    key = os.environ.get("HULEEDU_INTERNAL_API_KEY", "")
    findings = asyncio.run(ask(urls, states, key, given.seconds))
    print(as_json(findings) if given.json else as_table(findings))
    return exit_code(findings)


if __name__ == "__main__":
    sys.exit(main())
