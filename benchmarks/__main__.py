"""`./dev bench`: ours beside its peers in one run, in turns, and how far apart they are."""

import argparse
import os
import sys
from pathlib import Path

from benchmarks import fan_out, report, scaling
from benchmarks.contestants import prepare_node
from benchmarks.measuring import Effort, Figures, measure
from benchmarks.processes import ROOT, TESTED_CORES, other_cores
from benchmarks.scenarios import SCENARIOS

RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    given = _arguments()
    if not other_cores() - TESTED_CORES or not TESTED_CORES & os.sched_getaffinity(0):
        sys.exit("bench: two cores are needed, one of them for the process under test alone")
    os.sched_setaffinity(0, other_cores())
    effort = Effort(given.rounds, given.seconds)
    if given.what == "scaling":
        scaling.show(effort, RESULTS / "scaling.json", as_markdown=given.markdown)
        return
    if given.what == "streams":
        fan_out.show(RESULTS / "streams.json", as_markdown=given.markdown)
        return
    with_node = prepare_node()
    if not with_node:
        print("bench: node is not installed, its peer is left out", file=sys.stderr)
    measured: dict[str, list[Figures]] = {}
    for scenario in SCENARIOS:
        if given.only and scenario.name not in given.only:
            continue
        print(f"bench: {scenario.name} …", file=sys.stderr)
        measured[scenario.name] = measure(scenario, effort, with_node=with_node)
        report.save(measured, given.json)
    print(report.markdown(measured)) if given.markdown else report.show(measured)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("peers", "scaling", "streams"), default="peers")
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of load, a turn")
    parser.add_argument("--only", action="append", choices=names, help="may be given often")
    parser.add_argument("--markdown", action="store_true", help="tables for the docs")
    parser.add_argument("--json", type=Path, default=RESULTS / "peers.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
