"""Effect of a hung downstream on the screens that do not need it.

Requests to `/me` (Identity) run beside dashboards whose CMS responds or hangs. The worst case:
nothing is cached and no breaker opens. Prints latencies by screen over all rounds, and the ratio of
the p99s.

    python -m benchmarks.hung_downstream [--rounds 5] [--seconds 10]
"""

import argparse
import asyncio

from benchmarks.steady_load import LatencyTally, TeacherBench, open_bench, open_load
from bff_core.testing import Reply
from tests.faults.platform_answers import CLASS_INFO, CLASS_PAGE

ME, DASHBOARD = "/v1/teacher/me", "/v1/teacher/dashboard"
ME_RATE, DASHBOARD_RATE = 100.0, 8.0
WORST_CASE = {
    f"{service}__{operation}__{time}": "0"
    for service, operation in (
        ("RAS", "USER_LIST"),
        ("CMS", "CLASS_LIST"),
        ("CMS", "CLASS_INFO"),
        ("IDENTITY", "PROFILE"),
    )
    for time in ("MAX_AGE", "STALE_WHILE_REVALIDATE", "STALE_IF_ERROR")
} | {"CMS__BREAKER__MINIMUM_CALLS": "1000000"}


async def one_round(
    bench: TeacherBench, seconds: float, *, hung: bool
) -> tuple[LatencyTally, LatencyTally]:
    cms = bench.platform.cms
    cms.on("/v1/classes/", Reply(hang=True) if hung else Reply(body=CLASS_PAGE))
    cms.on("/internal/v1/batches/class-info", Reply(hang=True) if hung else Reply(body=CLASS_INFO))
    async with asyncio.TaskGroup() as group:
        me = group.create_task(open_load(lambda n: bench.get(n, ME), rate=ME_RATE, seconds=seconds))
        dashboards = group.create_task(
            open_load(lambda n: bench.get(n, DASHBOARD), rate=DASHBOARD_RATE, seconds=seconds)
        )
    return me.result(), dashboards.result()


def print_screen(name: str, rounds: list[LatencyTally]) -> float:
    """Print all rounds as one; returns the p99."""
    whole = LatencyTally()
    for one in rounds:
        whole.latencies += one.latencies
        whole.statuses += one.statuses
    print(f"{name:<23} {whole}")
    return whole.p99


async def measure(rounds: int, seconds: float) -> None:
    tallies: dict[bool, list[tuple[LatencyTally, LatencyTally]]] = {False: [], True: []}
    async with open_bench(WORST_CASE) as bench:
        await one_round(bench, 2.0, hung=False)
        for _ in range(rounds):
            # Alternating, so that both see the same noise.
            for hung in (False, True):
                tallies[hung].append(await one_round(bench, seconds, hung=hung))
    print_screen("/dashboard, all up", [pair[1] for pair in tallies[False]])
    print_screen("/dashboard, CMS hangs", [pair[1] for pair in tallies[True]])
    up_p99 = print_screen("/me, all up", [pair[0] for pair in tallies[False]])
    hung_p99 = print_screen("/me, CMS hangs", [pair[0] for pair in tallies[True]])
    print(f"/me: p99 with the hang over p99 without: {hung_p99 / up_p99:.2f} (aim < 1.1)")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=10.0)
    chosen = options.parse_args()
    asyncio.run(measure(chosen.rounds, chosen.seconds))


if __name__ == "__main__":
    main()
