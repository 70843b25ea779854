"""What a hung downstream costs the screens that do not need it.

`/me` asks Identity at a steady pace while dashboards are asked whose CMS answers, or hangs. Nothing
is cached and no breaker opens: the worst case. Prints each screen's latencies over all rounds, and
the ratio of the p99s.

    python -m benchmarks.hung_downstream [--rounds 5] [--seconds 10]
"""

import argparse
import asyncio

from benchmarks.steady_load import Bench, Tally, keep_pace, open_bench
from bff_core.testing import Reply
from tests.faults.platform_answers import CLASS_INFO, CLASS_PAGE

ME, DASHBOARD = "/v1/teacher/me", "/v1/teacher/dashboard"
ME_RATE, DASHBOARD_RATE = 100.0, 8.0
WORST = {
    f"{service}__{operation}__{time}": "0"
    for service, operation in (
        ("RAS", "USER_LIST"),
        ("CMS", "CLASS_LIST"),
        ("CMS", "CLASS_INFO"),
        ("IDENTITY", "PROFILE"),
    )
    for time in ("MAX_AGE", "STALE_WHILE_REVALIDATE", "STALE_IF_ERROR")
} | {"CMS__BREAKER__MINIMUM_CALLS": "1000000"}


async def one_round(bench: Bench, seconds: float, *, hung: bool) -> tuple[Tally, Tally]:
    cms = bench.platform.cms
    cms.on("/v1/classes/", Reply(hang=True) if hung else Reply(body=CLASS_PAGE))
    cms.on("/internal/v1/batches/class-info", Reply(hang=True) if hung else Reply(body=CLASS_INFO))
    async with asyncio.TaskGroup() as group:
        me = group.create_task(keep_pace(lambda n: bench.ask(n, ME), rate=ME_RATE, seconds=seconds))
        dashboards = group.create_task(
            keep_pace(lambda n: bench.ask(n, DASHBOARD), rate=DASHBOARD_RATE, seconds=seconds)
        )
    return me.result(), dashboards.result()


def told(name: str, rounds: list[Tally]) -> float:
    """Print all the rounds as one and return the p99."""
    whole = Tally()
    for one in rounds:
        whole.latencies += one.latencies
        whole.statuses += one.statuses
    print(f"{name:<23} {whole}")
    return whole.p99


async def measure(rounds: int, seconds: float) -> None:
    seen: dict[bool, list[tuple[Tally, Tally]]] = {False: [], True: []}
    async with open_bench(**WORST) as bench:
        await one_round(bench, 2.0, hung=False)
        for _ in range(rounds):
            # In turns, so that both see the same machine.
            for hung in (False, True):
                seen[hung].append(await one_round(bench, seconds, hung=hung))
    told("/dashboard, all well", [pair[1] for pair in seen[False]])
    told("/dashboard, CMS hangs", [pair[1] for pair in seen[True]])
    well = told("/me, all well", [pair[0] for pair in seen[False]])
    hung_p99 = told("/me, CMS hangs", [pair[0] for pair in seen[True]])
    print(f"/me: p99 with the hang over p99 without: {hung_p99 / well:.2f} (aim < 1.1)")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=10.0)
    chosen = options.parse_args()
    asyncio.run(measure(chosen.rounds, chosen.seconds))


if __name__ == "__main__":
    main()
