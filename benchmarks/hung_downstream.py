"""What a hung downstream costs the screens that do not need it.

`/me` asks Identity at a steady pace while dashboards are asked whose CMS answers, or hangs. Nothing
is cached and no breaker opens: the worst case. Prints medians, p99 and the ratio of p99s.

    python -m benchmarks.hung_downstream [--rounds 3] [--seconds 8]
"""

import argparse
import asyncio
from collections.abc import Iterable

from benchmarks.steady_load import Bench, Tally, keep_pace, open_bench
from bff_core.testing import Reply
from tests.faults.platform_answers import CLASS_INFO, CLASS_PAGE

ME, DASHBOARD = "/v1/teacher/me", "/v1/teacher/dashboard"
ME_RATE, DASHBOARD_RATE = 40.0, 8.0
WORST = {
    f"{service}__{operation}__{time}": "0"
    for service, operation in (
        ("RAS", "USER_LIST"),
        ("CMS", "CLASS_LIST"),
        ("CMS", "CLASS_INFO"),
        ("IDENTITY", "PROFILE"),
    )
    for time in ("FRESH", "REFRESH", "IF_ERROR")
} | {"CMS__REST__MINIMUM_CALLS": "1000000"}


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


def together(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.latencies += tally.latencies
        whole.statuses += tally.statuses
    return whole


async def measure(rounds: int, seconds: float) -> None:
    seen: dict[bool, list[tuple[Tally, Tally]]] = {False: [], True: []}
    async with open_bench(**WORST) as bench:
        await one_round(bench, 2.0, hung=False)
        for _ in range(rounds):
            # In turns, so that both see the same machine.
            for hung in (False, True):
                seen[hung].append(await one_round(bench, seconds, hung=hung))
    me = {hung: together(pair[0] for pair in pairs) for hung, pairs in seen.items()}
    dashboards = {hung: together(pair[1] for pair in pairs) for hung, pairs in seen.items()}
    print(f"/me         all well   {me[False]}")
    print(f"/me         CMS hangs  {me[True]}")
    print(f"/dashboard  all well   {dashboards[False]}")
    print(f"/dashboard  CMS hangs  {dashboards[True]}")
    print(
        f"/me, p99 with the hang over p99 without: {me[True].p99 / me[False].p99:.2f} (aim < 1.1)"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=8.0)
    chosen = options.parse_args()
    asyncio.run(measure(chosen.rounds, chosen.seconds))


if __name__ == "__main__":
    main()
